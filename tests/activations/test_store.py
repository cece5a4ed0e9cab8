"""The store: what was put comes back, from one process or several, killed ones and damaged files included."""

import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from unfreeze.activations import store as store_module
from unfreeze.activations.engines import Floats
from unfreeze.activations.store import ActivationStore, activation_key, pack, unpack
from unfreeze.errors import RunError

WRITER = """
import sys
from pathlib import Path
import numpy as np
from unfreeze.activations.store import ActivationStore
folder, name, transactions, size = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
with ActivationStore(folder) as store:
    for number in range(transactions):
        keys = [f"{name}-{number:06d}-{part}".encode() for part in range(4)]
        store.put({key: np.full(size, number, np.float32) for key in keys})
        print(number, flush=True)
"""


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def start_writer(folder: Path, name: str, transactions: int, size: int) -> subprocess.Popen[str]:
    """A process that is about to write; it begins at a line on its standard input."""
    command = [sys.executable, "-c", WRITER, str(folder), name, str(transactions), str(size)]
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def begin(writer: subprocess.Popen[str]) -> None:
    assert writer.stdin is not None
    writer.stdin.write("\n")
    writer.stdin.flush()


def floats(*values: float) -> Floats:
    return np.array(values, np.float32)


def put_and_close(folder: Path, count: int, size: int = 1000) -> Path:
    with ActivationStore(folder) as store:
        for number in range(count):
            store.put({key(number): np.full(size, number, np.float32)})
    return store.path


@given(arrays.arrays(np.float32, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)))
def test_an_array_is_unpacked_as_it_was_packed(array: Floats) -> None:
    found = unpack(pack(array))
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()


def test_what_was_put_comes_back_after_closing(tmp_path: Path) -> None:
    expected = {key(1): np.arange(6, dtype=np.float32).reshape(1, 2, 3), key(2): floats(np.nan, -0.0, np.inf)}
    with ActivationStore(tmp_path) as store:
        store.put(expected)
    with ActivationStore(tmp_path) as store:
        found = store.get([key(2), key(3), key(1), key(2)])
    assert set(found) == {key(1), key(2)}
    assert all(np.array_equal(found[k], expected[k], equal_nan=True) for k in expected)


def test_a_view_that_is_not_contiguous_is_stored_by_value(tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3).T
    with ActivationStore(tmp_path) as store:
        store.put({key(1): array})
        assert store.get([key(1)])[key(1)].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_nothing_is_found_in_an_empty_store_nor_for_no_keys(tmp_path: Path) -> None:
    with ActivationStore(tmp_path) as store:
        assert store.get([key(1)]) == {}
        store.put({})
        assert store.get([]) == {}


def test_more_keys_than_one_query_takes_are_all_found(tmp_path: Path) -> None:
    count = 2 * store_module.KEYS_PER_QUERY + 1
    with ActivationStore(tmp_path) as store:
        store.put({key(number): floats(number) for number in range(count)})
        found = store.get([key(number) for number in range(count)])
    assert [float(found[key(number)][0]) for number in range(count)] == list(range(count))


def test_two_connections_see_each_others_arrays(tmp_path: Path) -> None:
    with ActivationStore(tmp_path) as first, ActivationStore(tmp_path) as second:
        first.put({key(1): floats(1)})
        second.put({key(2): floats(2), key(1): floats(1)})
        assert set(first.get([key(1), key(2)])) == set(second.get([key(1), key(2)])) == {key(1), key(2)}


def test_two_processes_write_at_a_time(tmp_path: Path) -> None:
    writers = [start_writer(tmp_path, name, 50, 100) for name in "ab"]
    for writer in writers:
        begin(writer)
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0]
    keys = [f"{name}-{number:06d}-{part}".encode() for name in "ab" for number in range(50) for part in range(4)]
    with ActivationStore(tmp_path) as store:
        found = store.get(keys)
    assert [found[k][-1] for k in keys] == [number for _ in "ab" for number in range(50) for _ in range(4)]


def test_a_killed_writer_leaves_whole_transactions_and_all_that_it_had_finished(tmp_path: Path) -> None:
    for kill in range(3):
        writer = start_writer(tmp_path, f"run{kill}", 10**6, 100_000)
        begin(writer)
        assert writer.stdout is not None
        for _ in range(3 + 2 * kill):
            finished = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        with ActivationStore(tmp_path) as store:
            keys = [[f"run{kill}-{number:06d}-{part}".encode() for part in range(4)] for number in range(100)]
            counts = [len(store.get(transaction)) for transaction in keys]
            assert set(counts) <= {0, 4}
            assert set(counts[: finished + 1]) == {4}
            assert counts[-1] == 0


