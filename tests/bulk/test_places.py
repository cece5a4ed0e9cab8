"""Files in places that are no object store: whole or not at all there as well."""

from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from unfreeze.bulk.places import place
from unfreeze.errors import RunError


def test_a_far_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = place("memory://whole/out") / "part"
    where.write(b"first")
    where.write(b"second")
    assert (where.read(), place("memory://whole/out").names_in()) == (b"second", ["part"])

    def cut(files: MemoryFileSystem, source: str, path: str, **flags: Any) -> None:
        files.pipe_file(path, b"thi")
        raise OSError("connection lost")

    monkeypatch.setattr(MemoryFileSystem, "put_file", cut)
    with pytest.raises(RunError, match="connection lost"):
        where.write(b"third")
    assert (where.read(), place("memory://whole/out").names_in()) == (b"second", ["part"])
