"""A model's graph in whole numbers of eight bits: a quarter of the size, calibrated on real pictures."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from unfreeze.activations.engines import keep_to_this_machine

WEIGHTED = ("Conv", "Gemm", "MatMul")
"""What has weights; all else is computed on what these leave."""

HEAD = "head."
"""What the names of the head's parts begin with: it stays as it is, small as it is, and decides alone."""


def quantized_graph(graph: bytes, squares: Iterable[npt.NDArray[np.uint8]], *, work: Path | None = None) -> bytes:
    """Quantizes the body of a model's graph statically; its head stays in floating point.

    Weights are of int8 with a scale for each channel, activations of uint8 with a scale from the least and greatest
    values on the calibration pictures. Weights take seven bits, because without VNNI instructions the sums of eight
    by eight bits overflow on a CPU (onnxruntime's `reduce_range`).

    Args:
        graph: The model: squares (N, 3, S, S) in, probabilities and features out.
        squares: Calibration pictures (3, S, S), taken one by one.
        work: Where intermediate files lie for a while; the system's folder unless said otherwise.

    Returns:
        A graph with the same input and outputs.
    """
    keep_to_this_machine()
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory(dir=work) as folder:
        plain, ready, made = (Path(folder) / name for name in ("plain.onnx", "ready.onnx", "made.onnx"))
        plain.write_bytes(graph)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            made,
            _Squares(squares),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            nodes_to_exclude=_head_nodes(onnx.load(ready)),
        )
        return made.read_bytes()


def _head_nodes(model: onnx.ModelProto) -> list[str]:
    """Names of the nodes from the pooled features on, found backwards from the probabilities."""
    makers = {name: node for node in model.graph.node for name in node.output}
    waiting, found = [output.name for output in model.graph.output], []
    while waiting:
        node = makers.get(waiting.pop())
        if node is None or (node.op_type in WEIGHTED and not _is_head(node)):
            continue
        found.append(node.name)
        waiting.extend(node.input)
    return found


def _is_head(node: onnx.NodeProto) -> bool:
    return any(name.startswith(HEAD) for name in node.input)


class _Squares:
    """Calibration pictures as onnxruntime takes them.

    Args:
        squares: Pictures (3, S, S).
    """

    def __init__(self, squares: Iterable[npt.NDArray[np.uint8]]) -> None:
        self._left: Iterator[npt.NDArray[np.uint8]] = iter(squares)

    def get_next(self) -> dict[str, Any] | None:
        """The next picture; None at the end."""
        square = next(self._left, None)
        return None if square is None else {"squares": square[np.newaxis]}
