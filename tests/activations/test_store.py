"""The store: what was put comes back, from one process or several, killed ones and damaged files included."""

import contextlib
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

from unfreeze import database as database_module
from unfreeze.activations import store as store_module
from unfreeze.activations.database import begin_anew
from unfreeze.activations.engines import Floats
from unfreeze.activations.rounding import as_stored
from unfreeze.activations.store import ActivationStore, StoreUsage, activation_key, pack, unpack
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
    assert found.tobytes() == as_stored(array).tobytes()
    with np.errstate(over="ignore", under="ignore"):
        narrow = array.astype(np.float16).astype(np.float32)
    lost = np.isfinite(array) & ~np.isfinite(narrow)
    np.testing.assert_array_equal(found, array if lost.any() else narrow)


def test_only_an_array_that_float16_cannot_hold_is_stored_as_float32() -> None:
    third = float(np.float32(1 / 3))
    assert as_stored(floats(third, 65504)).tolist() == [float(np.float16(third)), 65504]
    assert as_stored(floats(third, np.inf, np.nan))[0] == np.float16(third)
    assert as_stored(floats(third, -65520)).tolist() == [third, -65520]
    assert as_stored(floats(third, 1e6, np.inf)).tolist() == [third, 1e6, np.inf]
    assert (len(pack(np.ones(100, np.float32))), len(pack(np.full(100, 1e6, np.float32)))) == (206, 406)


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
            found = [store.get(transaction) for transaction in keys]
            counts = [len(arrays) for arrays in found]
            for number, arrays_of_one in enumerate(found):
                assert all(array.tolist() == [number] * 100_000 for array in arrays_of_one.values())
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
    assert path.with_name("activations-2.damaged").read_bytes() == content


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
    assert path.with_name("activations-2.damaged").exists()


def test_damage_that_the_count_meets_is_set_aside(tmp_path: Path) -> None:
    path = put_and_close(tmp_path, 100)
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    with ActivationStore(tmp_path) as store:
        assert store.usage().entries == 0
        store.put({key(1): floats(1)})
        assert store.usage().entries == 1


def test_what_another_process_has_mended_is_not_set_aside(tmp_path: Path) -> None:
    path = put_and_close(tmp_path, 3)
    begin_anew(path).close()
    with ActivationStore(tmp_path) as store:
        assert store.usage().entries == 3
    assert not path.with_name("activations-2.damaged").exists()


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
    assert caught.value.subject == str(tmp_path / "folder" / "activations-2.sqlite")


def test_a_full_disk_is_a_run_error_and_leaves_no_part_of_a_transaction(tmp_path: Path) -> None:
    with ActivationStore(tmp_path) as store:
        store.put({key(0): np.zeros(10, np.float32)})
        store._database.execute("PRAGMA max_page_count = 12")
        with pytest.raises(RunError, match=r"cannot be stored \(database or disk is full\); free some space"):
            store.put({key(number): np.zeros(5000, np.float32) for number in range(1, 9)})
        assert set(store.get([key(number) for number in range(9)])) == {key(0)}
        store.put({key(9): np.zeros(10, np.float32)})
        assert set(store.get([key(9)])) == {key(9)}


def file_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("activations-2.sqlite*"))


def age(folder: Path, seconds: int, numbers: range) -> None:
    """Makes arrays look as if they were used longer ago."""
    with contextlib.closing(sqlite3.connect(folder / "activations-2.sqlite")) as other, other:
        other.executemany(
            "UPDATE entry SET used = used - ? WHERE key = ?", [(seconds, key(number)) for number in numbers]
        )


def times(folder: Path) -> dict[bytes, int]:
    with contextlib.closing(sqlite3.connect(folder / "activations-2.sqlite")) as other:
        return dict(other.execute("SELECT key, used FROM entry"))


def test_has_tells_what_is_there_without_reading(tmp_path: Path) -> None:
    count = store_module.KEYS_PER_QUERY + 1
    with ActivationStore(tmp_path) as store:
        store.put({key(number): floats(number) for number in range(0, count, 2)})
        store._database.execute("UPDATE value SET data = x''")  # nothing that could be unpacked
        assert store.has([key(number) for number in range(count)]) == {key(number) for number in range(0, count, 2)}
        assert store.has([]) == set()


