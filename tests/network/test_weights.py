"""Weights files: what is read, what is refused, and how weights are named."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from unfreeze.errors import BackboneError
from unfreeze.network.weights import load_by_name, load_in_order, read_weights, weights_hash

TENSORS = {"weight": torch.arange(6.0).view(2, 3), "bias": torch.tensor([1.0, -1.0])}


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    return list(found) == list(expected) and all(torch.equal(found[name], expected[name]) for name in expected)


def test_safetensors_come_back_as_they_were_saved(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "weights.safetensors")
    found = read_weights(tmp_path / "weights.safetensors")
    assert {name: found[name].tolist() for name in found} == {name: TENSORS[name].tolist() for name in TENSORS}


@pytest.mark.parametrize("wrap", [None, "state_dict", "model"])
def test_state_dicts_come_back_as_they_were_saved(tmp_path: Path, wrap: str | None) -> None:
    torch.save({wrap: TENSORS, "epoch": 3} if wrap else TENSORS, tmp_path / "weights.pth")
    assert same(read_weights(tmp_path / "weights.pth"), TENSORS)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"weights\.pth: no such weights file") as caught:
        read_weights(tmp_path / "weights.pth")
    assert caught.value.subject == str(tmp_path / "weights.pth")


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("kept", [0, 1, 60, -40])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, name: str, kept: int) -> None:
    path = tmp_path / name
    if path.suffix == ".safetensors":
        save_file(TENSORS, path)
    else:
        torch.save(TENSORS, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(BackboneError, match=rf"{name}: not readable as safetensors or as a state dict of tensors \(."):
        read_weights(path)


@pytest.mark.parametrize("legacy", [True, False], ids=["bare-pickle", "zip"])
def test_code_in_a_pickle_is_refused_and_not_run(tmp_path: Path, legacy: bool) -> None:
    path, trace = tmp_path / "weights.pth", tmp_path / "executed"
    if legacy:
        path.write_bytes(pickle.dumps({"weight": Trap(trace)}))
    else:
        torch.save({"weight": Trap(trace)}, path)
        assert zipfile.is_zipfile(path)
    with pytest.raises(BackboneError, match="not readable as safetensors or as a state dict of tensors"):
        read_weights(path)
    assert not trace.exists()
    torch.load(path, weights_only=False) if not legacy else pickle.loads(path.read_bytes())
    assert trace.exists(), "the trap does work where nobody watches"


@pytest.mark.parametrize("content", [{"weight": "text"}, [1, 2], {"state_dict": {"a": 1}}, torch.zeros(3)])
def test_what_is_no_state_dict_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(BackboneError, match=r"weights\.pth: holds no state dict of tensors"):
        read_weights(tmp_path / "weights.pth")


def test_weights_load_in_order_under_other_names() -> None:
    layer = nn.Linear(3, 2)
    load_in_order(layer, {f"their_{name}": tensor for name, tensor in TENSORS.items()}, source="file")
    assert torch.equal(layer.weight, TENSORS["weight"])
    assert torch.equal(layer.bias, TENSORS["bias"])


@pytest.mark.parametrize(
    ("tensors", "found"),
    [
        ({"a": torch.zeros(2, 3)}, "1 tensors for 2, 0 of another shape"),
        ({"a": torch.zeros(2, 3), "b": torch.zeros(2), "c": torch.zeros(1)}, "3 tensors for 2"),
        ({"a": torch.zeros(3, 2), "b": torch.zeros(2)}, r"2 tensors for 2, 1 of another shape \['a for weight'\]"),
    ],
)
def test_weights_that_do_not_fit_in_order_are_refused(tensors: dict[str, Tensor], found: str) -> None:
    layer = nn.Linear(3, 2)
    before = layer.weight.tolist()
    with pytest.raises(BackboneError, match=f"file: the weights do not fit the network: {found}"):
        load_in_order(layer, tensors, source="file")
    assert layer.weight.tolist() == before


def test_weights_load_by_name_without_their_classifier() -> None:
    layer = nn.Linear(3, 2)
    load_by_name(layer, {"classifier.weight": torch.ones(9), **TENSORS}, source="file")
    assert same(dict(layer.state_dict()), TENSORS)


@pytest.mark.parametrize(
    ("tensors", "found"),
    [
        ({"weight": TENSORS["weight"]}, r"1 of 2 tensors: missing \['bias'\], of another shape \[\]"),
        ({**TENSORS, "bias": torch.zeros(4)}, r"1 of 2 tensors: missing \[\], of another shape \['bias'\]"),
    ],
)
def test_weights_that_do_not_fit_by_name_are_refused(tensors: dict[str, Tensor], found: str) -> None:
    with pytest.raises(BackboneError, match=f"file: does not fit the backbone: {found}"):
        load_by_name(nn.Linear(3, 2), tensors, source="file")


@pytest.mark.parametrize(
    "other",
    [
        {**TENSORS, "bias": torch.tensor([1.0, -1.0000001])},
        {**TENSORS, "bias": torch.tensor([1.0, -1.0], dtype=torch.float64)},
        {**TENSORS, "weight": TENSORS["weight"].view(3, 2)},
        {"weight": TENSORS["weight"], "offset": TENSORS["bias"]},
        {"bias": TENSORS["bias"], "weight": TENSORS["weight"]},
        {"weight": TENSORS["weight"]},
    ],
    ids=["value", "dtype", "shape", "name", "order", "count"],
)
def test_other_weights_have_another_hash(other: dict[str, Tensor]) -> None:
    assert weights_hash(other.items()) != weights_hash(TENSORS.items())


def test_the_hash_sees_values_and_not_how_they_lie_in_memory() -> None:
    turned = {**TENSORS, "weight": TENSORS["weight"].t().contiguous().t().requires_grad_()}
    assert not turned["weight"].is_contiguous()
    assert weights_hash(turned.items()) == weights_hash(TENSORS.items())
    assert len(weights_hash(TENSORS.items())) == 32
