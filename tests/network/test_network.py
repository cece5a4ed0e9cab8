"""Groups, freezing, cuts, train and eval mode, and the names of prefixes."""

from collections import Counter

import pytest
import torch
from torch import Tensor, nn

from unfreeze.network.build import build_network
from unfreeze.network.groups import GROUP_NAMES
from unfreeze.network.network import Network, linear_head
from unfreeze.network.stages import PixelScale

BACKBONES = ["efficientnet_lite0", "resnet18", "convnext_atto", "vit_tiny_patch16_224", "eva02_tiny_patch14_224"]


def small_stage(channels_in: int, channels_out: int) -> nn.Module:
    layers = [nn.Conv2d(channels_in, channels_out, 3, padding=1), nn.BatchNorm2d(channels_out), nn.Dropout(0.5)]
    return nn.Sequential(*layers)


@pytest.fixture
def network() -> Network:
    """Four stages with BatchNorm and dropout, small enough to train here; with a head that is not zero."""
    torch.manual_seed(0)
    scale = PixelScale((127.0,) * 3, (128.0,) * 3)
    blocks = [("stem", small_stage(3, 4)), *((f"block{index}", small_stage(4, 4)) for index in range(3))]
    pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network = Network(
        backbone="small", stages=[("pixels", scale), *blocks, ("pool", pool)], features=4, classes=2, dropout=0.5
    )
    nn.init.normal_(network.classifier.weight)
    return network.eval()


def train_once(network: Network) -> None:
    """One forward and backward pass in training mode, which moves whatever statistics may move."""
    network.training_mode()
    squares = torch.randint(0, 256, (8, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    network(squares).square().sum().backward()


def statistics(network: Network) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.named_buffers() if "running" in name or "tracked" in name}


def moved(network: Network, before: dict[str, Tensor]) -> set[str]:
    """Names of the stages whose statistics are no longer what they were."""
    now = statistics(network)
    return {name.split(".")[1] for name in before if not torch.equal(before[name], now[name])}


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_parameter_belongs_to_exactly_one_group(backbone: str) -> None:
    network = build_network(backbone, classes=3, pretrained=False)
    names = Counter(name for group in GROUP_NAMES for name in network.groups[group])
    assert names == Counter(name for name, _ in network.named_parameters())
    assert all(network.groups[group] for group in GROUP_NAMES)
    assert network.groups["head"] == ("stages.head.1.weight", "stages.head.1.bias")


@pytest.mark.parametrize("backbone", ["efficientnet_lite0", "resnet18"])
def test_groups_follow_each_other_from_input_to_head(backbone: str) -> None:
    network = build_network(backbone, classes=3, pretrained=False)
    order = {name: index for index, name in enumerate(network.stage_names)}
    reach = {group: [order[name.split(".")[1]] for name in network.groups[group]] for group in GROUP_NAMES}
    assert max(reach["early"]) < min(reach["late"])
    assert max(reach["late"]) < min(reach["head"])


def test_the_body_is_halved_by_stages(network: Network) -> None:
    found = {group: sorted({name.split(".")[1] for name in network.groups[group]}) for group in GROUP_NAMES}
    assert found == {"early": ["block0", "stem"], "late": ["block1", "block2"], "head": ["head"]}


def test_an_uncut_body_is_halved_by_its_blocks_and_its_tokens_come_first() -> None:
    groups = build_network("eva02_tiny_patch14_224", classes=3, pretrained=False).groups
    assert {"stages.body.model.cls_token", "stages.body.model.patch_embed.proj.weight"} <= set(groups["early"])
    assert {"stages.body.model.fc_norm.weight", "stages.body.model.blocks.11.mlp.fc2.bias"} <= set(groups["late"])


def test_a_transformer_is_halved_between_its_blocks_and_its_tokens_come_first() -> None:
    network = build_network("vit_tiny_patch16_224", classes=3, pretrained=False)
    stages = {group: sorted({key.split(".")[1] for key in network.groups[group]}) for group in GROUP_NAMES}
    assert stages["early"] == [*(f"block{index}" for index in range(6)), "stem"]
    assert stages["late"] == [*sorted(f"block{index}" for index in range(6, 12)), "neck"]
    assert {"stages.stem.model.cls_token", "stages.stem.model.pos_embed"} <= set(network.groups["early"])


@pytest.mark.parametrize(
    ("first", "frozen", "cut"),
    [
        (0, (), "pixels"),  # no weights lie before it, so pictures are read
        (1, ("early",), "block1"),
        (2, ("early", "late"), "head"),
        (-1, ("early", "late"), "head"),
        (-2, ("early",), "block1"),
        (-3, (), "pixels"),
    ],
)
def test_freeze_to_freezes_what_lies_before(network: Network, first: int, frozen: tuple[str, ...], cut: str) -> None:
    network.freeze_to(first)
    assert network.frozen_groups == frozen
    assert network.cut == cut
    for group in GROUP_NAMES:
        assert {p.requires_grad for p in network.group_parameters(group)} == {group not in frozen}


@pytest.mark.parametrize("first", [3, -4])
def test_freeze_to_a_group_that_is_not_there_is_an_error_and_changes_nothing(network: Network, first: int) -> None:
    network.freeze_to(1)
    with pytest.raises(IndexError):
        network.freeze_to(first)
    assert network.frozen_groups == ("early",)


def test_a_new_network_is_frozen_up_to_its_head() -> None:
    network = build_network(classes=2, pretrained=False)
    assert (network.frozen_groups, network.cut) == (("early", "late"), "head")


def test_cuts_say_how_many_values_flow_through_them(network: Network) -> None:
    before = statistics(network)
    assert network.cuts(8) == dict.fromkeys(("block0", "block1", "block2", "pool"), 4 * 8 * 8) | {"head": 4}
    assert network.cuts(16)["block1"] == 4 * 16 * 16
    assert moved(network, before) == set()


def test_stages_are_compared_by_the_way_of_the_data(network: Network) -> None:
    assert network.is_before("stem", "block0")
    assert not network.is_before("head", "pool")
    assert not network.is_before("pool", "pool")


def test_an_uncut_body_is_cut_before_it_or_before_the_head() -> None:
    network = build_network("rexnet_100", classes=2, pretrained=False)
    cuts = []
    for first in range(3):
        network.freeze_to(first)
        cuts.append(network.cut)
    assert cuts == ["pixels", "pixels", "head"]


def test_freezing_drops_gradients_of_the_frozen_groups_only(network: Network) -> None:
    network.freeze_to(0)
    train_once(network)
    network.freeze_to(1)
    assert all(p.grad is None for p in network.group_parameters("early"))
    assert all(p.grad is not None for p in network.group_parameters("late"))


@pytest.mark.parametrize(
    ("first", "trained"),
    [(0, ["stem", "block0", "block1", "block2", "head"]), (1, ["block1", "block2", "head"]), (2, ["head"])],
)
def test_only_stages_with_trainable_parameters_leave_eval_mode_dropout_included(
    network: Network, first: int, trained: list[str]
) -> None:
    network.freeze_to(first)
    network.train()
    network.training_mode()
    assert [name for name, stage in named(network) if stage.training] == trained
    dropouts = {name: m.training for name, m in network.named_modules() if isinstance(m, nn.Dropout)}
    assert len(dropouts) == 5
    assert [name.split(".")[1] for name, training in dropouts.items() if training] == trained


def named(network: Network) -> list[tuple[str, nn.Module]]:
    return list(network.stages.items())


def test_a_frozen_prefix_gives_the_same_in_training(network: Network) -> None:
    network.freeze_to(1)
    squares = torch.zeros(4, 3, 8, 8, dtype=torch.uint8)
    expected = network.prefix(network.cut)(squares)
    whole = network(squares)
    network.training_mode()
    assert torch.equal(network.prefix(network.cut)(squares), expected)
    assert not torch.equal(network(squares), whole)  # dropout is at work after the cut


@pytest.mark.parametrize("first", [0, 1, 2])
def test_statistics_stand_still_by_default(network: Network, first: int) -> None:
    network.freeze_to(first)
    before = statistics(network)
    train_once(network)
    assert before
    assert moved(network, before) == set()


@pytest.mark.parametrize(
    ("first", "stages"), [(0, {"stem", "block0", "block1", "block2"}), (1, {"block1", "block2"}), (2, set())]
)
def test_statistics_move_where_asked_and_only_where_groups_train(
    network: Network, first: int, stages: set[str]
) -> None:
    network.batch_norm = "train"
    network.freeze_to(first)
    before = statistics(network)
    train_once(network)
    assert moved(network, before) == stages


def test_batch_norm_parameters_of_trainable_groups_get_gradients_under_frozen_statistics(network: Network) -> None:
    network.freeze_to(1)
    train_once(network)
    for name, stage in named(network):
        for module in stage.modules():
            if isinstance(module, nn.BatchNorm2d):
                assert (module.weight.grad is not None) == (name in ("block1", "block2")), name


def test_statistics_of_the_frozen_half_of_an_uncut_body_stand_still() -> None:
    network = build_network("rexnet_100", classes=2, pretrained=False)
    network.batch_norm = "train"
    network.freeze_to(1)
    network.training_mode()
    norms = {name: m for name, m in network.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)}
    late = {name.rpartition(".")[0] for name in network.groups["late"]}
    assert {name for name, norm in norms.items() if norm.training} == late & set(norms)
    assert 0 < len(late & set(norms)) < len(norms)


