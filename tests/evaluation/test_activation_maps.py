"""Asking a network why, in parts, and where it has no positions to ask about."""

import pytest
import torch

from small import noise_pictures, small_network
from unfreeze.errors import SettingsError
from unfreeze.evaluation.activation_maps import PICTURES_AT_A_TIME, through_torch


def test_many_pictures_are_asked_in_parts_and_come_back_in_order() -> None:
    network = small_network()
    with torch.no_grad():
        network.classifier.weight.normal_(generator=torch.Generator().manual_seed(0))
        network.classifier.bias.normal_(generator=torch.Generator().manual_seed(1))
    squares = noise_pictures(PICTURES_AT_A_TIME + 2).inputs
    asked = [index % 3 for index in range(len(squares))]
    found = through_torch(network)(squares, asked)
    alone = through_torch(network)(squares[-1:], asked[-1:])
    assert found.exact
    assert found.classes.tolist() == asked
    assert found.evidence[-1] == pytest.approx(alone.evidence[0], abs=1e-5)
    assert found.evidence.mean((1, 2)) == pytest.approx(found.logits[range(len(asked)), asked], abs=1e-3)
    assert through_torch(network)(squares, None).classes.tolist() == found.logits.argmax(1).tolist()


def test_a_body_without_positions_says_so() -> None:
    network = small_network()
    network.stages["first"] = torch.nn.Conv2d(3, 4, 8)  # squares of 8 pixels: one position
    network.stages["second"] = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 6))
    network.stages["pool"] = torch.nn.Identity()
    with pytest.raises(SettingsError, match="no map can be made of small: no stage of it has features at positions"):
        through_torch(network)(noise_pictures(1).inputs, [0])
