"""Puts a head onto an exported body: the graph that a bundle ships."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from unfreeze.activations.engines import Floats
from unfreeze.deploy.head import HEAD_BIAS, HEAD_WEIGHT
from unfreeze.files import write_whole
from unfreeze.training.objective import EXCLUSIVE, INDEPENDENT, Objective

OPERATORS: dict[str, tuple[str, dict[str, Any]]] = {
    EXCLUSIVE.output: ("Softmax", {"axis": 1}),
    INDEPENDENT.output: ("Sigmoid", {}),
}
"""What makes probabilities of logits, with its attributes."""


def add_head(
    body: Path, path: Path, *, weight: Floats, bias: Floats, objective: Objective = EXCLUSIVE, temperature: float = 1.0
) -> None:
    """Appends a linear layer, a temperature, and a softmax or a sigmoid, to an exported body.

    The head was trained on features that are stored in half precision, and the table of predictions comes from those,
    so the graph rounds them likewise: otherwise its answers would differ from the table's by up to a thousandth.

    Args:
        body: Graph from "squares" (N, 3, S, S) to pooled features (N, D).
        path: The graph to write: its outputs are "probabilities" (N, C) and "features" (N, D).
        weight: The linear layer's weight, shape (C, D).
        bias: The linear layer's bias, shape (C,).
        objective: What was learned: it decides how probabilities are made.
        temperature: What logits are divided by; weight and bias stay as they are.
    """
    model = onnx.load(body)
    graph = model.graph
    features = graph.output[0].name
    graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(weight, np.float32), HEAD_WEIGHT))
    graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(bias, np.float32), HEAD_BIAS))
    graph.initializer.append(numpy_helper.from_array(np.array(temperature, np.float32), "head.temperature"))
    operator, attributes = OPERATORS[objective.output]
    graph.node.extend(
        [
            helper.make_node("Cast", [features], ["head.half"], to=TensorProto.FLOAT16),
            helper.make_node("Cast", ["head.half"], ["head.rounded"], to=TensorProto.FLOAT),
            helper.make_node("Gemm", ["head.rounded", HEAD_WEIGHT, HEAD_BIAS], ["logits"], transB=1),
            helper.make_node("Div", ["logits", "head.temperature"], ["calibrated"]),
            helper.make_node(operator, ["calibrated"], ["probabilities"], **attributes),
        ]
    )
    graph.node.append(helper.make_node("Identity", [features], ["features"]))
    classes, width = map(int, weight.shape)
    del graph.output[:]
    graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", columns])
        for name, columns in (("probabilities", classes), ("features", width))
    )
    onnx.checker.check_model(model)
    write_whole(path, model.SerializeToString())
