"""The features that a bundle tells strange pictures by, as a safetensors file that is read without its library.

The format is eight bytes of a length, a JSON header of as many bytes, and the values: little enough for a machine that
only predicts, which then needs numpy, Pillow and onnxruntime alone.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats
from unfreeze.activations.rounding import as_stored
from unfreeze.deploy.description import REFERENCES_FILE
from unfreeze.errors import BundleError

if TYPE_CHECKING:
    from unfreeze.evaluation.novelty import Novelty

TENSOR = "references"

LENGTH_BYTES = 8
"""Of the number, little-endian, that says how long the header is."""

METADATA = "__metadata__"

LENGTH_TOLERANCE = 0.01
"""What half precision makes of a length of 1, with room."""


def write_references(folder: Path, novelty: "Novelty") -> None:
    """Writes the features that are kept, shape (M, D), float16, into a bundle's folder."""
    from unfreeze.training.checkpoints import write_weights

    write_weights(folder / REFERENCES_FILE, {TENSOR: novelty.references})


def read_references(data: bytes, *, path: Path) -> npt.NDArray[np.float16]:
    """Reads the features that `write_references` wrote.

    Args:
        data: The whole file.
        path: Where it lies, for the error.

    Returns:
        Features of unit length, shape (M, D).

    Raises:
        BundleError: If it is no such file.
    """
    try:
        features = _only_table(data)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        message = f"{path}: damaged (not one table of features in half precision); copy the bundle again"
        raise BundleError(message, subject=path) from error
    lengths = np.sqrt(np.square(features, dtype=np.float64).sum(1))
    if not ((np.abs(lengths - 1) < LENGTH_TOLERANCE) | (lengths == 0)).all():
        message = f"{path}: damaged (its features are not of length 1); copy the bundle again"
        raise BundleError(message, subject=path)
    return features


def stored_distances(novelty: "Novelty | None", features: Sequence[Floats]) -> list[float] | list[None]:
    """How strange pictures are by what a graph makes of them: of many together far faster than one by one.

    Args:
        novelty: What tells strange pictures; None where the model cannot.
        features: Features (D,) of each picture's plain view; they are rounded as those were that the bound comes from.

    Returns:
        A distance for each picture, or None for each.
    """
    if novelty is None or not len(features):
        return [None] * len(features)
    scores: list[float] = novelty.scores(np.stack([as_stored(each) for each in features])).tolist()  # (N, D) -> (N,)
    return scores


def _only_table(data: bytes) -> npt.NDArray[np.float16]:
    """The one float16 matrix of a safetensors file; whatever else the file is ends in an error."""
    start = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "little")
    header: dict[str, Any] = json.loads(data[LENGTH_BYTES:start])
    about = header.pop(TENSOR)
    rows, columns = (int(length) for length in about["shape"])
    values = memoryview(data)[start:]
    whole = list(about["data_offsets"]) == [0, len(values)] and 2 * rows * columns == len(values)
    if about["dtype"] != "F16" or min(rows, columns) < 1 or not whole or header.keys() - {METADATA}:
        raise ValueError("not the shape, type and place that its header has to name")
    return np.frombuffer(values, "<f2").reshape(rows, columns)  # (M * D,) -> (M, D)
