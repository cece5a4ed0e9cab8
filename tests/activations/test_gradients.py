"""What a class makes of the last maps of bodies of all kinds, exactly or by gradients."""

import numpy as np
import pytest
import torch

from bodies import random_body, random_network, squares
from small import noise_pictures, small_network
from unfreeze.activations.gradients import by_position, weighed_maps
from unfreeze.network.network import Network

AVERAGED = ["test_efficientnet", "resnet18", "densenet121", "regnetx_002", "rexnet_100", "gmixer_12_224"]
OTHERWISE = ["mobilenetv3_small_050", "convnext_atto", "vgg11_bn", "vit_tiny_patch16_224", "eva02_tiny_patch14_224"]


def network(name: str) -> Network:
    return random_network(name, random_body(name))


@pytest.mark.parametrize("name", AVERAGED)
def test_a_head_on_averages_is_read_exactly(name: str) -> None:
    body = network(name)
    found = weighed_maps(body, squares(name).byte().numpy(), classes=[0, 2])
    assert found
    assert found.exact
    weight = body.classifier.weight.detach().numpy()[[0, 2]]
    assert np.allclose(found.weights, weight, atol=1e-5)
    bias = body.classifier.bias.detach().numpy()[[0, 2]]
    means = np.einsum("nd,ndhw->n", found.weights, found.maps) / found.maps[0, 0].size + bias
    assert means == pytest.approx(found.logits[[0, 1], [0, 2]], abs=1e-3)
    assert abs(means - found.logits[[0, 1], [1, 1]]).max() > 0.1  # it says something of the class asked about


@pytest.mark.parametrize("name", OTHERWISE)
def test_gradients_stand_in_for_weights_elsewhere(name: str) -> None:
    found = weighed_maps(network(name), squares(name).byte().numpy())
    assert found
    assert not found.exact
    assert found.maps.ndim == 4
    assert found.maps.shape[2] == found.maps.shape[3] > 1
    assert np.abs(found.weights).max() > 0
    assert not np.allclose(found.weights[0], found.weights[1])  # near each picture, where the head is not linear


def test_logits_are_the_networks_and_the_network_stays_as_it_was() -> None:
    network = small_network()
    with torch.no_grad():
        network.classifier.weight.normal_()
    network.freeze_to(1)
    network.training_mode()
    modes = [module.training for module in network.modules()]
    pictures = noise_pictures(2).inputs
    found = weighed_maps(network, pictures)
    assert found
    assert [module.training for module in network.modules()] == modes
    assert all(parameter.grad is None for parameter in network.parameters())
    with torch.no_grad():
        assert np.allclose(found.logits, network.eval()(torch.from_numpy(pictures)).numpy(), atol=1e-5)


def test_an_untrained_head_on_averages_makes_nothing_of_them() -> None:
    found = weighed_maps(small_network(), noise_pictures(2).inputs)
    assert found
    assert found.exact
    assert not found.weights.any()


def test_a_body_without_positions_has_no_maps() -> None:
    body = small_network()
    body.stages["second"] = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(6))
    body.stages["first"] = torch.nn.Conv2d(3, 4, 8)  # squares of 8 pixels: one position
    body.stages["pool"] = torch.nn.Identity()
    pictures = noise_pictures(2).inputs
    with torch.no_grad():
        body(torch.from_numpy(pictures))
        body.classifier.weight.normal_()
    assert weighed_maps(body, pictures) is None


def test_positions_are_found_in_every_order_of_axes() -> None:
    maps = torch.arange(2 * 5 * 9).view(2, 5, 3, 3)
    rows_last = maps.permute(0, 2, 3, 1)
    tokens = torch.cat([torch.zeros(2, 2, 5), maps.flatten(2).transpose(1, 2)], dim=1)  # two that are no position
    for values in (maps, rows_last, tokens):
        found = by_position(values)
        assert found is not None
        assert torch.equal(found.long(), maps)
    for values in (maps[:, :, :1, :1], maps[:, :, 0, 0], tokens[:, :3]):
        assert by_position(values) is None
