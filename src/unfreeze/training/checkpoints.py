"""Writes and reads arrays as safetensors."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unfreeze.errors import RunError
from unfreeze.files import write_whole

ABOUT = "about"


def write_weights(path: Path, arrays: Mapping[str, np.ndarray], *, about: Mapping[str, Any] | None = None) -> None:
    """Writes arrays as safetensors: the old file stays until the new one is complete.

    Args:
        path: The file.
        arrays: Arrays by name.
        about: Plain values to keep with them.

    Raises:
        RunError: If the file cannot be written.
    """
    from safetensors.numpy import save

    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    # one entry, because safetensors writes several in any order, and the same content has to give the same bytes
    write_whole(path, save(contiguous, metadata={ABOUT: json.dumps(dict(about or {}))}))


def read_weights(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Reads what `write_weights` wrote.

    Args:
        path: The file.

    Returns:
        Arrays by name, and what was kept with them.

    Raises:
        RunError: If there is no such file, or it cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
            return arrays, json.loads((file.metadata() or {}).get(ABOUT, "{}"))
    except FileNotFoundError:
        raise RunError(f"{path}: there is no such file", subject=path) from None
    except (OSError, SafetensorError, ValueError) as error:
        raise RunError(f"{path}: cannot be read as weights ({error})", subject=path) from error
