"""Writes weights as safetensors."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from unfreeze.files import write_whole


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
