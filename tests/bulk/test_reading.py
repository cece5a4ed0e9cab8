"""What cannot be read: a row of its own where that is for good, and another try of the part where it may pass."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from unfreeze.bulk import reading
from unfreeze.bulk.plan import Part
from unfreeze.bulk.reading import Unreachable, pictures_of

GOOD_OR_NOT = [
    *((code, True) for code in (errno.ENOENT, errno.EISDIR, errno.EACCES, errno.EPERM)),
    *((code, False) for code in (errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.EIO, errno.ETIMEDOUT)),
]


@pytest.mark.parametrize("name", ["a.tar", "a.png"])
@pytest.mark.parametrize(("code", "is_for_good"), GOOD_OR_NOT)
def test_archives_and_pictures_here_fail_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int, is_for_good: bool
) -> None:
    def failing(*words: object, **flags: object) -> Any:
        raise OSError(code, os.strerror(code), name)

    path = tmp_path / name
    path.write_bytes(b"words")
    part = Part(0, archive=str(path)) if name.endswith("tar") else Part(0, files=(str(path),))
    monkeypatch.setattr(LocalFileSystem, "_open", failing)
    with pytest.raises(OSError if is_for_good else Unreachable, match=os.strerror(code)):
        [source.picture.read() for source in pictures_of(part)]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["a.tar", "a.png"])
def test_rights_that_a_far_file_system_denies_may_come_back(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def failing(*words: object, **flags: object) -> Any:
        raise PermissionError("The provided token has expired.")  # as s3fs has it: without a number

    where = f"memory://expired/{name}"
    part = Part(0, archive=where) if name.endswith("tar") else Part(0, files=(where,))
    for method in ("_open", "cat_file"):
        monkeypatch.setattr(MemoryFileSystem, method, failing)
    with pytest.raises(Unreachable, match=f"{where}: The provided token has expired"):
        [source.picture.read() for source in pictures_of(part)]  # type: ignore[union-attr]


def test_a_far_file_that_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[tuple[int, int | None]]()

    def read(files: object, path: str, start: int, end: int | None) -> bytes:
        asked.append((start, end))
        return bytes(1000)[start:end]

    monkeypatch.setattr(reading, "LARGEST_FILE_BYTES", 100, raising=False)
    monkeypatch.setattr(MemoryFileSystem, "cat_file", read)
    (source,) = pictures_of(Part(0, files=("memory://large/a.png",)))
    with pytest.raises(OSError, match="has more than 100 bytes, and no larger file is read") as error:
        source.picture.read()  # type: ignore[union-attr]
    assert error.value.errno == errno.EFBIG
    assert asked == [(0, 101)]
