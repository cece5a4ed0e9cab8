"""What the tests of the doctor share: tables whose pictures are told, not read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from told import MakeTable, look
from unfreeze.images.look import Look
from unfreeze.images.storage import FolderStorage
from unfreeze.images.table import ImageRow, ImageTable


@pytest.fixture
def make_table() -> MakeTable:
    """Makes a table of rows, with the looks of those that are not ordinary."""

    def make(
        rows: Sequence[ImageRow], looks: Mapping[str, Look] | None = None, classes: tuple[str, ...] = ("cat", "dog")
    ) -> ImageTable:
        seen = {each.path: look() for each in rows}
        return ImageTable(Path(), classes, tuple(rows), FolderStorage(Path()), looks={**seen, **(looks or {})})

    return make