def test_an_array_that_is_there_is_not_written_twice(tmp_path: Path) -> None:
    with ActivationStore(tmp_path) as first, ActivationStore(tmp_path) as second:
        first.put({key(1): floats(1)})
        second.put({key(1): floats(2), key(2): floats(2)})
        assert first.get([key(1)])[key(1)].tolist() == [1]
        assert first.usage().entries == 2


def test_a_call_from_another_thread_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    refused: list[str] = []

    def call(store: ActivationStore) -> None:
        for work in (lambda: store.get([key(1)]), lambda: store.put({key(1): floats(2)})):
            try:
                work()
            except sqlite3.ProgrammingError as error:
                refused.append(str(error))

    with ActivationStore(tmp_path) as store:
        store.put({key(1): floats(1)})
        thread = threading.Thread(target=call, args=(store,))
        thread.start()
        thread.join()
        assert store.get([key(1)])[key(1)].tolist() == [1]
    assert len(refused) == 2
    assert "can only be used in that same thread" in refused[0]


def test_the_file_of_the_first_schema_is_removed(tmp_path: Path) -> None:
    for name in ("activations-1.sqlite", "activations-1.sqlite-wal", "activations-1.damaged", "activations-11.sqlite"):
        (tmp_path / name).write_text("old")
    ActivationStore(tmp_path).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["activations-11.sqlite", "activations-2.sqlite"]


def test_a_use_is_written_down_once_an_hour(tmp_path: Path) -> None:
    put_and_close(tmp_path, 3)
    before = times(tmp_path)
    age(tmp_path, 3000, range(1))
    age(tmp_path, 4000, range(1, 3))
    with ActivationStore(tmp_path) as store:
        store.get([key(0), key(1)])
        changes = store._database.total_changes
        store.get([key(0), key(1)])
        assert store._database.total_changes == changes == 1
        assert store.usage() == StoreUsage(entries=3, oldest=times(tmp_path)[key(2)], latest=times(tmp_path)[key(1)])
    after = times(tmp_path)
    assert after[key(0)] == before[key(0)] - 3000
    assert after[key(1)] >= before[key(1)]
    assert after[key(2)] == before[key(2)] - 4000


