"""Paths of pictures as scikit-learn hands them on, and the table that they make."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from unfreeze.errors import CollectionError, SettingsError
from unfreeze.images.content import content_hash
from unfreeze.images.split import valid_rows
from unfreeze.images.storage import FolderStorage
from unfreeze.images.table import ImageRow, ImageTable

TRAIN, VALID = "train", "valid"


class InputError(SettingsError, ValueError):
    """What was given to an estimator cannot be used; a ValueError as well, which scikit-learn's tools expect."""


def paths_of(given: Any) -> list[Path]:
    """Paths from whatever holds them: a list, an array, a column of a frame.

    Args:
        given: Paths of pictures, as text or as paths: N of them, or a table of N rows and one column.

    Returns:
        N absolute paths.

    Raises:
        InputError: If it holds anything else, or nothing.

    >>> [path.name for path in paths_of([["a.jpg"], ["b.jpg"]])]
    ['a.jpg', 'b.jpg']
    """
    if isinstance(given, (str, os.PathLike)):
        raise InputError(f"X is the single path {str(given)!r}; give a list of paths", subject="X")
    if hasattr(given, "toarray"):
        raise InputError("X is sparse; it must hold paths of pictures, one a row", subject="X")
    found = given.to_numpy() if hasattr(given, "to_numpy") else given
    table = np.array(found, dtype=object)
    if table.ndim == 2 and table.shape[1] == 1:
        table = table[:, 0]
    if table.ndim != 1:
        message = f"X has the shape {table.shape}; it must hold paths of pictures: one dimension, or a single column"
        raise InputError(f"{message}. Reshape your data", subject="X")
    if not len(table):
        raise InputError("X has 0 sample(s) (shape=(0,)) while a minimum of 1 is required: no pictures", subject="X")
    for index, path in enumerate(table):
        if not isinstance(path, (str, os.PathLike)):
            message = f"X[{index}] is {path!r}, of type {type(path).__name__}; it must be the path of a picture"
            raise InputError(message, subject="X")
    return [Path(os.path.abspath(path)) for path in table]  # noqa: PTH100 - links stay links


def picture_table(
    labels_of: Mapping[Path, int], classes: Sequence[str], *, valid_share: float, seed: int
) -> ImageTable:
    """The table of pictures to train on.

    Nothing is decoded yet: a file that is no picture is an error once it is looked at. Which pictures are set aside is
    decided by their content, so that a picture that stands there twice is on one side.

    Args:
        labels_of: Class of each picture, as an index.
        classes: The classes' names.
        valid_share: Part of each class that is set aside to validate; 0 for none: then the pictures that are trained on
            stand in for them.
        seed: Decides which are set aside.

    Returns:
        The table; paths are those of the mapping.

    Raises:
        InputError: If a class has too few pictures to set some aside.
        CollectionError: If a file cannot be read.
    """
    contents = {path: _content(path) for path in labels_of}
    paths = sorted(contents)
    rows = [_row(path, labels_of[path], contents[path], "train") for path in paths]
    if valid_share:
        aside = _aside(rows, classes, valid_share, seed)
        rows = [
            _row(path, labels_of[path], contents[path], VALID if i in aside else TRAIN) for i, path in enumerate(paths)
        ]
    else:
        rows += [_row(path, labels_of[path], contents[path], VALID) for path in paths]
    return _table(tuple(rows), classes)


def asked_table(paths: Sequence[Path], classes: Sequence[str]) -> ImageTable:
    """The table of pictures to predict: all of them validate, each once, in the order of their paths."""
    return _table(tuple(_row(path, 0, _content(path), VALID) for path in sorted(set(paths))), classes)


def labels_by_path(paths: Sequence[Path], labels: npt.NDArray[np.int64]) -> dict[Path, int]:
    """The class of each picture; raises InputError where one is given twice, with different classes."""
    found: dict[Path, int] = {}
    for path, label in zip(paths, labels.tolist(), strict=True):
        if found.setdefault(path, label) != label:
            raise InputError(f"{path}: is given twice, under two classes; give each picture one class", subject=path)
    return found


def _aside(rows: Sequence[ImageRow], classes: Sequence[str], share: float, seed: int) -> frozenset[int]:
    units = [row.content for row in rows]
    names = [[classes[row.label]] for row in rows]
    try:
        return valid_rows(names, units, share=share, seed=seed)
    except CollectionError as error:
        message = f"{error}; valid_share=0 sets none aside, and the probabilities are then not calibrated"
        raise InputError(message, subject="valid_share") from error


def _row(path: Path, label: int, content: str, split: Any) -> ImageRow:
    return ImageRow(path.as_posix(), (label,), split, content, 0, 0)  # its size is not known before it is decoded


def _table(rows: tuple[ImageRow, ...], classes: Sequence[str]) -> ImageTable:
    root = Path(Path.cwd().anchor)
    return ImageTable(root=root, classes=tuple(classes), rows=rows, storage=FolderStorage(root))


def _content(path: Path) -> str:
    try:
        return content_hash(FolderStorage(path.parent).read(path.name))
    except OSError as error:
        raise CollectionError(
            f"{path}: {error.strerror or error}; name a picture that can be read", subject=path
        ) from error
