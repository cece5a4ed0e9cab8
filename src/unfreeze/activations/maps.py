"""What a network pools: the maps of features over positions whose averages its head reads.

They lie inside the graph that computes the features, so it need only be told to hand them out too.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats, OnnxEngine, noise_squares, relative_difference

if TYPE_CHECKING:
    import onnx

TOLERANCE = 1e-4
"""Largest difference of a map's mean from its feature that is taken for rounding, relative to the largest feature."""

FEATURES = "features"
"""The output of a bundle's graph that holds the pooled features; graphs of a body alone have no other output."""

AVERAGES = ("ReduceMean", "GlobalAveragePool")
SHAPES_ALONE = ("Reshape", "Flatten", "Squeeze", "Identity")
"""Nodes that hand on the values that they are given."""


class MapEngine:
    """A graph whose features are averages over positions, run so that the maps come out beside the features.

    Args:
        model: The graph with its weights.
        maps: Name of the tensor of maps, as `pooled_tensor` found it.
        features: Name of the tensor of features.
    """

    def __init__(self, model: "onnx.ModelProto", *, maps: str, features: str) -> None:
        from onnx import TensorProto, helper

        del model.graph.output[:]
        model.graph.output.extend(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (features, maps)
        )
        self._engine = OnnxEngine(model.SerializeToString())

    def run(self, squares: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """Maps and features of squares; may be called from several threads at once.

        Args:
            squares: Shape (N, 3, S, S), uint8.

        Returns:
            Maps (N, D, h, w) and features (N, D), float32; the mean of a map is its feature.
        """
        features, maps = self._engine.outputs(squares)
        return maps, features


def open_maps(graph: Path | bytes, *, size_px: int) -> MapEngine | None:
    """Opens a graph for its maps. Loads no torch.

    Args:
        graph: The ONNX file of a body, or a bundle's with body and head; or its bytes.
        size_px: Side of the squares in pixels, to try the graph with.

    Returns:
        The engine; None where the features are no plain averages over positions.
    """
    import onnx

    model = onnx.load_from_string(graph) if isinstance(graph, bytes) else onnx.load(graph)
    names = [output.name for output in model.graph.output]
    features = FEATURES if FEATURES in names else names[0]
    maps = pooled_tensor(model, features)
    if maps is None:
        return None
    engine = MapEngine(model, maps=maps, features=features)
    found, expected = engine.run(noise_squares(1, size_px))
    return engine if are_averages(found, expected) else None


def pooled_tensor(model: "onnx.ModelProto", features: str) -> str | None:
    """What a graph averages into its features.

    Args:
        model: The graph.
        features: Name of the tensor of features.

    Returns:
        Name of the tensor that is averaged; None where the features come from another kind of node.
    """
    made_by = {name: node for node in model.graph.node for name in node.output}
    node = made_by.get(features)
    while node is not None and node.op_type in SHAPES_ALONE:
        node = made_by.get(node.input[0])
    return str(node.input[0]) if node is not None and node.op_type in AVERAGES else None


def are_averages(maps: Floats, features: Floats) -> bool:
    """Whether features (N, D) are the means of maps (N, D, h, w), up to rounding."""
    if maps.ndim != 4 or maps.shape[:2] != features.shape:
        return False
    return relative_difference(maps.mean((2, 3)), features) <= TOLERANCE
