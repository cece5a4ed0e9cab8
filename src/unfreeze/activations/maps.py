"""What a network pools: the maps of features over positions whose averages its head reads.

They lie inside the graph that computes the features, so it need only be told to hand them out too.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats, OnnxEngine, noise_squares, relative_difference
from unfreeze.activations.graph_parts import Node, nodes_of, outputs_of, with_outputs

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
        model: The ONNX file.
        maps: Name of the tensor of maps, as `pooled_tensor` found it.
        features: Name of the output of features.
    """

    def __init__(self, model: bytes, *, maps: str, features: str) -> None:
        self._names = [maps, features]
        self._engine = OnnxEngine(with_outputs(model, [maps]))

    def run(self, squares: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """Maps and features of squares; may be called from several threads at once.

        Args:
            squares: Shape (N, 3, S, S), uint8.

        Returns:
            Maps (N, D, h, w) and features (N, D), float32; the mean of a map is its feature.
        """
        maps, features = self._engine.outputs(squares, names=self._names)
        return maps, features


def open_maps(graph: Path | bytes, *, size_px: int) -> MapEngine | None:
    """Opens a graph for its maps. Loads neither torch nor ONNX's library.

    Args:
        graph: The ONNX file of a body, or a bundle's with body and head; or its bytes.
        size_px: Side of the squares in pixels, to try the graph with.

    Returns:
        The engine; None where the features are no plain averages over positions.
    """
    model = graph if isinstance(graph, bytes) else graph.read_bytes()
    names = outputs_of(model)
    features = FEATURES if FEATURES in names else names[0]
    maps = pooled_tensor(nodes_of(model), features)
    if maps is None:
        return None
    engine = MapEngine(model, maps=maps, features=features)
    found, expected = engine.run(noise_squares(1, size_px))
    return engine if are_averages(found, expected) else None


def pooled_tensor(nodes: Sequence[Node], features: str) -> str | None:
    """What a graph averages into its features.

    Args:
        nodes: The graph's nodes.
        features: Name of the tensor of features.

    Returns:
        Name of the tensor that is averaged; None where the features come from another kind of node.
    """
    made_by = {name: node for node in nodes for name in node.outputs}
    node = made_by.get(features)
    while node is not None and node.operator in SHAPES_ALONE:
        node = made_by.get(node.inputs[0])
    return node.inputs[0] if node is not None and node.operator in AVERAGES else None


def are_averages(maps: Floats, features: Floats) -> bool:
    """Whether features (N, D) are the means of maps (N, D, h, w), up to rounding."""
    if maps.ndim != 4 or maps.shape[:2] != features.shape:
        return False
    return relative_difference(maps.mean((2, 3)), features) <= TOLERANCE