def test_a_use_that_cannot_be_written_down_does_not_stop_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_and_close(tmp_path, 1)
    age(tmp_path, 4000, range(1))
    monkeypatch.setattr(database_module, "WAIT_SECONDS", 0.1)
    with ActivationStore(tmp_path) as store, contextlib.closing(sqlite3.connect(store.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert set(store.get([key(0)])) == {key(0)}


BIG = 8000
"""Values of an array that takes a page of its own."""


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    put_and_close(tmp_path, 40, BIG)
    age(tmp_path, 50_000, range(40))
    age(tmp_path, 90_000, range(10, 20))
    with ActivationStore(tmp_path, limit_bytes=40 * database_module.PAGE_BYTES) as store:
        store.get([key(15), key(39)])
        store.put({key(100): np.zeros(BIG, np.float32)})
        left = store.has([key(number) for number in range(101)])
        gone = [number for number in range(40) if key(number) not in left]
        assert set(range(10, 20)) - {15} <= set(gone)  # used longest ago, but for one that was read here
        assert 15 not in gone
        assert set(gone) <= set(range(20))  # of the same age, the first ones
        assert key(100) in left
        content = database_module.content_bytes(store._database)
        assert 34 * database_module.PAGE_BYTES < content <= 36 * database_module.PAGE_BYTES


def test_a_store_never_removes_what_it_has_found_or_put_itself(tmp_path: Path) -> None:
    put_and_close(tmp_path, 10, BIG)
    age(tmp_path, 50_000, range(10))
    with ActivationStore(tmp_path, limit_bytes=4 * database_module.PAGE_BYTES) as store:
        store.get([key(0)])
        store.has([key(1)])
        for number in range(10, 30):
            store.put({key(number): np.zeros(BIG, np.float32)})
        expected = {key(number) for number in (0, 1, *range(10, 30))}
        assert store.has([key(number) for number in range(30)]) == expected
    with ActivationStore(tmp_path, limit_bytes=4 * database_module.PAGE_BYTES) as store:
        store.put({key(50): np.zeros(BIG, np.float32)})
        assert store.has([key(number) for number in range(60)]) == {key(50)}


def test_freed_pages_are_used_again_and_those_above_a_lower_limit_given_back(tmp_path: Path) -> None:
    page = database_module.PAGE_BYTES
    for start in range(0, 200, 10):
        with ActivationStore(tmp_path, limit_bytes=60 * page) as store:
            for number in range(start, start + 10):
                store.put({key(number): np.zeros(BIG, np.float32)})
        age(tmp_path, 100, range(200))
    assert 50 * page < file_bytes(tmp_path) <= 70 * page  # never more than one store's own above the limit
    with ActivationStore(tmp_path, limit_bytes=20 * page) as store:
        store.put({key(999): np.zeros(BIG, np.float32)})
        assert 10 < store.usage().entries < 18
    assert file_bytes(tmp_path) <= 20 * page


def test_without_a_limit_nothing_goes(tmp_path: Path) -> None:
    put_and_close(tmp_path, 30, BIG)
    with ActivationStore(tmp_path) as store:
        store.put({key(40): floats(1)})
        assert store.usage().entries == 31


def test_clearing_gives_the_space_back_while_another_store_goes_on(tmp_path: Path) -> None:
    put_and_close(tmp_path, 100, BIG)
    with ActivationStore(tmp_path) as other:
        other.get([key(1)])
        with ActivationStore(tmp_path) as store:
            store.clear()
            assert store.usage() == StoreUsage(entries=0, oldest=None, latest=None)
        assert file_bytes(tmp_path) < 10 * database_module.PAGE_BYTES
        assert other.get([key(1)]) == {}
        other.put({key(1): floats(1)})
    with ActivationStore(tmp_path) as store:
        assert store.get([key(number) for number in range(100)])[key(1)].tolist() == [1]


MIXED = """
import sys
from pathlib import Path
import numpy as np
from unfreeze.activations.store import ActivationStore
folder, shift, limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) or None
print("ready", flush=True)
sys.stdin.readline()
with ActivationStore(folder, limit_bytes=limit) as store:
    for number in range(60):  # both write 0..59, in other orders, and read all that either has written
        part = (number + shift) % 60
        store.put({part.to_bytes(16, "big"): np.full(8000, part, np.float32)})
        found = store.get([one.to_bytes(16, "big") for one in range(60)])
        for key, array in found.items():
            assert (array == int.from_bytes(key, "big")).all()
        if not limit:
            assert all(((one + shift) % 60).to_bytes(16, "big") in found for one in range(number + 1))
"""


@pytest.mark.parametrize("limit", [0, 500_000])
def test_two_processes_read_and_write_the_same_keys(tmp_path: Path, limit: int) -> None:
    commands = [[sys.executable, "-c", MIXED, str(tmp_path), shift, str(limit)] for shift in ("0", "30")]
    workers = [subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for c in commands]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        begin(worker)
    for worker in workers:
        worker.communicate()
    assert [worker.returncode for worker in workers] == [0, 0]
    with ActivationStore(tmp_path) as store:
        keys = store.has([key(number) for number in range(60)])
        assert (len(keys) == 60) if not limit else (0 < len(keys) <= 60)
        assert store._database.execute("SELECT count(*) FROM value").fetchone()[0] == store.usage().entries == len(keys)
        assert store._database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def hold_lock(folder: Path) -> sqlite3.Connection:
    """Locks a store's file as another process does that switches to a write-ahead log at this moment."""
    other = sqlite3.connect(folder / "activations-2.sqlite", check_same_thread=False, isolation_level=None)
    other.execute("CREATE TABLE something (number INTEGER)")
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
    monkeypatch.setattr(database_module, "WAIT_SECONDS", 0.1)
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
