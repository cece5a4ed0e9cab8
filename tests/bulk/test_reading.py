"""What cannot be read: a row of its own where that is for good, and another try of the part where it may pass."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

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
