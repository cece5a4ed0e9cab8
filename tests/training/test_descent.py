"""Steps of the head and of the body, beside torch's own optimizers and its clipping."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from small import noise_features, noise_pictures, small_network
from unfreeze.network.network import Network
from unfreeze.training.batches import in_groups
from unfreeze.training.descent import Descent, clipped
from unfreeze.training.head import LinearHead
from unfreeze.training.suffix import TrainableSuffix, copy_head

MOMENTA = (0.9, 0.95, 0.85, 0.9, 0.9)
RATES = [0.01, 0.02, 0.03]
DESCENTS = [
    Descent(weight_decay=0.1),
    Descent(clip_norm=0.05),
    Descent(clip_norm=1e9),
    Descent(optimizer="adamw"),
    Descent(optimizer="adamw", weight_decay=0.3, clip_norm=0.05),
]


def some_head(features: int, descent: Descent) -> LinearHead:
    generator = np.random.default_rng(0)
    weight, bias = generator.normal(size=(3, features)), generator.normal(size=3)
    return LinearHead(weight.astype(np.float32), bias.astype(np.float32), 0, descent=descent)


def torchs(groups: list[dict[str, object]], descent: Descent) -> torch.optim.Optimizer:
    if descent.optimizer == "adamw":
        return torch.optim.AdamW(groups, weight_decay=0)
    return torch.optim.SGD(groups, lr=1.0)


def oracle_step(
    optimizer: torch.optim.Optimizer, parts: list[nn.Parameter], descent: Descent, loss: torch.Tensor, momentum: float
) -> None:
    for group in optimizer.param_groups:
        group |= {"betas": (momentum, 0.999)} if descent.optimizer == "adamw" else {"momentum": momentum}
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    if descent.clip_norm is not None:
        nn.utils.clip_grad_norm_(parts, descent.clip_norm)
    optimizer.step()


@pytest.mark.parametrize("descent", DESCENTS)
def test_steps_of_the_head_are_torchs(descent: Descent) -> None:
    head, data = some_head(4, descent), noise_features(24)
    linear = nn.Linear(4, 3)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(head.weight))
        linear.bias.copy_(torch.from_numpy(head.bias))
    groups: list[dict[str, object]] = [
        {"params": [linear.weight], "lr": 0.2, "weight_decay": descent.weight_decay},
        {"params": [linear.bias], "lr": 0.2, "weight_decay": 0.0},
    ]
    optimizer = torchs(groups, descent)
    for step, batch in enumerate(data.batches(in_groups(range(24), 5))):
        inputs, labels = (torch.from_numpy(part) for part in batch)
        loss = nn.functional.cross_entropy(linear(inputs), labels)
        oracle_step(optimizer, list(linear.parameters()), descent, loss, MOMENTA[step])
        head.train_step(batch, [0.0, 0.0, 0.2], seed=step, momentum=MOMENTA[step])
    np.testing.assert_allclose(head.weight, linear.weight.detach().numpy(), atol=2e-6)
    np.testing.assert_allclose(head.bias, linear.bias.detach().numpy(), atol=2e-6)
    assert np.abs(head.weight - some_head(4, descent).weight).max() > 0.01


def suffix_of(network: Network, descent: Descent) -> TrainableSuffix:
    network.freeze_to(0)
    return TrainableSuffix(network, some_head(6, descent), threads=1)


def is_decayed(network: Network, name: str) -> bool:
    """By the kind of module, not by the shape of the parameter."""
    return name.endswith("weight") and not isinstance(network.get_submodule(name.rpartition(".")[0]), nn.BatchNorm2d)


@pytest.mark.parametrize("descent", DESCENTS)
def test_steps_of_the_body_are_torchs_and_neither_norms_nor_biases_decay(descent: Descent) -> None:
    network = small_network(dropout=0)
    suffix = suffix_of(network, descent)
    copy_head(some_head(6, descent), network)
    twin = copy.deepcopy(network)
    groups: list[dict[str, object]] = [
        {
            "params": [part],
            "lr": RATES[["early", "late", "head"].index(next(g for g in twin.groups if name in twin.groups[g]))],
            "weight_decay": descent.weight_decay if is_decayed(twin, name) else 0.0,
        }
        for name, part in twin.named_parameters()
    ]
    assert sum(group["weight_decay"] != 0 for group in groups) in (0, 3)
    optimizer = torchs(groups, descent)
    pictures = noise_pictures()
    squares, labels = torch.from_numpy(pictures.inputs), torch.from_numpy(pictures.targets)
    with suffix.training():
        for step, momentum in enumerate(MOMENTA):
            loss = nn.functional.cross_entropy(twin(squares), labels)
            oracle_step(optimizer, list(twin.parameters()), descent, loss, momentum)
            suffix.train_step((pictures.inputs, pictures.targets), RATES, seed=step, momentum=momentum)
    for (name, found), expected in zip(network.named_parameters(), twin.parameters(), strict=True):
        assert torch.allclose(found, expected, atol=3e-6), name


@pytest.mark.parametrize("first", ["head", "body"])
def test_adamw_goes_on_from_the_head_to_the_body_and_back(first: str) -> None:
    descent, data = Descent(optimizer="adamw", weight_decay=0.1), noise_features(12, width=6)
    batch = data.inputs, data.targets
    through, changing = some_head(6, descent), some_head(6, descent)
    network = small_network(dropout=0)
    network.freeze_to(2)
    suffix = TrainableSuffix(network, changing, threads=1)
    suffix.cut = network.cut
    for step in range(4):
        through.train_step(batch, RATES, seed=step)
        if (step % 2 == 0) is (first == "head"):
            changing.train_step(batch, RATES, seed=step)
        else:
            with suffix.training():
                suffix.train_step(batch, RATES, seed=step)
    assert len(through.copies()) == 7
    for found, expected in zip(changing.copies(), through.copies(), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert changing.steps == 4


def test_what_adamw_remembers_of_a_frozen_group_stands_still_and_its_weights_do_not_decay() -> None:
    network = small_network()
    suffix, pictures = suffix_of(network, Descent(optimizer="adamw", weight_decay=0.5)), noise_pictures()
    batch = pictures.inputs, pictures.targets
    with suffix.training():
        suffix.train_step(batch, RATES, seed=0)
    early = network.group_parameters("early")
    kept = copy.deepcopy([(part.detach(), suffix.optimizer.state[part]) for part in early])
    network.freeze_to(1)
    with suffix.training():  # from pictures on, though the early stages are frozen
        suffix.train_step(batch, RATES, seed=1)
    for part, (weights, state) in zip(early, kept, strict=True):
        assert torch.equal(part, weights)
        assert all(torch.equal(suffix.optimizer.state[part][name], state[name]) for name in state)
        assert set(state) == {"exp_avg", "exp_avg_sq", "step"}
    assert all(suffix.optimizer.state[part]["step"] == 2 for part in network.group_parameters("late"))


@pytest.mark.parametrize("descent", DESCENTS)
def test_momenta_are_given_and_taken_back_whole(descent: Descent) -> None:
    pictures, suffixes = noise_pictures(), [suffix_of(small_network(), descent) for _ in range(2)]
    batch = pictures.inputs, pictures.targets
    with suffixes[0].training():
        suffixes[0].train_step(batch, RATES, seed=0)
    suffixes[1].network.load_state_dict(suffixes[0].network.state_dict())
    suffixes[1]._head.restore(suffixes[0]._head.copies())
    suffixes[1].restore_momenta(suffixes[0].momenta())
    for suffix in suffixes:
        with suffix.training():
            suffix.train_step(batch, RATES, seed=1)
    for (name, found), expected in zip(
        suffixes[1].network.named_parameters(), suffixes[0].network.parameters(), strict=True
    ):
        assert torch.equal(found, expected), name


def test_a_sweep_leaves_not_one_bit_of_adamw_changed() -> None:
    suffix, pictures = suffix_of(small_network(), Descent(optimizer="adamw")), noise_pictures()
    batch = pictures.inputs, pictures.targets
    with suffix.training():
        suffix.train_step(batch, RATES, seed=0)
    before = copy.deepcopy((suffix.momenta(), suffix._head.copies(), suffix.network.state_dict()))
    with suffix.preserved(), suffix.training():
        suffix.train_step(batch, RATES, seed=1)
        assert not torch.equal(suffix.network.state_dict()["stages.second.weight"], before[2]["stages.second.weight"])
    assert all(torch.equal(found, before[0][name]) for name, found in suffix.momenta().items())
    assert all(np.array_equal(*pair) for pair in zip(suffix._head.copies(), before[1], strict=True))
    assert all(torch.equal(found, before[2][name]) for name, found in suffix.network.state_dict().items())


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=6), st.floats(0.01, 100))
def test_a_clipped_gradient_is_torchs(slopes: list[float], longest: float) -> None:
    part = nn.Parameter(torch.zeros(len(slopes)))
    part.grad = torch.tensor(slopes)
    nn.utils.clip_grad_norm_([part], longest)
    (found,) = clipped([np.array(slopes, np.float32)], longest)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, part.grad.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dropped", [0.0, 0.5])
def test_without_options_the_head_moves_as_it_did_before_there_were_any(dropped: float) -> None:
    head = some_head(4, Descent())
    head.dropout = dropped
    values = [head.weight.copy(), head.bias.copy(), np.zeros_like(head.weight), np.zeros_like(head.bias)]
    for step, (features, labels) in enumerate(noise_features(24).batches(in_groups(range(24), 5))):
        generator = np.random.Generator(np.random.PCG64(step))
        kept = generator.random(features.shape, np.float32) >= dropped
        seen = features * (kept * np.float32(1 / (1 - dropped)))
        _, gradient = head.objective.losses_and_slope(seen @ values[0].T + values[1], labels)
        gradient = gradient.astype(np.float32)
        slopes = gradient.T @ seen, gradient.sum(0)
        for value, velocity, slope in zip(values[:2], values[2:], slopes, strict=True):
            velocity *= np.float32(MOMENTA[step])
            velocity += slope
            value -= np.float32(0.1) * velocity
        head.train_step((features, labels), [0.0, 0.0, 0.1], seed=step, momentum=MOMENTA[step])
    assert all(np.array_equal(*pair) for pair in zip(head.copies(), values, strict=True))


def plain_steps(network: Network, copied: Callable[[Network], None]) -> torch.optim.SGD:
    """What a step of the body was before there were options, in plain torch."""
    copied(network)
    groups = [{"params": network.group_parameters(name), "name": name} for name in network.groups]
    optimizer = torch.optim.SGD(groups, lr=1.0, momentum=0.9)
    pictures = noise_pictures()
    network.training_mode()
    with torch.random.fork_rng():
        for step, momentum in enumerate(MOMENTA):
            for group, rate in zip(optimizer.param_groups, RATES, strict=True):
                group["lr"], group["momentum"] = rate, momentum
            torch.manual_seed(step)
            logits = network(torch.from_numpy(pictures.inputs).contiguous(memory_format=torch.channels_last))
            loss = nn.functional.cross_entropy(logits, torch.from_numpy(pictures.targets))
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
    return optimizer


def test_without_options_the_body_moves_as_it_did_before_there_were_any() -> None:
    network, pictures = small_network(), noise_pictures()
    suffix = suffix_of(network, Descent())
    twin = copy.deepcopy(network)
    optimizer = plain_steps(twin, lambda network: copy_head(some_head(6, Descent()), network))
    with suffix.training():
        for step, momentum in enumerate(MOMENTA):
            suffix.train_step((pictures.inputs, pictures.targets), RATES, seed=step, momentum=momentum)
    for (name, found), expected in zip(network.named_parameters(), twin.parameters(), strict=True):
        assert torch.equal(found, expected), name
        momentum = optimizer.state[expected]["momentum_buffer"]
        assert torch.equal(suffix.optimizer.state[found]["momentum_buffer"], momentum), name
