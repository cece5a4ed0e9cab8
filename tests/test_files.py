"""Files that replace nothing."""

import errno
import os
from pathlib import Path

import pytest

from unfreeze.errors import RunError
from unfreeze.files import write_new


def test_a_new_file_holds_what_was_written(tmp_path: Path) -> None:
    write_new(tmp_path / "new.bin", b"\x00\n\r\n", flag="--out")
    assert (tmp_path / "new.bin").read_bytes() == b"\x00\n\r\n"


@pytest.mark.parametrize("kind", ["file", "folder", "link to nothing"])
def test_what_is_there_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "old"
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "gone")
    message = "old: is there already and stays as it is; choose another file for --out"
    with pytest.raises(RunError, match=message) as error:
        write_new(path, b"other", flag="--out")
    assert error.value.subject == str(path)
    assert not (tmp_path / "gone").exists()
    if kind == "file":
        assert path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    message = r"cannot be written \(No such file or directory\); choose another file for --csv"
    with pytest.raises(RunError, match=message):
        write_new(tmp_path / "gone" / "new.csv", b"", flag="--csv")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_half_a_file_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened = tmp_path / "new.svg", Path.open

    def on_a_full_disk(self: Path, mode: str) -> object:
        opened(self, mode).close()
        return open("/dev/full", "wb")

    monkeypatch.setattr(Path, "open", on_a_full_disk)
    with pytest.raises(RunError, match=os.strerror(errno.ENOSPC)):
        write_new(path, b"data", flag="--out")
    assert not path.exists()
