"""The maps inside a graph: handed out unchanged, and only where their means are the features."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from unfreeze.activations.engines import noise_squares, relative_difference
from unfreeze.activations.graph_parts import nodes_of
from unfreeze.activations.maps import TOLERANCE, are_averages, open_maps, pooled_tensor
from unfreeze.activations.packaged import PackagedPrefix
from unfreeze.activations.prefix import FrozenPrefix
from unfreeze.network.backbones import PACKAGED
from unfreeze.network.build import build_network


@pytest.mark.parametrize("backbone", PACKAGED)
def test_maps_of_packaged_bodies_are_those_of_torch(backbone: str, tmp_path: Path) -> None:
    squares = noise_squares(2, 96)[::-1].copy()
    engine = open_maps(PackagedPrefix(backbone, graphs=tmp_path).graph(), size_px=96)
    assert engine
    maps, features = engine.run(squares)
    with torch.inference_mode():
        expected = build_network(backbone, classes=2).prefix("pool")(torch.from_numpy(squares)).numpy()
    assert maps.shape == expected.shape == (2, 1280, 3, 3)
    assert relative_difference(maps, expected) < TOLERANCE
    assert relative_difference(maps.mean((2, 3)), features) < TOLERANCE
    assert relative_difference(maps[::-1], expected) > 100 * TOLERANCE


def test_the_cached_graph_stays_as_it_was(packaged_prefix: FrozenPrefix) -> None:
    before = packaged_prefix.graph().read_bytes()
    assert open_maps(packaged_prefix.graph(), size_px=64)
    assert packaged_prefix.graph().read_bytes() == before


def graph(*nodes: onnx.NodeProto, outputs: tuple[str, ...]) -> onnx.ModelProto:
    """Squares scaled to floats as maps, then the nodes given."""
    made = helper.make_graph(
        [helper.make_node("Cast", ["squares"], ["maps"], to=TensorProto.FLOAT), *nodes],
        "graph",
        [helper.make_tensor_value_info("squares", TensorProto.UINT8, ["batch", 3, "side", "side"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


AVERAGE = helper.make_node("ReduceMean", ["maps"], ["mean"], axes=[2, 3], keepdims=1)
FLAT = helper.make_node("Flatten", ["mean"], ["features"])
ROWS_ALONE = helper.make_node("ReduceMean", ["maps"], ["mean"], axes=[2], keepdims=1)
HIGHEST = helper.make_node("GlobalMaxPool", ["maps"], ["mean"])
LAST_LAYER = helper.make_node("Relu", ["features"], ["probabilities"])


@pytest.mark.parametrize(
    ("nodes", "outputs", "found"),
    [
        ((AVERAGE, FLAT), ("features",), True),
        ((AVERAGE, FLAT, LAST_LAYER), ("probabilities", "features"), True),
        ((AVERAGE, FLAT, LAST_LAYER), ("probabilities",), False),
        ((ROWS_ALONE, FLAT), ("features",), False),
        ((HIGHEST, FLAT), ("features",), False),
    ],
    ids=["body", "bundle", "layer behind", "half an average", "maximum"],
)
def test_only_plain_averages_have_maps(
    nodes: tuple[onnx.NodeProto, ...], outputs: tuple[str, ...], found: bool, tmp_path: Path
) -> None:
    onnx.save(graph(*nodes, outputs=outputs), tmp_path / "graph.onnx")
    engine = open_maps(tmp_path / "graph.onnx", size_px=32)
    assert bool(engine) is found
    if engine:
        squares = noise_squares(3, 32)
        assert np.array_equal(engine.run(squares)[0], squares.astype(np.float32))


def test_a_graph_whose_features_are_its_input_averages_nothing() -> None:
    assert pooled_tensor(nodes_of(graph(outputs=("maps",)).SerializeToString()), "squares") is None


def test_averages_of_another_number_of_features_are_none() -> None:
    maps = np.ones((1, 3, 2, 2), np.float32)
    assert are_averages(maps, np.ones((1, 3), np.float32))
    assert not are_averages(maps, np.ones((1, 2), np.float32))
    assert not are_averages(maps, np.array([[1.0, 1.0, 1.01]], np.float32))
