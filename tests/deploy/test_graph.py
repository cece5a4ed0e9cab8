"""A body with a head on top is softmax(features · weightᵀ + bias), beside the features themselves."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from unfreeze.activations.engines import OnnxEngine, noise_squares
from unfreeze.deploy.graph import add_head
from unfreeze.training.objective import EXCLUSIVE, INDEPENDENT


def softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    powers: npt.NDArray[np.float64] = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def test_probabilities_can_be_checked_on_paper(mean_body: Path, tmp_path: Path) -> None:
    weight = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    add_head(mean_body, tmp_path / "m.onnx", weight=weight, bias=np.array([0, 1], np.float32))
    squares = np.zeros((2, 3, 4, 4), np.uint8)
    squares[0, 0], squares[1, 1] = 1, 2  # means (1, 0, 0) and (0, 2, 0): logits (1, 1) and (0, 3)
    probabilities, features = OnnxEngine(tmp_path / "m.onnx").outputs(squares)
    assert features.tolist() == [[1, 0, 0], [0, 2, 0]]
    np.testing.assert_allclose(probabilities, [[0.5, 0.5], [1 / (1 + np.e**3), 1 / (1 + np.e**-3)]], rtol=1e-6)


def test_large_logits_do_not_overflow(mean_body: Path, tmp_path: Path) -> None:
    weight = np.array([[1000, 0, 0], [0, 0, 0]], np.float32)
    add_head(mean_body, tmp_path / "m.onnx", weight=weight, bias=np.zeros(2, np.float32))
    squares = np.full((1, 3, 4, 4), 255, np.uint8)
    assert OnnxEngine(tmp_path / "m.onnx").run(squares).tolist() == [[1, 0]]


def test_a_head_on_the_packaged_body_is_a_linear_layer_and_a_softmax(body_graph: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    weight, bias = random.normal(0, 0.1, (1280, 5)).astype(np.float32).T, random.normal(0, 1, 5)
    add_head(body_graph, tmp_path / "m.onnx", weight=weight, bias=bias.astype(np.float32))
    squares = noise_squares(3, 64)
    probabilities, features = OnnxEngine(tmp_path / "m.onnx").outputs(squares)
    assert np.array_equal(features, OnnxEngine(body_graph).run(squares))
    rounded = features.astype(np.float16).astype(np.float64)  # as the head was trained on them
    expected = softmax(rounded @ weight.T.astype(np.float64) + bias)
    assert expected.std() > 0.05
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    assert probabilities.shape == (3, 5)


def test_a_graph_names_its_ends_and_leaves_the_body_alone(mean_body: Path, tmp_path: Path) -> None:
    before = mean_body.read_bytes()
    add_head(mean_body, tmp_path / "m.onnx", weight=np.ones((7, 3), np.float32), bias=np.ones(7, np.float32))
    outputs = {
        node.name: [dim.dim_param or dim.dim_value for dim in node.type.tensor_type.shape.dim]
        for node in onnx.load(tmp_path / "m.onnx").graph.output
    }
    assert list(outputs.items()) == [("probabilities", ["batch", 7]), ("features", ["batch", 3])]
    assert mean_body.read_bytes() == before


def test_labels_that_are_independent_get_a_sigmoid_each(mean_body: Path, tmp_path: Path) -> None:
    weight = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    bias = np.array([0, 1], np.float32)
    add_head(mean_body, tmp_path / "m.onnx", weight=weight, bias=bias, objective=INDEPENDENT)
    squares = np.zeros((2, 3, 4, 4), np.uint8)
    squares[0, 0], squares[1, 1] = 1, 2  # logits (1, 1) and (0, 3)
    sure, surer = 1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(-3.0))
    np.testing.assert_allclose(OnnxEngine(tmp_path / "m.onnx").run(squares), [[sure, sure], [0.5, surer]], rtol=1e-6)


def test_a_temperature_divides_the_logits(mean_body: Path, tmp_path: Path) -> None:
    weight, bias = np.array([[1, 0, 0], [0, 1, 0]], np.float32), np.array([0, 1], np.float32)
    squares = np.zeros((1, 3, 4, 4), np.uint8)
    squares[0, 1] = 2  # logits (0, 3)
    for objective, expected in (
        (EXCLUSIVE, [1 / (1 + np.e**1.5), 1 / (1 + np.e**-1.5)]),
        (INDEPENDENT, [0.5, 1 / (1 + np.e**-1.5)]),
    ):
        add_head(mean_body, tmp_path / "m.onnx", weight=weight, bias=bias, objective=objective, temperature=2.0)
        probabilities, features = OnnxEngine(tmp_path / "m.onnx").outputs(squares)
        np.testing.assert_allclose(probabilities, [expected], rtol=1e-6)
        assert features.tolist() == [[0, 2, 0]]
