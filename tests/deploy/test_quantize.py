"""A graph in eight bits: the body in whole numbers, the head as it was, and a bundle that says so."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from drawn import scene
from unfreeze.activations.engines import OnnxEngine
from unfreeze.activations.maps import open_maps
from unfreeze.deploy.bundle import open_bundle
from unfreeze.deploy.description import GRAPH_FILE, REFERENCES_FILE, WEIGHTS_FILE
from unfreeze.deploy.head import read_head
from unfreeze.deploy.predictor import Predictor
from unfreeze.deploy.probes import verify_bundle
from unfreeze.deploy.quantize import quantized_graph
from unfreeze.deploy.quantized_bundle import QUANTIZATION, write_quantized
from unfreeze.evaluation.activation_maps import through_graph
from unfreeze.evaluation.novelty import ROUNDING
from unfreeze.transforms.transform import Transform

SQUARES = np.stack([Transform(size_px=64)(scene(number)) for number in range(40)])


@pytest.fixture(scope="session")
def quantized(finished_bundle: Path) -> bytes:
    return quantized_graph((finished_bundle / GRAPH_FILE).read_bytes(), list(SQUARES[:8]))


def test_a_quarter_of_the_size_says_nearly_the_same(finished_bundle: Path, quantized: bytes) -> None:
    plain = (finished_bundle / GRAPH_FILE).read_bytes()
    assert 0.2 < len(quantized) / len(plain) < 0.35
    before, after = (OnnxEngine(graph).outputs(SQUARES[8:]) for graph in (plain, quantized))
    for one, other in zip(before, after, strict=True):
        assert one.shape == other.shape
        assert one.dtype == other.dtype
    assert 1e-4 < np.abs(before[0] - after[0]).mean() < 0.1
    assert np.corrcoef(before[1].ravel(), after[1].ravel())[0, 1] > 0.9


def test_the_head_stays_in_floating_point(finished_bundle: Path, quantized: bytes) -> None:
    plain, small = (onnx.load_from_string(data) for data in ((finished_bundle / GRAPH_FILE).read_bytes(), quantized))
    head = {each.name: each for each in plain.graph.initializer if each.name.startswith("head.")}
    kept = {each.name: each for each in small.graph.initializer if each.name in head}
    assert head.keys() == kept.keys()
    assert all(onnx.numpy_helper.to_array(kept[name]).dtype == np.float32 for name in head)
    before, after = (onnx.numpy_helper.to_array(each["head.weight"]) for each in (head, kept))
    assert np.array_equal(before, after)
    weights = {each.name: each.data_type for each in small.graph.initializer if each.name.endswith("_quantized")}
    assert {onnx.TensorProto.INT8} <= set(weights.values()) <= {onnx.TensorProto.INT8, onnx.TensorProto.INT32}


def test_eight_bits_show_where_they_looked(finished_bundle: Path, quantized: bytes) -> None:
    plain = (finished_bundle / GRAPH_FILE).read_bytes()
    squares, found = SQUARES[:3], []
    for graph in (plain, quantized):
        engine = open_maps(graph, size_px=64)
        assert engine
        found.append(through_graph(engine, read_head(graph))(squares, [0, 1, 2]))
    before, after = (each.evidence for each in found)
    assert np.array_equal(read_head(plain).weight, read_head(quantized).weight)
    assert found[1].logits[range(3), range(3)] == pytest.approx(after.mean((1, 2)), abs=1e-4)
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.9
    assert not np.array_equal(before, after)


def test_the_bundle_is_bounded_anew_and_verifies_itself(
    finished_bundle: Path, quantized: bytes, tmp_path: Path
) -> None:
    bundle = open_bundle(finished_bundle)
    assert bundle.novelty
    assert bundle.settings.sets
    probabilities, features = OnnxEngine(quantized).outputs(SQUARES)
    targets = np.arange(len(SQUARES)) % 3
    answers = (probabilities, features, targets)
    write_quantized(tmp_path, bundle, quantized, answers=answers, about={"kind": "int8"}, probes=list(SQUARES[:3]))
    found = open_bundle(tmp_path)
    assert found.graph == quantized
    assert found.settings.provenance[QUANTIZATION] == {"kind": "int8"}
    assert found.settings.temperature == bundle.settings.temperature
    for name in (WEIGHTS_FILE, REFERENCES_FILE):
        assert found.settings.sha256[name] == bundle.settings.sha256[name]
    assert found.novelty
    strange = np.sort(bundle.novelty.scores(features))
    assert found.novelty.bound.value == pytest.approx(strange[-2] + ROUNDING)  # 5 % of forty-one are two
    assert found.settings.sets
    assert found.settings.sets.count == len(SQUARES)
    assert found.settings.sets.least_probability != bundle.settings.sets.least_probability
    assert [probe.difference for probe in verify_bundle(tmp_path)] == [0.0] * 3
    assert Predictor(tmp_path).can_refuse
    (tmp_path / "plain").mkdir()
    write_quantized(tmp_path / "plain", bundle, quantized, answers=answers, about={})
    assert open_bundle(tmp_path / "plain").settings.probes == ()