@pytest.mark.parametrize("content", [b"not a database at all " * 300, b"SQLite format 3\0" + b"\1" * 5000])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(tmp_path: Path, content: bytes) -> None:
    path = put_and_close(tmp_path, 3)
    path.write_bytes(content)
    with ActivationStore(tmp_path) as store:
        assert store.get([key(0)]) == {}
        store.put({key(7): floats(7)})
        assert set(store.get([key(7)])) == {key(7)}
    assert path.with_name("activations-1.damaged").read_bytes() == content


@pytest.mark.parametrize("first", ["get", "put"])
def test_damage_that_shows_only_later_is_set_aside_then(tmp_path: Path, first: str) -> None:
    path = put_and_close(tmp_path, 100)
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))  # the first page, with the table's outline, is whole
    with ActivationStore(tmp_path) as store:
        if first == "get":
            assert store.get([key(number) for number in range(100)]) == {}
        store.put({key(200): floats(2)})
        assert set(store.get([key(0), key(200)])) == {key(200)}
    assert path.with_name("activations-1.damaged").exists()


def test_the_log_of_a_damaged_file_that_is_in_use_does_not_reach_the_new_one(tmp_path: Path) -> None:
    path = put_and_close(tmp_path, 20)
    with ActivationStore(tmp_path) as other:
        other.put({key(100): floats(1)})
        assert path.with_name(f"{path.name}-wal").stat().st_size > 0
        path.write_bytes(b"x" * path.stat().st_size)
        with ActivationStore(tmp_path) as store:
            assert store.get([key(100), key(0)]) == {}
            store.put({key(1): floats(1)})
    with ActivationStore(tmp_path) as store:
        assert set(store.get([key(number) for number in range(101)])) == {key(1)}


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(RunError, match=r"activations cannot be stored .*; free some space, or name") as caught:
        ActivationStore(tmp_path / "folder")
    assert caught.value.subject == str(tmp_path / "folder" / "activations-1.sqlite")


def test_a_full_disk_is_a_run_error_and_leaves_no_part_of_a_transaction(tmp_path: Path) -> None:
    with ActivationStore(tmp_path) as store:
        store.put({key(0): np.zeros(10, np.float32)})
        store._database.execute("PRAGMA max_page_count = 20")
        with pytest.raises(RunError, match=r"cannot be stored \(database or disk is full\); free some space"):
            store.put({key(number): np.zeros(5000, np.float32) for number in range(1, 9)})
        assert set(store.get([key(number) for number in range(9)])) == {key(0)}
        store.put({key(9): np.zeros(10, np.float32)})
        assert set(store.get([key(9)])) == {key(9)}


def hold_lock(folder: Path) -> sqlite3.Connection:
    """Locks a store's file as another process does that switches to a write-ahead log at this moment."""
    other = sqlite3.connect(folder / "activations-1.sqlite", check_same_thread=False, isolation_level=None)
    other.execute("CREATE TABLE activation (key BLOB PRIMARY KEY, value BLOB NOT NULL)")
    other.execute("BEGIN IMMEDIATE")  # SQLite's own timeout does not wait for this one
    return other


def test_opening_waits_for_another_process_that_opens(tmp_path: Path) -> None:
    other = hold_lock(tmp_path)
    release = threading.Timer(0.3, other.rollback)
    release.start()
    with ActivationStore(tmp_path) as store:
        store.put({key(1): floats(1)})
    release.join()
    other.close()


def test_opening_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "WAIT_SECONDS", 0.1)
    other = hold_lock(tmp_path)
    with pytest.raises(RunError, match="database is locked"):
        ActivationStore(tmp_path)
    other.close()


def test_the_key_depends_on_each_of_its_parts() -> None:
    parts = [("a", "b", "c"), ("A", "b", "c"), ("a", "B", "c"), ("a", "b", "C"), ("a", "c", "b"), ("a\nb", "c", "")]
    keys = {activation_key(*three) for three in parts}
    assert len(keys) == len(parts)
    assert {len(k) for k in keys} == {16}
    assert activation_key("a", "b", "c") in keys


def test_a_closed_store_is_no_damaged_one(tmp_path: Path) -> None:
    path = put_and_close(tmp_path, 1)
    store = ActivationStore(tmp_path)
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        store.get([key(0)])
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
