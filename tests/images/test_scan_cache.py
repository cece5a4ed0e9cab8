"""What scans have read is found again as long as a file is as it was, and never stands in a scan's way."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from unfreeze.activations.inventory import clear
from unfreeze.cache import Part
from unfreeze.database import PAGE_BYTES, content_bytes
from unfreeze.errors import RunError
from unfreeze.images import scan_cache as scan_cache_module
from unfreeze.images.scan_cache import ScanCache, clear_scans, scans_path, scans_usage


@dataclass(frozen=True, slots=True)
class Seen:
    name: str
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class SeenOtherwise:
    name: str
    data: str = ""


ROOT = Path("/pictures")


def keep(names: list[str], state: str = "now", root: Path = ROOT) -> None:
    with ScanCache(root, Seen) as cache:
        for name in names:
            cache.keep(name, state, Seen(f"what {name} holds"))


def found(names: list[str], state: str = "now", root: Path = ROOT) -> list[Seen | str | None]:
    with ScanCache(root, Seen) as cache:
        return cache.find(names, [state] * len(names))


@pytest.fixture
def path(own_cache: Path) -> Path:
    """Where the cache's file lies."""
    return scans_path(own_cache / "scans")


@pytest.fixture
def other(path: Path) -> Iterator[sqlite3.Connection]:
    """Another process's connection to the file."""
    keep([])
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def test_what_was_kept_is_found_by_path_and_state() -> None:
    with ScanCache(ROOT, Seen) as cache:
        cache.keep("a/1.jpg", "then", Seen("one", b"\0\xff"))
        cache.keep("a/2.jpg", "then", "the file is empty")
    with ScanCache(ROOT, Seen) as cache:
        assert cache.find(["a/2.jpg", "a/3.jpg", "a/1.jpg"], ["then"] * 3) == [
            "the file is empty",
            None,
            Seen("one", b"\0\xff"),
        ]
        assert cache.find(["a/2.jpg", "a/1.jpg"], ["now", "then"]) == [None, Seen("one", b"\0\xff")]
        assert cache.fault == ""


def test_a_newer_state_takes_the_place_of_an_older_one() -> None:
    keep(["a"], "then")
    keep(["a"], "now")
    assert found(["a"], "then") == [None]
    assert found(["a"], "now") == [Seen("what a holds")]


def test_without_a_state_nothing_is_kept_and_nothing_found() -> None:
    keep(["a"], "")
    assert found(["a"], "") == [None]


def test_another_collection_is_another() -> None:
    keep(["a"])
    assert found(["a"], root=Path("/other")) == [None]


def test_a_folder_is_the_same_however_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "pictures")
    monkeypatch.chdir(tmp_path)
    keep(["a"], root=Path("pictures"))
    assert found(["a"], root=tmp_path / "pictures") == found(["a"], root=Path("link")) == [Seen("what a holds")]


def test_paths_that_are_no_text_are_kept() -> None:
    keep(["\udcff.jpg", "ü.jpg"], "\udcff")
    assert found(["\udcff.jpg", "ü.jpg"], "\udcff") == [Seen("what \udcff.jpg holds"), Seen("what ü.jpg holds")]


def test_more_files_than_one_query_takes_are_all_found() -> None:
    names = [f"{number:05d}" for number in range(2 * scan_cache_module.AT_A_TIME + 1)]
    keep(names)
    assert found(names) == [Seen(f"what {name} holds") for name in names]


def test_other_fields_another_version_or_another_decoder_find_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(["a"])
    with ScanCache(ROOT, SeenOtherwise) as cache:
        assert cache.find(["a"], ["now"]) == [None]
    with monkeypatch.context() as patch:
        patch.setattr(scan_cache_module, "READING", -1)
        assert found(["a"]) == [None]
    for package in ("unfreeze", "pillow", "pillow-heif"):
        with monkeypatch.context() as patch:
            patch.setattr(scan_cache_module, "version", lambda name, new=package: "9" if name == new else "1")
            assert found(["a"]) == [None], package
    assert found(["a"]) == [Seen("what a holds")]


