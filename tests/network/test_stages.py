"""Bodies are cut where a rule fits them; where none does they stay whole, and say why."""

import re
from collections.abc import Callable

import pytest
import torch
from torch import nn

from bodies import UNCUT, random_body, random_network, squares
from unfreeze.network.families import CUTS, Stages
from unfreeze.network.stages import PixelScale, body_stages


@pytest.mark.parametrize(("name", "family"), UNCUT.items())
def test_a_family_without_a_rule_is_cut_at_its_pooled_features_only_and_says_so(name: str, family: str) -> None:
    model = random_body(name)
    network = random_network(name, model)
    assert network.stage_names == ("pixels", "body", "pool", "head")
    assert not network.can_be_cut
    (note,) = network.notes
    assert note.startswith(f"{name} can be cut at its pooled features only")
    assert note.endswith(f"(no rule says how {family} is cut)")
    pictures = squares(name)
    with torch.no_grad():
        expected = model((pictures - 120) / 60)
        assert expected.std() > 0
        torch.testing.assert_close(network.prefix("head")(pictures), expected, rtol=1e-5, atol=1e-5)
        for cut in network.stage_names:
            assert torch.equal(network.suffix(cut)(network.prefix(cut)(pictures)), network(pictures)), cut


@pytest.mark.parametrize("name", UNCUT)
def test_the_pooling_of_an_uncut_body_owns_no_parameters(name: str) -> None:
    stages = dict(body_stages(random_body(name)))
    assert {id(p) for p in stages["body"].parameters()} == {id(p) for p in stages["body"].model.parameters()}  # type: ignore[union-attr]
    assert list(stages["pool"].state_dict()) == []


def without(stages: Stages, name: str) -> Stages:
    return [stage for stage in stages if stage[0] != name]


def swapped(stages: Stages, one: int, other: int) -> Stages:
    stages[one], stages[other] = stages[other], stages[one]
    return stages


def without_activation(stages: Stages) -> Stages:
    stem = stages[0][1]
    return [("stem", nn.Sequential(stem[0], stem[1], stem[3])), *stages[1:]]  # type: ignore[index]


def with_a_layer_that_is_not_the_models(stages: Stages) -> Stages:
    return [*stages, ("more", nn.Tanh())]


@pytest.mark.parametrize(
    ("name", "break_it", "found"),
    [
        ("test_efficientnet", lambda s: without(s, "neck"), r"conv_head\.weight lies in no stage"),
        ("test_efficientnet", lambda s: [*s, s[0]], r"conv_stem\.weight lies in 2 stages"),
        ("test_efficientnet", lambda s: without(s, "pool"), r"global_pool\S* lies in no stage"),
        ("resnet10t", without_activation, "act1 lies in no stage"),
        ("resnet10t", lambda s: swapped(s, 1, 2), "it does not run: RuntimeError"),
        ("resnet10t", with_a_layer_that_is_not_the_models, "it computes something else"),
        ("vit_base_patch16_clip_224", lambda s: swapped(s, 1, 2), "it computes something else"),
        ("vit_base_patch16_clip_224", lambda s: without(s, "stem"), "cls_token lies in no stage"),
    ],
)
def test_a_rule_that_does_not_fit_is_not_followed(
    name: str, break_it: Callable[[Stages], Stages], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = random_body(name)
    rule = CUTS[type(model).__name__]
    monkeypatch.setitem(CUTS, type(model).__name__, lambda model: break_it(rule(model)))
    network = random_network(name, model)
    assert network.stage_names == ("pixels", "body", "pool", "head")
    assert re.search(found, network.notes[0])
    with torch.no_grad():
        torch.testing.assert_close(network.prefix("head")(squares(name)), model((squares(name) - 120) / 60))


def test_a_model_that_lacks_a_part_of_its_family_is_not_cut() -> None:
    model = random_body("test_efficientnet")
    del model.bn2
    with pytest.raises(AttributeError):
        model(squares("test_efficientnet"))
    (_, body), _ = body_stages(model)
    assert body.reason == "the rule for EfficientNet does not fit it, it has no bn2"


def test_weights_that_are_not_finite_do_not_change_how_a_body_is_cut() -> None:
    model = random_body("test_efficientnet")
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    assert next(name for name, _ in body_stages(model)) == "stem"


def test_looking_at_a_model_moves_no_statistics_and_no_random_state() -> None:
    model = random_body("resnet10t").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(6)
    expected = torch.rand(2)
    torch.manual_seed(6)
    body_stages(model)
    assert torch.equal(torch.rand(2), expected)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_pixels_are_scaled_channel_by_channel() -> None:
    scale = PixelScale((127.0, 0.0, 100.0), (128.0, 1.0, 10.0))
    squares = torch.tensor([255, 7, 90], dtype=torch.uint8).view(1, 3, 1, 1)
    assert scale(squares).flatten().tolist() == [1.0, 7.0, -1.0]
    assert torch.equal(scale(squares.float()), scale(squares))
    assert scale(squares).dtype == torch.float32
    assert list(scale.parameters()) == []
