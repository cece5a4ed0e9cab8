"""Fixtures for tests of activations: one exported graph for the session."""

import pytest
import torch

from unfreeze.activations.prefix import FrozenPrefix
from unfreeze.network.build import build_network


@pytest.fixture(scope="session")
def packaged_prefix(tmp_path_factory: pytest.TempPathFactory) -> FrozenPrefix:
    """The packaged body before the head for squares of 64 pixels, with its graph exported."""
    graphs = tmp_path_factory.getbasetemp() / "graphs"  # where every test's cache looks
    graphs.mkdir(exist_ok=True)
    network = build_network(classes=2)
    prefix = FrozenPrefix(network, "head", size_px=64, graphs=graphs, device=torch.device("cpu"))
    prefix.graph()
    return prefix
