"""Stages of a torch network as a frozen prefix: its engine, its graph in the cache, and when it is another one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from small import small_network
from unfreeze.activations import prefix as prefix_module
from unfreeze.activations.engines import ExportMismatch, OnnxEngine, TorchEngine, noise_squares
from unfreeze.activations.prefix import FrozenPrefix, fingerprint
from unfreeze.errors import RunError
from unfreeze.network.build import build_network
from unfreeze.network.network import Network

CPU = torch.device("cpu")


def prefix_of(network: Network, graphs: Path, *, cut: str = "head", size_px: int = 64) -> FrozenPrefix:
    return FrozenPrefix(network, cut, size_px=size_px, graphs=graphs, device=CPU)


@pytest.mark.parametrize(
    "error", [ExportMismatch("too far off"), torch.onnx.OnnxExporterError("no such operator \x1b[96mred\nnext line")]
)
def test_torch_stands_in_where_the_export_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    if isinstance(error, ExportMismatch):
        monkeypatch.setattr(prefix_module, "export_graph", fail)
    else:
        monkeypatch.setattr(torch.onnx, "export", fail)
    network, squares = small_network(), noise_squares(3, 16)
    prefix = prefix_of(network, tmp_path, size_px=16)
    assert prefix.notes == []
    found = prefix.engine.run(squares)
    assert isinstance(prefix.engine, TorchEngine)
    assert not prefix.exportable
    assert prefix.notes == [f"the frozen part runs in torch, which is slower: {str(error)[:16].strip()}"]
    with torch.inference_mode():
        expected = network.prefix("head")(torch.from_numpy(squares)).numpy()
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


def test_what_is_known_not_to_be_exportable_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefix_module, "export_graph", lambda *_, **__: pytest.fail("it was tried"))
    prefix = prefix_of(small_network(), tmp_path)
    prefix.exportable = False
    assert isinstance(prefix.engine, TorchEngine)
    assert prefix.notes == []


def test_a_graph_is_exported_once_for_its_weights_and_size(
    packaged_prefix: FrozenPrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported: list[Path] = []
    network, ready = build_network(classes=9), packaged_prefix.graph()
    graphs = ready.parent
    monkeypatch.setattr(
        prefix_module, "export_graph", lambda module, path, **_: exported.append(Path(shutil.copy(ready, path)))
    )
    again = prefix_of(network, graphs)
    assert isinstance(again.engine, OnnxEngine)
    assert (exported, again.graph(), again.key) == ([], packaged_prefix.graph(), packaged_prefix.key)
    prefix_of(network, graphs, size_px=96).graph()
    with torch.no_grad():
        network.get_parameter("stages.stem.0.weight").add_(1)
    prefix_of(network, graphs).graph()
    assert len(set(exported)) == 2


def test_a_graph_that_lies_damaged_in_the_cache_is_exported_anew(packaged_prefix: FrozenPrefix, tmp_path: Path) -> None:
    prefix = prefix_of(build_network(classes=2), tmp_path)
    graph = tmp_path / packaged_prefix.graph().name
    graph.write_bytes(b"no graph")
    squares = np.zeros((1, 3, 64, 64), np.uint8)
    assert np.array_equal(prefix.engine.run(squares), packaged_prefix.engine.run(squares))
    assert graph.stat().st_size > 1_000_000
    assert prefix.notes == []


def test_a_prefix_ends_before_its_cut(tmp_path: Path) -> None:
    network, squares = small_network(), noise_squares(2, 16)
    prefix = prefix_of(network, tmp_path, cut="second", size_px=16)
    with torch.inference_mode():
        expected = network.prefix("second")(torch.from_numpy(squares)).numpy()
    assert prefix.key == network.prefix_hash("second")
    assert isinstance(prefix.engine, OnnxEngine)
    assert prefix.engine.run(squares).shape == expected.shape == (2, 4, 16, 16)
    np.testing.assert_allclose(prefix.engine.run(squares), expected, atol=1e-5)


def test_the_network_is_left_as_it_is(
    packaged_prefix: FrozenPrefix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = packaged_prefix.graph()
    monkeypatch.setattr(
        prefix_module, "export_graph", lambda module, path, **_: module.train() and shutil.copy(ready, path)
    )
    network = small_network()
    before = fingerprint(network)
    prefix_of(network, tmp_path).graph()
    assert fingerprint(network) == before
    assert not any(module.training for module in network.modules())


def test_a_folder_of_graphs_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match=r"cannot be written .* set UNFREEZE_CACHE"):
        _ = prefix_of(small_network(), tmp_path / "file", size_px=16).engine


OPTIMIZERS: dict[str, Callable[[Network], torch.optim.Optimizer]] = {
    "sgd, a tensor at a time": lambda network: torch.optim.SGD(network.parameters(), lr=0.1, foreach=False),
    "sgd, all at once": lambda network: torch.optim.SGD(network.parameters(), lr=0.1, foreach=True),
    "momentum, all at once": lambda network: torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, foreach=True),
    "adam, all at once": lambda network: torch.optim.Adam(network.parameters(), lr=0.1, foreach=True),
}


def with_gradients(network: Network) -> Network:
    for parameter in network.parameters():
        parameter.requires_grad_(True)
        parameter.grad = torch.ones_like(parameter)
    return network


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizers_step_changes_the_fingerprint(name: str) -> None:
    network = with_gradients(small_network())
    optimizer, found = OPTIMIZERS[name](network), [fingerprint(network.prefix("head"))]
    for _ in range(3):
        optimizer.step()
        found.append(fingerprint(network.prefix("head")))
    assert len(set(found)) == 4


def test_reading_and_training_what_lies_behind_leave_the_fingerprint() -> None:
    network = small_network()
    before = fingerprint(network.prefix("head"))
    network.freeze_to(2)
    network.training_mode()
    network(torch.from_numpy(noise_squares(2, 16))).sum().backward()
    torch.optim.SGD(network.group_parameters("head"), lr=1.0).step()
    network.prefix_hash("head")
    assert fingerprint(network.prefix("head")) == before


def test_moving_statistics_change_the_fingerprint() -> None:
    network = small_network()
    network.batch_norm = "train"
    network.freeze_to(0)
    network.training_mode()
    before = fingerprint(network.prefix("head"))
    network(torch.from_numpy(noise_squares(2, 16)))
    assert fingerprint(network.prefix("head")) != before


def test_an_exchanged_tensor_changes_the_fingerprint() -> None:
    network = small_network()
    before = fingerprint(network.prefix("head"))
    first = network.stages["first"][0]  # type: ignore[index]
    first.weight = nn.Parameter(first.weight.detach().clone())
    assert fingerprint(network.prefix("head")) != before


def test_restoring_weights_gives_another_fingerprint_and_the_old_key(tmp_path: Path) -> None:
    network = with_gradients(small_network())
    kept = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    key = prefix_of(network, tmp_path).key
    torch.optim.SGD(network.parameters(), lr=0.1).step()
    trained, state = prefix_of(network, tmp_path).key, fingerprint(network.prefix("head"))
    network.load_state_dict(kept)
    assert fingerprint(network.prefix("head")) != state
    assert prefix_of(network, tmp_path).key == key != trained