def test_a_collection_is_kept_in_one_version(path: Path) -> None:
    keep(["a", "b"])
    with ScanCache(ROOT, SeenOtherwise) as cache:
        cache.keep("a", "now", SeenOtherwise("other"))
    assert scans_usage(path)[0] == 1
    assert found(["a"]) == [None]


def test_a_disabled_cache_finds_and_writes_nothing(own_cache: Path) -> None:
    with ScanCache(ROOT, Seen, enabled=False) as cache:
        cache.keep("a", "now", Seen("one"))
        assert cache.find(["a"], ["now"]) == [None]
    assert not (own_cache / "scans").exists()
    assert cache.fault == ""


def test_what_was_found_before_an_error_stays() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt), ScanCache(ROOT, Seen) as cache:
        cache.keep("a", "now", Seen("what a holds"))
        stop()
    assert found(["a"]) == [Seen("what a holds")]


WRITER = """
import sys
from dataclasses import dataclass
from pathlib import Path
from unfreeze.images import scan_cache
from unfreeze.images.scan_cache import ScanCache
@dataclass
class Seen:
    name: str
    data: bytes
scan_cache.AT_A_TIME = 10
root, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
with ScanCache(root, Seen) as cache:
    for number in range(first, first + count):
        cache.keep(f"{number}", "now", Seen(f"what {number} holds", b""))
        if number % 10 == 9:
            print(number, flush=True)
"""


