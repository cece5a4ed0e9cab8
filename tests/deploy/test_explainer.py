"""Asking a bundle why: exact through its graph without torch, by gradients where the graph averages nothing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from unfreeze.activations.engines import OnnxEngine, noise_squares
from unfreeze.activations.prefix import FrozenPrefix
from unfreeze.deploy.bundle import GRAPH_FILE, WEIGHTS_FILE, write_bundle_settings
from unfreeze.deploy.explainer import open_explainer
from unfreeze.deploy.graph import add_head
from unfreeze.errors import BundleError
from unfreeze.evaluation.certainty import Certainty
from unfreeze.network.build import build_network
from unfreeze.training.objective import EXCLUSIVE
from unfreeze.transforms.transform import Transform

NAMES = ("blue", "green", "red")


def write_bundle(folder: Path, backbone: str, *, size_px: int = 64) -> Path:
    """A bundle of a body at a random start, with a random head."""
    network = build_network(backbone, classes=len(NAMES), pretrained=False)
    torch.nn.init.normal_(network.classifier.weight, generator=torch.Generator().manual_seed(0))
    weight, bias = (part.detach().numpy() for part in (network.classifier.weight, network.classifier.bias))
    body = FrozenPrefix(network, "head", size_px=size_px, graphs=folder, device=torch.device("cpu")).graph()
    add_head(body, folder / GRAPH_FILE, weight=weight, bias=bias)
    arrays = {name: t.numpy() for name, t in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    save_file(arrays, folder / WEIGHTS_FILE)
    write_bundle_settings(folder, classes=NAMES, backbone=backbone, transform=Transform(size_px=size_px))
    return folder


def test_the_mean_of_the_evidence_is_the_logit_that_the_graph_says(bundle: Path, certainty: Certainty) -> None:
    squares = noise_squares(10, 64)
    asked = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    found = open_explainer(bundle)(squares, asked)
    assert found.exact
    assert found.classes.tolist() == asked
    assert found.evidence.shape == (10, 2, 2)
    assert found.evidence.mean((1, 2)) == pytest.approx(found.logits[range(10), asked], abs=1e-4)
    said = OnnxEngine(bundle / GRAPH_FILE).run(squares)
    assert EXCLUSIVE.probabilities(found.logits / certainty.temperature) == pytest.approx(
        said, abs=4e-3
    )  # the graph rounds features to half precision
    assert open_explainer(bundle)(squares, None).classes.tolist() == said.argmax(1).tolist()


def test_a_network_that_pools_before_its_last_layer_is_asked_by_torch(tmp_path: Path) -> None:
    squares = noise_squares(3, 64)
    found = open_explainer(write_bundle(tmp_path, "mobilenetv3_small_050"))(squares, None)
    assert not found.exact
    assert found.evidence.shape == (3, 2, 2)
    assert np.ptp(found.evidence) > 0
    said = OnnxEngine(tmp_path / GRAPH_FILE).run(squares)
    assert EXCLUSIVE.probabilities(found.logits) == pytest.approx(said, abs=5e-3)
    assert found.classes.tolist() == said.argmax(1).tolist()


def test_weights_that_are_not_the_graphs_are_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path, "mobilenetv3_small_050")
    arrays = load_file(folder / WEIGHTS_FILE)
    name = next(name for name in arrays if name.startswith("stages.block"))

    def expect(message: str, changed: dict[str, np.ndarray], backbone: str = "mobilenetv3_small_050") -> None:
        save_file(changed, folder / WEIGHTS_FILE)
        write_bundle_settings(folder, classes=NAMES, backbone=backbone, transform=Transform(size_px=64))
        with pytest.raises(BundleError, match=message):
            open_explainer(folder)

    expect("its features differ from the graph's", {**arrays, name: arrays[name] + 1})
    expect(f"its weights do not fit, such as {name}", {other: a for other, a in arrays.items() if other != name})
    expect("size mismatch", {**arrays, name: arrays[name][:1]})
    expect("no_such", arrays, backbone="no_such")


@pytest.mark.parametrize("backbone", ["test_vit", "test_vit_relpos"], ids=["in stages", "in one piece"])
def test_a_vision_transformer_gives_a_map(tmp_path: Path, backbone: str) -> None:
    found = open_explainer(write_bundle(tmp_path, backbone, size_px=160))(noise_squares(2, 160), None)
    assert not found.exact
    assert found.evidence.shape == (2, 10, 10)
    assert np.ptp(found.evidence) > 0


def test_no_torch_is_loaded_where_the_graph_averages_maps(bundle: Path) -> None:
    code = (
        "import sys, numpy as np; from unfreeze.deploy.explainer import open_explainer;"
        f"open_explainer({str(bundle)!r})(np.zeros((1, 3, 64, 64), np.uint8), None);"
        "assert not {'torch', 'timm', 'sklearn', 'matplotlib', 'onnx'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
