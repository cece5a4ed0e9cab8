"""Fixtures for tests of deployment: a bundle with a random head on the packaged body."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.numpy import save_file

from unfreeze.activations.prefix import FrozenPrefix
from unfreeze.deploy.bundle import GRAPH_FILE, WEIGHTS_FILE, write_bundle_settings
from unfreeze.deploy.graph import add_head
from unfreeze.evaluation.certainty import Certainty, fit_certainty
from unfreeze.evaluation.novelty import fit_novelty
from unfreeze.network.build import build_network
from unfreeze.transforms.transform import Transform


@pytest.fixture(scope="session")
def body_graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged body for squares of 64 pixels as a graph, shared by the session."""
    graphs = tmp_path_factory.getbasetemp() / "graphs"  # where every test's cache looks
    graphs.mkdir(exist_ok=True)
    network = build_network(classes=2)
    return FrozenPrefix(network, "head", size_px=64, graphs=graphs, device=torch.device("cpu")).graph()


@pytest.fixture(scope="session")
def certainty() -> Certainty:
    """A temperature below 1, references in directions by chance, and sets."""
    random = np.random.default_rng(1)
    logits, targets = random.normal(0, 3, (60, 3)).astype(np.float32), random.integers(0, 3, 60)
    logits[np.arange(60), targets] += 4
    training, held_out = (np.abs(random.normal(size=(count, 1280))).astype(np.float32) for count in (30, 40))
    found = fit_certainty(logits, targets, novelty=fit_novelty(training, held_out))
    assert found.temperature != 1
    assert found.novelty
    assert found.sets
    return found


@pytest.fixture(scope="session")
def finished_bundle(body_graph: Path, certainty: Certainty, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole bundle; tests that change it take `bundle`."""
    folder = tmp_path_factory.mktemp("bundle")
    weight = np.random.default_rng(0).normal(0, 0.1, (3, 1280)).astype(np.float32)
    bias = np.array([0.5, 0.0, -0.5], np.float32)
    add_head(body_graph, folder / GRAPH_FILE, weight=weight, bias=bias, temperature=certainty.temperature)
    save_file({"head.weight": weight, "head.bias": bias}, folder / WEIGHTS_FILE)
    write_bundle_settings(
        folder,
        classes=["blue", "green", "röd"],
        backbone="efficientnet_lite0",
        transform=Transform(size_px=64, crop_share=0.875, seed=5),
        certainty=certainty,
    )
    return folder


@pytest.fixture
def bundle(finished_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, in a run folder of the test's own."""
    return shutil.copytree(finished_bundle, tmp_path / "run" / "model")


@pytest.fixture
def mean_body(tmp_path: Path) -> Path:
    """A body whose features are the means of the channels, to be checked on paper."""
    nodes = [
        helper.make_node("Cast", ["squares"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("GlobalAveragePool", ["floats"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["activations"]),
    ]
    squares = helper.make_tensor_value_info("squares", TensorProto.UINT8, ["batch", 3, 4, 4])
    features = helper.make_tensor_value_info("activations", TensorProto.FLOAT, ["batch", 3])
    graph = helper.make_graph(nodes, "means", [squares], [features])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), tmp_path / "b.onnx")
    return tmp_path / "b.onnx"
