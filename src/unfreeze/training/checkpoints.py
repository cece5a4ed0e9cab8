"""Writes weights so that a file is always whole, whenever the program is stopped."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from torch import Tensor

from unfreeze.errors import RunError


def write_weights(path: Path, tensors: Mapping[str, Tensor], *, about: Mapping[str, str] | None = None) -> None:
    """Writes tensors as safetensors: the old file stays until the new one is complete.

    Args:
        path: The file.
        tensors: Tensors by name.
        about: Short texts to keep with them.

    Raises:
        RunError: If the file cannot be written.
    """
    from safetensors.torch import save

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_whole(path, save(plain, metadata=dict(about or {})))


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all.

    Args:
        path: The file.
        data: All of its bytes.

    Raises:
        RunError: If the file cannot be written.
    """
    work = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with work.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(work, path)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror})", subject=path) from error
    finally:
        with suppress(OSError):  # gone after a replacement, and never there where the folder is none
            work.unlink()
