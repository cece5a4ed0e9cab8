"""Writes weights as safetensors."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from unfreeze.files import write_whole


def write_weights(path: Path, arrays: Mapping[str, np.ndarray], *, about: Mapping[str, str] | None = None) -> None:
    """Writes arrays as safetensors: the old file stays until the new one is complete.

    Args:
        path: The file.
        arrays: Arrays by name.
        about: Short texts to keep with them.

    Raises:
        RunError: If the file cannot be written.
    """
    from safetensors.numpy import save

    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    write_whole(path, save(contiguous, metadata=dict(about or {})))
