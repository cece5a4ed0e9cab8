"""Rows and looks of pictures that are told, not read."""

from collections.abc import Callable
from typing import Any

from unfreeze.images.content import content_hash
from unfreeze.images.look import Look
from unfreeze.images.table import ImageRow, ImageTable, Split

MakeTable = Callable[..., ImageTable]

PLAIN_LOOK: dict[str, Any] = {
    "size_bytes": 20_000,
    "format": "JPEG",
    "mode": "RGB",
    "frames": 1,
    "camera": "",
    "thumbnail": b"",
    "colour": (100.0, 100.0, 100.0),
    "border": (100.0, 100.0, 100.0),
    "spread": 50.0,
    "sharpness": 1.0,
}


def look(**others: object) -> Look:
    """What a scan sees of an ordinary picture, but for what is said."""
    return Look(**{**PLAIN_LOOK, **others})


def row(path: str, label: int, split: Split = "train", *, size: tuple[int, int] = (400, 300)) -> ImageRow:
    """A picture of a size whose content nothing else has."""
    return ImageRow(path, (label,), split, content_hash(path.encode()), *size)
