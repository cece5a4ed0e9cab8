"""Reads weights without running any code that lies in the file, and names them by their hash."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from unfreeze.errors import BackboneError


def read_weights(path: Path) -> dict[str, Tensor]:
    """Reads a `.safetensors` file, or a PyTorch state dict without unpickling anything but tensors.

    Args:
        path: The file. A state dict may lie under the key "state_dict" or "model".

    Returns:
        Tensors by name, in the file's order.

    Raises:
        BackboneError: If the file is not there, damaged, or holds more than tensors.
    """
    if not path.is_file():
        raise BackboneError(f"{path}: no such weights file", subject=path)
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # Both readers raise many kinds on damaged files.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = f"{path}: not readable as safetensors or as a state dict of tensors ({reason})"
        raise BackboneError(message, subject=path) from error
    for key in ("state_dict", "model"):
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise BackboneError(f"{path}: holds no state dict of tensors", subject=path)
    return dict(found)


def load_in_order(model: nn.Module, tensors: Mapping[str, Tensor], *, source: str) -> None:
    """Loads weights whose names differ from the model's, tensor by tensor in order.

    Args:
        model: Receives the weights.
        tensors: As many tensors as the model has, of the same shapes in the same order.
        source: Where they came from, for the error.

    Raises:
        BackboneError: If count or shapes differ.
    """
    expected = model.state_dict()
    pairs = list(zip(expected.items(), tensors.items(), strict=False))
    wrong = [f"{theirs} for {ours}" for (ours, a), (theirs, b) in pairs if a.shape != b.shape]
    if len(expected) != len(tensors) or wrong:
        found = f"{len(tensors)} tensors for {len(expected)}, {len(wrong)} of another shape {wrong[:3]}"
        raise BackboneError(f"{source}: the weights do not fit the network: {found}", subject=source)
    model.load_state_dict({ours: theirs for (ours, _), (_, theirs) in pairs})


def load_by_name(body: nn.Module, tensors: Mapping[str, Tensor], *, source: str) -> None:
    """Loads weights by name into a body without classifier; left-over tensors of a classifier are ignored.

    Args:
        body: Receives the weights.
        tensors: Tensors by name.
        source: Where they came from, for the error.

    Raises:
        BackboneError: If a tensor of the body is missing or has another shape.
    """
    expected = body.state_dict()
    missing = [name for name in expected if name not in tensors]
    wrong = [name for name in expected if name in tensors and tensors[name].shape != expected[name].shape]
    if missing or wrong:
        found = f"missing {missing[:3]}, of another shape {wrong[:3]}"
        message = (
            f"{source}: does not fit the backbone: {len(missing) + len(wrong)} of {len(expected)} tensors: {found}"
        )
        raise BackboneError(message, subject=source)
    body.load_state_dict({name: tensors[name] for name in expected})


def weights_hash(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """A name for weights: BLAKE2b over names, types, shapes and bytes, as 32 hexadecimal digits.

    Args:
        tensors: Names and tensors; their order matters.

    Returns:
        The hash.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in tensors:
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)};".encode())
        digest.update(values.numpy().tobytes())
    return digest.hexdigest()
