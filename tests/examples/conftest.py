"""A bundle for the examples: a random head on the packaged body, with references and probes."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from drawn import scene
from unfreeze.activations.engines import OnnxEngine
from unfreeze.activations.prefix import FrozenPrefix
from unfreeze.deploy.bundle import GRAPH_FILE, WEIGHTS_FILE, write_bundle_settings
from unfreeze.deploy.graph import add_head
from unfreeze.deploy.probes import write_probes
from unfreeze.evaluation.certainty import fit_certainty
from unfreeze.evaluation.novelty import fit_novelty
from unfreeze.network.build import build_network
from unfreeze.transforms.transform import Transform

TRANSFORM = Transform(size_px=64, crop_share=0.875)


@pytest.fixture(scope="session")
def whole_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole bundle; tests take `example_bundle`, a copy of it."""
    folder, graphs = tmp_path_factory.mktemp("bundle"), tmp_path_factory.getbasetemp() / "graphs"
    graphs.mkdir(exist_ok=True)
    body = FrozenPrefix(build_network(classes=2), "head", size_px=64, graphs=graphs, device=torch.device("cpu")).graph()
    random = np.random.default_rng(0)
    head = {"weight": random.normal(0, 0.1, (3, 1280)).astype(np.float32), "bias": np.zeros(3, np.float32)}
    squares = np.stack([TRANSFORM(scene(number)) for number in range(60)])
    features = OnnxEngine(body).run(squares)
    logits, targets = features @ head["weight"].T, random.integers(0, 3, 60)
    certainty = fit_certainty(logits, targets, novelty=fit_novelty(features[:20], features[20:]))
    weight, bias = head["weight"], head["bias"]
    add_head(body, folder / GRAPH_FILE, weight=weight, bias=bias, temperature=certainty.temperature)
    save_file(head, folder / WEIGHTS_FILE)
    write_bundle_settings(
        folder,
        classes=["blue", "green", "röd"],
        backbone="efficientnet_lite0",
        transform=TRANSFORM,
        certainty=certainty,
        probes=write_probes(folder, squares[:16], graph=folder / GRAPH_FILE, novelty=certainty.novelty),
    )
    return folder


@pytest.fixture
def example_bundle(whole_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the test's own."""
    return shutil.copytree(whole_bundle, tmp_path_factory.mktemp("example") / "model")
