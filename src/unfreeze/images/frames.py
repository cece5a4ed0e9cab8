"""Takes a collection from a table of pandas or polars, of which neither is imported here."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from unfreeze.errors import CollectionError
from unfreeze.images.columns import Columns
from unfreeze.images.csv_file import DEFAULT_COLUMNS
from unfreeze.images.layout import Layout
from unfreeze.images.listing import values_layout

SOURCE = "the frame"


class Column(Protocol):
    """A column of a frame."""

    def to_list(self) -> list[object]:
        """Its values as Python's."""
        ...


class Frame(Protocol):
    """What has columns by name: a DataFrame of pandas or of polars."""

    @property
    def columns(self) -> Iterable[str]:
        """Names of the columns."""
        ...

    def __getitem__(self, name: str, /) -> Column:
        """A column."""
        ...


def frame_layout(frame: Frame, *, root: str | Path | None = None, columns: Columns = DEFAULT_COLUMNS) -> Layout:
    """Takes a collection from a frame with one row a picture.

    A split or group that is missing (None, NaN, NA) is not given; a path or label that is missing is a fault. Labels
    may be lists, too, where pictures have several of them or none.

    Args:
        frame: The frame; what it has as index does not count.
        root: The folder that relative paths start from; the current one unless said otherwise.
        columns: Names of the columns, and how labels are read.

    Returns:
        The files, each once. Without a root the paths of absolute files are given below their common parent.

    Raises:
        CollectionError: If a column is missing or there are faults; the message names the first of them by row,
            counted from 0.
    """
    if not hasattr(frame, "columns"):
        message = f"{SOURCE} is a {type(frame).__name__} without columns; give a DataFrame of pandas or polars"
        raise CollectionError(message, subject=SOURCE)
    header = [str(name) for name in frame.columns]
    places = columns.within(header, source=SOURCE)
    names = list(frame.columns)
    values: dict[str, Sequence[object]] = {f"{role}s": frame[names[place]].to_list() for role, place in places.items()}
    return values_layout(values, place="row", source=SOURCE, root=root, separator=columns.label_separator)
