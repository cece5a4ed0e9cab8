"""A body of every family, cut between any two of its stages, is the body: its outputs and its gradients."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from bodies import STAGES, random_body, random_network, side_px, squares
from unfreeze.activations.engines import OnnxEngine
from unfreeze.activations.prefix import FrozenPrefix
from unfreeze.network.groups import GROUP_NAMES
from unfreeze.network.network import Network

QUICK = ["test_efficientnet", "lcnet_035", "resnet10t", "test_convnext2", "regnetx_002", "vit_base_patch16_clip_224"]
HALVED = ["tf_efficientnet_lite0", "resnet18", "mobilenetv3_small_050", "convnext_atto", "vit_tiny_patch16_224", *QUICK]
EXPORTED: list[tuple[str, str, tuple[str, ...]]] = [
    ("tf_efficientnet_lite0", "block4", ()),
    ("mobilenetv3_small_050", "neck", ()),
    ("convnext_atto", "stage2", ("gamma",)),
    ("densenet121", "denseblock2", ()),
    ("vit_base_patch16_reg4_gap_256", "block1", ("qkv.weight", "proj.weight", "fc1.weight", "fc2.weight")),
]
"""Bodies, cuts, and the weights that the exporter may store reshaped, and so nameless."""


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(n, marks=pytest.mark.slow) for n in STAGES if n not in QUICK)])
def test_every_cut_gives_the_outputs_and_the_gradients_of_the_whole(name: str) -> None:
    model = random_body(name)
    network = random_network(name, model)
    assert list(network.stage_names) == ["pixels", *STAGES[name], "head"]
    assert (network.can_be_cut, network.notes) == (True, ())
    whole, expected = forward_and_backward(network, nn.Sequential(), nn.Sequential(*network.stages.values()), name)
    assert_is_the_model(network, model, squares(name))
    for cut in network.stage_names[1:]:
        found, gradients = forward_and_backward(network, network.prefix(cut), network.suffix(cut), name)
        torch.testing.assert_close(found, whole, rtol=1e-5, atol=1e-5)
        assert gradients.keys() == expected.keys()
        for key, gradient in gradients.items():
            largest = float(expected[key].abs().max())
            assert torch.allclose(gradient, expected[key], rtol=1e-4, atol=1e-5 * largest), f"{key}, cut at {cut}"


def forward_and_backward(
    network: Network, prefix: nn.Module, suffix: nn.Module, name: str
) -> tuple[Tensor, dict[str, Tensor]]:
    """Logits, and gradients of input and parameters, in two steps that meet at the activations of a cut."""
    network.zero_grad(set_to_none=True)
    pictures = squares(name).requires_grad_()
    activations = prefix(pictures)
    stored = activations.detach().clone().requires_grad_()
    logits = suffix(stored)
    logits.square().sum().backward()
    assert torch.equal(stored, activations), "the suffix changed what is stored"
    activations.backward(stored.grad)
    named = {key: parameter.grad for key, parameter in network.named_parameters()}
    gradients = {"input": pictures.grad, **named}
    return logits.detach(), {key: gradient for key, gradient in gradients.items() if gradient is not None}


def assert_is_the_model(network: Network, model: Any, pictures: Tensor) -> None:
    with torch.no_grad():
        expected = model.forward_head(model.forward_features((pictures - 120) / 60), pre_logits=True)
        found = network.prefix("head")(pictures)
    assert expected.shape == (len(pictures), network.features)
    assert expected.std(dim=0).max() > 0, "the model gives the same for each picture"
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", HALVED)
def test_halves_of_every_family_follow_each_other_and_hold_every_parameter_once(name: str) -> None:
    model = random_body(name)
    network = random_network(name, model)
    owned = [key for group in GROUP_NAMES for key in network.groups[group]]
    assert sorted(owned) == sorted(key for key, _ in network.named_parameters())
    body = {id(parameter) for group in ("early", "late") for parameter in network.group_parameters(group)}
    assert body == {id(parameter) for parameter in model.parameters()}
    order = {stage: index for index, stage in enumerate(network.stage_names)}
    early, late, _ = ({order[key.split(".")[1]] for key in network.groups[group]} for group in GROUP_NAMES)
    assert max(early) < min(late)
    assert 0 <= len(early) - len(late) <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("name", "cut", "reshaped"), EXPORTED)
def test_a_prefix_in_the_middle_is_exported(
    name: str, cut: str, reshaped: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNFREEZE_CACHE", str(tmp_path / "cache"))
    network = random_network(name, random_body(name))
    pictures = squares(name, 3).byte()
    prefix = FrozenPrefix(network, cut, size_px=side_px(name), graphs=tmp_path, device=torch.device("cpu"))
    assert isinstance(prefix.engine, OnnxEngine), prefix.notes
    with torch.no_grad():
        expected = network.prefix(cut)(pictures).numpy()
    names = {tensor.name for tensor in onnx.load(prefix.graph()).graph.initializer}
    nameless = [key for key, _ in network.prefix(cut).named_parameters() if key not in names]
    assert all(key.endswith(reshaped) for key in nameless), nameless
    found = prefix.engine.run(pictures.numpy())
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