def writer(first: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(ROOT), str(first), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_write_at_a_time() -> None:
    writers = [writer(first, 300) for first in (0, 200)]
    for process in writers:
        process.communicate()
    assert [process.returncode for process in writers] == [0, 0]
    names = [str(number) for number in range(500)]
    assert found(names) == [Seen(f"what {name} holds") for name in names]


def test_a_killed_process_leaves_what_it_had_written_down(path: Path) -> None:
    process = writer(0, 10**7)
    assert process.stdout is not None
    written = [int(process.stdout.readline()) for _ in range(20)][-1]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert None not in found([str(number) for number in range(written + 1)])
    assert scans_usage(path)[0] % 10 == 0


@pytest.mark.parametrize("content", [b"not a database at all " * 300, b"SQLite format 3\0" + b"\1" * 5000])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(path: Path, content: bytes) -> None:
    keep(["a"])
    path.write_bytes(content)
    assert found(["a"]) == [None]
    keep(["b"])
    assert found(["b"]) == [Seen("what b holds")]
    assert path.with_suffix(".damaged").read_bytes() == content


def test_damage_that_shows_only_later_is_set_aside_then(path: Path) -> None:
    names = [f"{number:05d}" for number in range(2000)]
    keep(names)
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    with ScanCache(ROOT, Seen) as cache:
        assert cache.find(names, ["now"] * 2000) == [None] * 2000
        cache.keep("a", "now", Seen("one"))
        assert cache.fault == ""
    assert found(["a"]) == [Seen("one")]
    assert path.with_suffix(".damaged").exists()


@pytest.mark.parametrize("column", ["state", "value"])
def test_a_value_that_a_disk_has_changed_is_not_believed(other: sqlite3.Connection, column: str) -> None:
    keep(["a"])
    ((value,),) = other.execute(f"SELECT {column} FROM reading").fetchall()
    other.execute(f"UPDATE reading SET {column} = ?", (value[:-1] + bytes([value[-1] ^ 1]),))
    changed = "nov"  # what the state became, or not
    assert found(["a"], changed if column == "state" else "now") == [None]


def test_a_file_that_is_locked_stops_nothing(other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(["a"])
    monkeypatch.setattr("unfreeze.database.WAIT_SECONDS", 0.1)
    with ScanCache(ROOT, Seen) as cache:
        other.execute("BEGIN IMMEDIATE")
        assert cache.find(["a"], ["now"]) == [Seen("what a holds")]
        cache.keep("b", "now", Seen("two"))
    assert "database is locked" in cache.fault
    other.execute("ROLLBACK")
    assert found(["b"]) == [None]


def test_a_folder_that_cannot_be_made_stops_nothing(own_cache: Path) -> None:
    (own_cache / "scans").write_text("a file")
    with ScanCache(ROOT, Seen) as cache:
        cache.keep("a", "now", Seen("one"))
        assert cache.find(["a"], ["now"]) == [None]
    assert "cannot be made" in cache.fault


def test_a_damaged_file_that_cannot_be_set_aside_stops_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(["a"])
    path.write_bytes(b"not a database at all " * 300)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    with ScanCache(ROOT, Seen) as cache:
        assert cache.find(["a"], ["now"]) == [None]
    assert "Permission denied" in cache.fault


def test_collections_scanned_longest_ago_make_room(other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{number:05d}" for number in range(1000)]
    by_use = [Path(f"/{number}") for number in (1, 4, 2, 0, 3)]
    for root in sorted(by_use):
        keep(names, root=root)
        other.execute("UPDATE collection SET used = ? WHERE used > 1000", (by_use.index(root),))
    limit = content_bytes(other)
    monkeypatch.setattr(scan_cache_module, "LIMIT_BYTES", limit)
    keep(names, root=Path("/new"))
    assert 0.6 * limit < content_bytes(other) <= 0.9 * limit
    left = [root for root in (*by_use, Path("/new")) if found(["00001"], root=root) != [None]]
    assert left == [*by_use[-len(left) + 1 :], Path("/new")]
    assert other.execute("SELECT count(*) FROM reading").fetchone() == (1000 * len(left),)


def test_files_that_are_gone_make_room_but_those_of_the_last_scan_never(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep([f"{number:05d}" for number in range(1000)])
    monkeypatch.setattr(scan_cache_module, "LIMIT_BYTES", PAGE_BYTES)
    names = [f"{number:05d}" for number in range(800, 1200)]
    with ScanCache(ROOT, Seen) as cache:
        assert cache.find(names, ["now"] * 400).count(None) == 200
        for name in names[200:]:
            cache.keep(name, "now", Seen(name))
    assert None not in found(names)
    assert scans_usage(path)[0] == 400


def test_a_scan_that_finds_everything_notes_its_time_after_an_hour(other: sqlite3.Connection) -> None:
    keep(["a"])
    for seconds, noted in ((3000, False), (4000, True), (-4000, True)):
        before = int(time.time()) - seconds
        other.execute("UPDATE collection SET used = ?", (before,))
        assert found(["a"]) == [Seen("what a holds")]
        assert (other.execute("SELECT used FROM collection").fetchone() != (before,)) == noted


def test_usage_counts_files_and_clearing_gives_the_space_back(path: Path, own_cache: Path) -> None:
    names = [f"{number:05d}" for number in range(3000)]
    keep(names)
    entries, oldest, latest = scans_usage(path)
    assert entries == 3000
    assert oldest == latest is not None
    with ScanCache(ROOT, Seen) as cache:
        assert clear(own_cache, Part.SCANS).entries == 3000
        assert cache.find(["00001"], ["now"]) == [None]
        cache.keep("new", "now", Seen("new"))
    assert path.stat().st_size < 10 * PAGE_BYTES
    assert found(["new"]) == [Seen("new")]
    clear_scans(path)
    assert scans_usage(path) == (0, None, None)


def test_clearing_what_is_locked_is_an_error_that_names_it(
    path: Path, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unfreeze.database.WAIT_SECONDS", 0.1)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RunError, match=r"cannot be used \(database is locked\); close what uses it") as caught:
        clear_scans(path)
    assert caught.value.subject == str(path)
