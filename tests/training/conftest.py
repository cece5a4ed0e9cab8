"""What the tests of training share: a table of pictures on disk."""

from collections.abc import Callable
from pathlib import Path

import pytest

from unfreeze.images.content import content_hash
from unfreeze.images.storage import FolderStorage
from unfreeze.images.table import ImageRow, ImageTable


@pytest.fixture
def table(make_collection: Callable[..., Path]) -> ImageTable:
    """Five red and four blue pictures, all for training."""
    root = make_collection({"train/blue": 4, "train/red": 5})
    rows = [
        ImageRow(path, (int("red" in path),), "train", content_hash((root / path).read_bytes()), 48, 40)
        for path in sorted(str(file.relative_to(root).as_posix()) for file in root.rglob("*.png"))
    ]
    return ImageTable(root, ("blue", "red"), tuple(rows), FolderStorage(root))
