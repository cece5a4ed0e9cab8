"""The table of pictures: what every later stage reads, and never the folder itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Split = Literal["train", "valid", "test"]


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One picture that decodes.

    Attributes:
        path: Path below the table's root, with forward slashes.
        label: Index of its class in the table's `classes`.
        split: What it is used for.
        content: Hash of the file's bytes, 32 hexadecimal digits.
        width: Width of the upright picture in pixels.
        height: Height of the upright picture in pixels.
    """

    path: str
    label: int
    split: Split
    content: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file that looked like a picture and could not be used; it is left where it is.

    Attributes:
        path: Path below the table's root, with forward slashes.
        reason: Why it was left out.
    """

    path: str
    reason: str


@dataclass(frozen=True, repr=False)
class ImageTable:
    """All pictures of a collection, with their classes and splits.

    Attributes:
        root: The folder that the paths are relative to.
        classes: Class names in the order of their labels, taken from the training pictures.
        rows: One row a picture, sorted by path.
        quarantined: Files left out, with the reason.
        notes: What the user should know of what was skipped or found, one sentence each.
    """

    root: Path
    classes: tuple[str, ...]
    rows: tuple[ImageRow, ...]
    quarantined: tuple[Quarantined, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ImageTable({self.root}, {len(self.rows):,} pictures of {len(self.classes)} classes)"

    def of_split(self, split: Split) -> tuple[ImageRow, ...]:
        """The rows of one split, in the table's order."""
        return tuple(row for row in self.rows if row.split == split)

    def read(self, row: ImageRow) -> bytes:
        """The bytes of a row's file as they are on disk now."""
        return (self.root / row.path).read_bytes()
