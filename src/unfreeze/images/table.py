"""The table of pictures: what every later stage reads, and never the folder itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from unfreeze.images.look import Look
from unfreeze.images.storage import Storage

Split = Literal["train", "valid", "test"]


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One picture that decodes.

    Attributes:
        path: Path below the table's root, with forward slashes.
        labels: Indices of its classes in the table's `classes`, ascending; exactly one unless the table is multilabel.
        split: What it is used for.
        content: Hash of the file's bytes, 32 hexadecimal digits.
        width: Width of the upright picture in pixels.
        height: Height of the upright picture in pixels.
        group: Pictures of a group never lie on two sides of a split; empty for a picture on its own.
    """

    path: str
    labels: tuple[int, ...]
    split: Split
    content: str
    width: int
    height: int
    group: str = ""

    @property
    def label(self) -> int:
        """The only label of a picture of a table that is not multilabel."""
        (label,) = self.labels
        return label


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
        root: The folder or archive that the paths are relative to.
        classes: Class names in the order of their labels, taken from the training pictures.
        rows: One row a picture, sorted by path.
        storage: Where the bytes are.
        quarantined: Files left out, with the reason.
        notes: What the user should know of what was skipped or found, one sentence each.
        odd: Those of the notes that are about files and folders.
        split_notes: Those of the notes that another split takes away.
        multilabel: Whether a picture may have several labels, or none.
        looks: What the scan saw of each picture, by its path.
        copies: For each picture that has near-duplicates, by its path, a name that these share.
    """

    root: Path
    classes: tuple[str, ...]
    rows: tuple[ImageRow, ...]
    storage: Storage
    quarantined: tuple[Quarantined, ...] = ()
    notes: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    split_notes: tuple[str, ...] = ()
    multilabel: bool = False
    looks: Mapping[str, Look] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"ImageTable({self.root}, {len(self.rows):,} pictures of {len(self.classes)} classes)"

    def of_split(self, split: Split) -> tuple[ImageRow, ...]:
        """The rows of one split, in the table's order."""
        return tuple(row for row in self.rows if row.split == split)

    def read(self, row: ImageRow) -> bytes:
        """The bytes of a row's file as they are on disk now."""
        return self.storage.read(row.path)
