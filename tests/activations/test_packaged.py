"""Packaged bodies opened without torch: the same features, the same name, and nothing used that is not right."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from unfreeze.activations import packaged as packaged_module
from unfreeze.activations.engines import noise_squares, relative_difference
from unfreeze.activations.packaged import TOLERANCE, PackagedPrefix
from unfreeze.activations.shipped import SHIPPED_STRIDE
from unfreeze.errors import BackboneError
from unfreeze.network.backbones import PACKAGED
from unfreeze.network.build import build_network
from unfreeze.network.network import Network
from unfreeze.network.packaged import Arrays, read_packaged

LITE0 = "efficientnet_lite0"


@dataclass(frozen=True)
class Body:
    """A packaged body, without torch and with it."""

    prefix: PackagedPrefix
    network: Network


@pytest.fixture(scope="module", params=PACKAGED)
def body(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Body:
    folder = tmp_path_factory.mktemp("graphs")
    return Body(PackagedPrefix(request.param, graphs=folder), build_network(request.param, classes=2))


def test_the_name_is_the_networks(body: Body) -> None:
    assert body.prefix.key == body.network.prefix_hash("head")
    assert body.prefix.width == body.network.features
    assert body.prefix.notes == []


@pytest.mark.parametrize("size_px", [224, 96])
def test_features_are_those_of_torch(body: Body, size_px: int) -> None:
    squares = noise_squares(2, size_px)[::-1].copy()  # others than the graph is tried on
    with torch.inference_mode():
        expected = body.network.prefix("head")(torch.from_numpy(squares)).numpy()
    found = np.concatenate([body.prefix.engine.run(square[np.newaxis]) for square in squares])
    assert (found.shape, found.dtype) == ((2, body.prefix.width), np.dtype(np.float32))
    assert relative_difference(found, expected) < TOLERANCE
    assert relative_difference(found[::-1], expected) > 100 * TOLERANCE  # the squares differ by more than the engines


def test_weights_are_those_of_the_network(body: Body) -> None:
    state = body.network.prefix("head").state_dict()
    expected = {name: tensor.numpy() for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    found = body.prefix.weights()
    assert sorted(found) == sorted(expected)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_a_shipped_graph_serves_packaged_backbones_at_the_sizes_that_it_holds_for() -> None:
    assert all(PackagedPrefix.serves(name, size_px) for name in PACKAGED for size_px in (SHIPPED_STRIDE, 96, 224, 256))
    assert not any(PackagedPrefix.serves(LITE0, size_px) for size_px in (33, 100, 225, 240, 260))
    assert not any(PackagedPrefix.serves(name, 224) for name in ("tf_efficientnet_lite0", "resnet18", ""))


def spoilt_weights(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    """One channel of one layer of the body is read as another value."""

    def read(packaged: object) -> Arrays:
        found = read_packaged(PACKAGED[LITE0])
        next(array for name, array in found.items() if "bn" in name and array.ndim == 1)[0] = value
        return found

    monkeypatch.setattr(packaged_module, "read_packaged", read)


@pytest.mark.parametrize("value", [40.0, float("nan")])
def test_a_graph_that_computes_something_else_is_refused_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    spoilt_weights(monkeypatch, value)
    prefix = PackagedPrefix(LITE0, graphs=tmp_path)
    for _ in range(2):  # nor is it taken when it is asked for again
        with pytest.raises(
            BackboneError, match=f"other features of {LITE0} than torch, by .*; install another"
        ) as caught:
            _ = prefix.engine
        assert caught.value.subject == LITE0
        assert list(tmp_path.iterdir()) == []


def test_a_graph_is_made_when_it_is_needed_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = PackagedPrefix(LITE0, graphs=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert prefix.graph() == tmp_path / f"{prefix.key}.onnx"
    assert [path.name for path in tmp_path.iterdir()] == [f"{prefix.key}.onnx"]
    monkeypatch.setattr(packaged_module, "read_packaged", lambda *_: pytest.fail("the weights were read again"))
    again = PackagedPrefix(LITE0, graphs=tmp_path)
    squares = noise_squares(1, 32)
    assert again.graph() == prefix.graph()
    assert np.array_equal(again.engine.run(squares), prefix.engine.run(squares))


def test_a_graph_that_lies_damaged_in_the_cache_is_made_anew(tmp_path: Path) -> None:
    prefix = PackagedPrefix(LITE0, graphs=tmp_path)
    whole = prefix.graph().read_bytes()
    for damaged in (b"", b"no graph", whole[: len(whole) // 2]):
        prefix.graph().write_bytes(damaged)
        assert PackagedPrefix(LITE0, graphs=tmp_path).engine.run(noise_squares(1, 32)).shape == (1, prefix.width)
        assert prefix.graph().read_bytes() == whole


def test_computing_features_loads_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from unfreeze.activations.engines import noise_squares;"
        "from unfreeze.activations.packaged import PackagedPrefix;"
        f"PackagedPrefix('{LITE0}', graphs=Path(sys.argv[1])).engine.run(noise_squares(1, 32));"
        "sys.exit(bool({'torch', 'timm'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0
    assert len(list(tmp_path.iterdir())) == 1
