"""Files are read whole, and only files that end; a state changes with its file, or is not given."""

import os
import time
from pathlib import Path

import pytest

from unfreeze.images import storage as storage_module
from unfreeze.images.storage import FolderStorage, file_state


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file has a state as soon as it was written."""
    monkeypatch.setattr(storage_module, "SETTLED_NS", 0)


def test_a_folder_gives_bytes_and_states_by_relative_path(tmp_path: Path, settled: None) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"bytes")
    found = (tmp_path / "a" / "1.png").stat()
    storage = FolderStorage(tmp_path)
    assert storage.read("a/1.png") == b"bytes"
    assert storage.state("a/1.png").split() == [
        str(number) for number in (found.st_dev, found.st_ino, 5, found.st_mtime_ns, found.st_ctime_ns)
    ]
    with pytest.raises(FileNotFoundError):
        storage.state("a/2.png")


def test_the_state_changes_with_bytes_times_and_file(tmp_path: Path, settled: None) -> None:
    path = tmp_path / "1.png"
    path.write_bytes(b"one")
    states = [file_state(path), file_state(path)]
    os.utime(path, ns=(0, 12345))
    states.append(file_state(path))
    time.sleep(0.05)  # longer than the file system takes two changes for one
    path.write_bytes(b"two")
    os.utime(path, ns=(0, 12345))
    states.append(file_state(path))
    (tmp_path / "2.png").write_bytes(b"two")
    os.utime(tmp_path / "2.png", ns=(0, 12345))
    os.replace(tmp_path / "2.png", path)
    states.append(file_state(path))
    assert states[0] == states[1]
    assert len(set(states)) == 4


def test_a_file_that_was_changed_a_moment_ago_has_no_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "1.png"
    path.write_bytes(b"one")
    assert file_state(path) == ""
    os.utime(path, (0, 0))  # the time of the change of its times is now
    assert file_state(path) == ""
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 3 * 10**9)
    assert file_state(path) != ""


def test_a_file_from_the_future_has_a_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "1.png"
    path.write_bytes(b"one")
    now = time.time_ns()
    os.utime(path, ns=(now + 10**15, now + 10**15))
    monkeypatch.setattr(time, "time_ns", lambda: now + 3 * 10**9)
    assert file_state(path) != ""


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.jpg").write_bytes(b"picture")
    assert FolderStorage(tmp_path).read("cat/1.jpg") == b"picture"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_or_a_device_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"would not end")
    os.mkfifo(tmp_path / "1.jpg")
    (tmp_path / "2.jpg").symlink_to("/dev/zero")
    for name in ("1.jpg", "2.jpg"):
        with pytest.raises(OSError, match="is not a file"):
            FolderStorage(tmp_path).read(name)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "1.jpg").write_bytes(b"12345678")
    monkeypatch.setattr(storage_module, "LARGEST_FILE_BYTES", 8)
    assert FolderStorage(tmp_path).read("1.jpg") == b"12345678"
    monkeypatch.setattr(storage_module, "LARGEST_FILE_BYTES", 7)
    with pytest.raises(OSError, match="has 8 bytes, and no file of more than 7 is read"):
        FolderStorage(tmp_path).read("1.jpg")
