"""Puts a head onto an exported body: the graph that a bundle ships."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from unfreeze.activations.engines import Floats
from unfreeze.files import write_whole


def add_head(body: Path, path: Path, *, weight: Floats, bias: Floats, classes: int) -> None:
    """Appends a linear layer and a softmax to an exported body.

    Args:
        body: Graph from "squares" (N, 3, S, S) to pooled features (N, D).
        path: The graph to write: its outputs are "probabilities" (N, C) and "features" (N, D).
        weight: The linear layer's weight, shape (C, D).
        bias: The linear layer's bias, shape (C,).
        classes: Number of classes, C.
    """
    model = onnx.load(body)
    graph = model.graph
    features = graph.output[0].name
    graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(weight, np.float32), "head.weight"))
    graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(bias, np.float32), "head.bias"))
    graph.node.append(helper.make_node("Gemm", [features, "head.weight", "head.bias"], ["logits"], transB=1))
    graph.node.append(helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1))
    graph.node.append(helper.make_node("Identity", [features], ["features"]))
    width = int(weight.shape[1])
    del graph.output[:]
    graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", columns])
        for name, columns in (("probabilities", classes), ("features", width))
    )
    onnx.checker.check_model(model)
    write_whole(path, model.SerializeToString())
