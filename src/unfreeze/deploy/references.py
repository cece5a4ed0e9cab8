"""The features that a bundle tells strange pictures by, as a safetensors file."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unfreeze.deploy.description import REFERENCES_FILE
from unfreeze.errors import BundleError
from unfreeze.training.checkpoints import write_weights

if TYPE_CHECKING:
    from unfreeze.evaluation.novelty import Novelty

TENSOR = "references"

LENGTH_TOLERANCE = 0.01
"""What half precision makes of a length of 1, with room."""


def write_references(folder: Path, novelty: "Novelty") -> None:
    """Writes the features that are kept, shape (M, D), float16, into a bundle's folder."""
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
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        found = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path}: damaged ({error}); copy the bundle again", subject=path) from error
    features = found.get(TENSOR)
    if features is None or len(found) != 1 or features.dtype != np.float16 or features.ndim != 2 or not features.size:
        message = f"{path}: damaged (not one table of features in half precision); copy the bundle again"
        raise BundleError(message, subject=path)
    lengths = np.sqrt(np.square(features, dtype=np.float64).sum(1))
    if not ((np.abs(lengths - 1) < LENGTH_TOLERANCE) | (lengths == 0)).all():
        message = f"{path}: damaged (its features are not of length 1); copy the bundle again"
        raise BundleError(message, subject=path)
    return np.asarray(features)