@pytest.mark.parametrize("cut", ["block1", "pool", "head"])
def test_the_name_of_a_prefix_changes_with_one_weight_in_it(network: Network, cut: str) -> None:
    before = network.prefix_hash(cut)
    assert before.startswith(f"small-{cut}-")
    weight = network.get_parameter("stages.stem.0.weight")
    with torch.no_grad():
        weight[0, 0, 0, 0] = torch.nextafter(weight[0, 0, 0, 0], torch.tensor(9.0))
    assert network.prefix_hash(cut) != before


def test_the_name_of_a_prefix_does_not_change_with_what_lies_behind_the_cut(network: Network) -> None:
    before = network.prefix_hash("block2"), network.prefix_hash("head")
    with torch.no_grad():
        network.get_parameter("stages.head.1.weight").add_(1)
    assert (network.prefix_hash("block2"), network.prefix_hash("head")) == before
    with torch.no_grad():
        network.get_parameter("stages.block2.0.weight").add_(1)
    assert network.prefix_hash("block2") == before[0]
    assert network.prefix_hash("head") != before[1]


@pytest.mark.parametrize("buffer", ["stages.stem.1.running_mean", "stages.pixels.pixel_std"])
def test_the_name_of_a_prefix_changes_with_statistics_and_scaling(network: Network, buffer: str) -> None:
    before = network.prefix_hash("head")
    network.get_buffer(buffer).add_(1)
    assert network.prefix_hash("head") != before


def test_a_new_head_calls_all_classes_equally_likely() -> None:
    head = linear_head(3, 4, 0.2)
    assert torch.equal(head(torch.randn(5, 3)), torch.zeros(5, 4))
    assert head[0].p == 0.2
