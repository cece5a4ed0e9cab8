"""The table gives its rows by split and its files as they are on disk."""

from pathlib import Path

import pytest

from unfreeze.images.storage import FolderStorage
from unfreeze.images.table import ImageRow, ImageTable, Split


def row(path: str, split: Split) -> ImageRow:
    return ImageRow(path, (0,), split, "0" * 32, 3, 2)


def test_rows_of_a_split_keep_the_tables_order() -> None:
    rows = (row("b.png", "train"), row("a.png", "valid"), row("c.png", "train"))
    table = ImageTable(Path("pictures"), ("cat", "dog"), rows, FolderStorage(Path("pictures")))
    assert table.of_split("train") == (rows[0], rows[2])
    assert table.of_split("valid") == (rows[1],)
    assert table.of_split("test") == ()


def test_read_gives_the_bytes_that_are_there_now(tmp_path: Path) -> None:
    picture = row("cat/ü.png", "train")
    table = ImageTable(tmp_path, ("cat", "dog"), (picture,), FolderStorage(tmp_path))
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "ü.png").write_bytes(b"old")
    assert table.read(picture) == b"old"
    (tmp_path / "cat" / "ü.png").write_bytes(b"new")
    assert table.read(picture) == b"new"


def test_rows_and_tables_cannot_be_changed() -> None:
    picture = row("a.png", "train")
    with pytest.raises(AttributeError):
        picture.path = "b.png"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        ImageTable(Path(), (), (), FolderStorage(Path())).rows = (picture,)  # type: ignore[misc]
