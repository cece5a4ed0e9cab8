"""Graphs without weights: tracing a network takes seconds, filling a traced graph with weights a moment.

Those of the packaged backbones are shipped, made by `make graphs`; others are kept in the cache once they were traced.
BatchNorm stays a node of its own, so that every weight keeps its name; onnxruntime folds it when it loads the graph.
"""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx

from unfreeze.activations.shipped import SHIPPED_STRIDE, shipped
from unfreeze.cache import cache_folder
from unfreeze.files import write_whole

LEFT_OUT = "weight"
"""Marks in a graph what is to be filled in."""


def strip(model: onnx.ModelProto, weights: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    """A graph without its weights, for squares of any side.

    Args:
        model: The graph.
        weights: The arrays to leave out, by the names that they have in the graph.

    Returns:
        A new graph; the types and shapes of what was left out remain.
    """
    skeleton = onnx.ModelProto()
    skeleton.CopyFrom(model)
    for tensor in skeleton.graph.initializer:
        if tensor.name in weights:
            tensor.ClearField("raw_data")
            tensor.doc_string = LEFT_OUT
    for node in skeleton.graph.node:
        del node.metadata_props[:]  # where in the code each node came from
    del skeleton.graph.value_info[:]
    sides = skeleton.graph.input[0].type.tensor_type.shape.dim[2:]
    for side in sides:
        side.dim_param = "side"
    return skeleton


def fill(skeleton: onnx.ModelProto, weights: Mapping[str, np.ndarray]) -> onnx.ModelProto | None:
    """A graph with weights.

    Args:
        skeleton: What `strip` left.
        weights: Arrays by the names that they have in the graph.

    Returns:
        A new graph; None where a weight is missing or has another shape.
    """
    model = onnx.ModelProto()
    model.CopyFrom(skeleton)
    for tensor in model.graph.initializer:
        if tensor.doc_string != LEFT_OUT:
            continue
        found = weights.get(tensor.name)
        if found is None or found.shape != tuple(tensor.dims):
            return None
        tensor.ClearField("doc_string")
        tensor.raw_data = found.tobytes()
    return model


def known_skeletons(name: str, size_px: int) -> Iterator[onnx.ModelProto]:
    """The graphs without weights that may fit, the shipped one first.

    Args:
        name: Names backbone and cut.
        size_px: Side of the squares in pixels.

    Yields:
        Graphs; whether one fits is for the caller to check.
    """
    if size_px % SHIPPED_STRIDE == 0 and shipped(f"{name}.onnx").is_file():
        yield onnx.load_model_from_string(shipped(f"{name}.onnx").read_bytes())
    kept = _kept(name, size_px)
    if kept.is_file():
        yield onnx.load(kept)


def keep_skeleton(skeleton: onnx.ModelProto, name: str, size_px: int) -> None:
    """Keeps a graph without weights in the cache.

    Args:
        skeleton: The graph.
        name: Names backbone and cut.
        size_px: Side of the squares in pixels.
    """
    write_whole(_kept(name, size_px), skeleton.SerializeToString())


def _kept(name: str, size_px: int) -> Path:
    """Another version of torch or timm may trace another graph."""
    return cache_folder("skeletons") / f"{name}-{size_px}-torch{version('torch')}-timm{version('timm')}.onnx"
