"""The head inside a bundle's graph, read where only prediction is installed."""

from unfreeze.activations.graph_parts import floats_of
from unfreeze.training.head import LinearHead

HEAD_WEIGHT, HEAD_BIAS = "head.weight", "head.bias"
"""The head's arrays in a bundle's graph."""


def read_head(graph: bytes) -> LinearHead:
    """The head of a bundle's graph.

    Args:
        graph: A graph that `add_head` wrote, in eight bits or not.

    Returns:
        Its weight and bias.
    """
    return LinearHead(floats_of(graph, HEAD_WEIGHT), floats_of(graph, HEAD_BIAS))
