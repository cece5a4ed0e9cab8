"""Runs a frozen prefix: onnxruntime on the CPU, torch elsewhere."""

import copy
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch
    from torch import nn

Floats = npt.NDArray[np.float32]

NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"


class ExportMismatch(Exception):  # noqa: N818 - says what happened; it is no fault of the user
    """onnxruntime does not compute what torch does; the caller decides what to use instead."""


class Engine(Protocol):
    """Computes activations of squares; may be called from several threads at once.

    Attributes:
        batch_size: How many squares it takes best at a time.
    """

    batch_size: int

    def run(self, squares: npt.NDArray[np.uint8]) -> Floats:
        """Activations (N, ...) of squares (N, 3, S, S)."""
        ...


class OnnxEngine:
    """A graph in onnxruntime, on one core for each thread that calls it.

    Two threads with one core each were faster than one call on two cores (170 to 136 pictures/s), and a picture's
    result depends neither on its batch nor on the number of threads: docs/decisions/0003-engine.md.

    Args:
        graph: The ONNX file, or its bytes; one input "squares" of uint8, its first output is returned.
    """

    batch_size = 1

    def __init__(self, graph: Path | bytes) -> None:
        keep_to_this_machine()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._graph = graph
        model = graph if isinstance(graph, bytes) else str(graph)
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __reduce__(self) -> tuple[type["OnnxEngine"], tuple[bytes]]:
        """Another process opens the same graph, wherever the file lies."""
        return OnnxEngine, (self._graph if isinstance(self._graph, bytes) else self._graph.read_bytes(),)

    def run(self, squares: npt.NDArray[np.uint8]) -> Floats:
        """The graph's first output (N, ...), float32, of squares (N, 3, S, S)."""
        return self.outputs(squares)[0]

    def outputs(self, squares: npt.NDArray[np.uint8], *, names: Sequence[str] | None = None) -> list[Floats]:
        """The graph's outputs (N, ...), float32, of squares (N, 3, S, S): those named, or all of them."""
        found: list[Floats] = self._session.run(names, {"squares": squares})
        return found


def keep_to_this_machine() -> None:
    """Keeps onnxruntime from telling its makers of each process and model, as its packages do from 1.29 on.

    It looks at the variable once, when it is imported (https://github.com/microsoft/onnxruntime/pull/27379); what the
    user has set stays.
    """
    os.environ.setdefault(NO_TELEMETRY, "1")


def open_graph(graph: Path, make: Callable[[], None]) -> OnnxEngine:
    """Onnxruntime on a graph of the cache, which is made where it is missing, and anew where it lies damaged.

    Args:
        graph: The ONNX file.
        make: Writes it.

    Returns:
        The engine.
    """
    if graph.exists():
        try:
            return OnnxEngine(graph)
        except Exception:  # Each of onnxruntime's errors derives from Exception alone.
            graph.unlink()
    make()
    return OnnxEngine(graph)


def noise_squares(count: int, size_px: int) -> npt.NDArray[np.uint8]:
    """Squares (count, 3, S, S) of seeded noise, to try a graph on."""
    return np.random.default_rng(0).integers(0, 256, (count, 3, size_px, size_px), dtype=np.uint8)


def relative_difference(found: Floats, expected: Floats) -> float:
    """Largest difference of two arrays of one shape, relative to the largest value that was expected (at least 1)."""
    return float(np.abs(found - expected).max() / max(1.0, float(np.abs(expected).max())))


class TorchEngine:
    """A module in eval mode on a device of torch's. Untested on CUDA and MPS beyond what the tests marked `gpu` do.

    Args:
        module: Takes squares (N, 3, S, S) and returns activations (N, ...).
        device: Where it runs.
    """

    batch_size = 32

    def __init__(self, module: "nn.Module", device: "torch.device") -> None:
        import torch

        self._device = device
        self._module = copy.deepcopy(module).eval().to(memory_format=torch.channels_last).to(device)

    def __reduce__(self) -> tuple[type["TorchEngine"], tuple["nn.Module", "torch.device"]]:
        """Another process runs the same module on its own device of the same type."""
        import torch

        return TorchEngine, (copy.deepcopy(self._module).cpu(), torch.device(self._device.type))

    def run(self, squares: npt.NDArray[np.uint8]) -> Floats:
        """Activations (N, ...), float32, of squares (N, 3, S, S)."""
        import torch

        with torch.inference_mode():
            activations: Floats = self._module(torch.from_numpy(squares).to(self._device)).float().cpu().numpy()
        return activations
