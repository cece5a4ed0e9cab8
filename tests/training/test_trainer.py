"""Steps on a small network: rates of its groups, dropout by the step's number, sweeps that leave no trace."""

import copy
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import nn

from unfreeze.network.network import Network
from unfreeze.network.stages import PixelScale
from unfreeze.training.batches import StoredActivations, in_groups
from unfreeze.training.history import History
from unfreeze.training.trainer import Trainer, step_seed

GROUPS = in_groups(range(10), 4)


def small_network(dropout: float = 0.5) -> Network:
    """Scaling, two stages with BatchNorm in the first, a pool and a head of three classes; frozen up to the head."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        stages: list[tuple[str, nn.Module]] = [
            ("scale", PixelScale((127.0,) * 3, (128.0,) * 3)),
            ("first", nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())),
            ("second", nn.Conv2d(4, 6, 3)),
            ("pool", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())),
        ]
        return Network(backbone="small", stages=stages, features=6, classes=3, dropout=dropout)


@pytest.fixture
def squares() -> StoredActivations:
    """Ten squares of noise, kept as float32."""
    generator = np.random.default_rng(0)
    values = generator.integers(0, 256, (10, 3, 8, 8)).astype(np.float32)
    return StoredActivations(values, generator.integers(0, 3, 10).tolist())


def trainer_of(network: Network, *, seed: int = 1) -> Trainer:
    return Trainer(network, history=History(), seed=seed)


def train(trainer: Trainer, squares: StoredActivations, groups: Sequence[Sequence[int]], lr: float = 0.1) -> list[int]:
    """Trains with equal rates for all groups; returns the numbers of steps that were reported."""
    reported: list[int] = []
    trainer.train(trainer.network, squares.batches(groups), lambda step: [lr] * 3, on_step=reported.append)
    return reported


def test_each_step_uses_and_records_the_rates_of_its_groups(squares: StoredActivations) -> None:
    network = small_network()
    network.freeze_to(0)
    trainer = trainer_of(network)
    used: list[list[float]] = []
    step_of = trainer.optimizer.step

    def step() -> None:
        used.append([group["lr"] for group in trainer.optimizer.param_groups])
        step_of()

    trainer.optimizer.step = step  # type: ignore[assignment,method-assign]
    rates = [[0.001, 0.01, 0.1], [0.002, 0.02, 0.2], [0.003, 0.03, 0.3]]
    reported: list[int] = []
    sums = trainer.train(network, squares.batches(GROUPS), rates.__getitem__, on_step=reported.append)
    assert used == rates
    assert [list(record.rates.values()) for record in trainer.history.steps] == rates
    assert [list(record.rates) for record in trainer.history.steps] == [["early", "late", "head"]] * 3
    assert [(record.step, record.epoch) for record in trainer.history.steps] == [(0, 0), (1, 0), (2, 0)]
    assert reported == [1, 2, 3]
    assert sums.examples == 10
    weighted = sum(r.loss * size for r, size in zip(trainer.history.steps, (4, 4, 2), strict=True))
    assert sums.loss == pytest.approx(weighted)


def test_only_thawed_groups_move_each_at_its_own_rate(squares: StoredActivations) -> None:
    network = small_network(dropout=0)
    nn.init.normal_(network.stages["head"][1].weight)  # type: ignore[index]
    network.freeze_to(1)
    before = copy.deepcopy(network.state_dict())
    trainer = trainer_of(network)
    trainer.train(network, squares.batches([range(10)]), lambda step: [9.0, 0.5, 0.25], on_step=lambda step: None)
    for name, rate in (("early", 0.0), ("late", 0.5), ("head", 0.25)):
        for parameter in network.groups[name]:
            gradient = dict(network.named_parameters())[parameter].grad
            change = network.state_dict()[parameter] - before[parameter]
            expected = torch.zeros(()) if gradient is None else -rate * gradient
            assert torch.allclose(change, expected, rtol=1e-4, atol=1e-7), parameter
            assert bool(change.any()) == (rate > 0), parameter
    assert torch.equal(network.state_dict()["stages.first.1.running_mean"], before["stages.first.1.running_mean"])


def test_dropout_is_decided_by_seed_and_number_of_the_step(squares: StoredActivations) -> None:
    found = []
    for seed, disturbed in ((1, False), (1, True), (2, False)):
        trainer = trainer_of(small_network(), seed=seed)
        train(trainer, squares, GROUPS[:2])
        with torch.random.fork_rng():
            if disturbed:
                torch.rand(7)
            train(trainer, squares, GROUPS[2:])
        found.append([record.loss for record in trainer.history.steps])
    assert found[0] == found[1]
    assert found[0] != found[2]


@pytest.mark.parametrize("seed", [0, 2**32, 2**70])
def test_seed_of_a_step_fits_what_torch_looks_at(seed: int) -> None:
    assert 0 <= step_seed(seed, 10**9) < 2**32


def test_steps_of_a_later_epoch_drop_other_features(squares: StoredActivations) -> None:
    network = small_network()
    nn.init.normal_(network.stages["head"][1].weight)  # type: ignore[index]
    trainer = trainer_of(network)
    train(trainer, squares, [GROUPS[0]] * 2, lr=1e-12)
    first, second = (record.loss for record in trainer.history.steps)
    assert first != pytest.approx(second, rel=1e-6)


def test_training_leaves_the_random_state_alone(squares: StoredActivations) -> None:
    before = torch.get_rng_state()
    assert train(trainer_of(small_network()), squares, GROUPS) == [1, 2, 3]
    assert torch.equal(torch.get_rng_state(), before)


def test_validation_drops_nothing_and_counts_each_example_once(squares: StoredActivations) -> None:
    network = small_network()
    nn.init.normal_(network.stages["head"][1].weight)  # type: ignore[index]
    network.training_mode()
    sums = trainer_of(network).validate(network, squares)
    network.eval()
    logits = network(torch.from_numpy(squares.activations)).double()
    labels = torch.tensor(squares.labels)
    assert sums.examples == 10
    assert sums.mean_loss == pytest.approx(nn.functional.cross_entropy(logits, labels).item(), rel=1e-6)
    assert sums.correct == int((logits.argmax(1) == labels).sum())


def test_sweep_keeps_the_ratios_and_leaves_no_trace(squares: StoredActivations) -> None:
    network = small_network()
    network.freeze_to(0)
    trainer = trainer_of(network)
    train(trainer, squares, GROUPS)
    state = copy.deepcopy((network.state_dict(), trainer.optimizer.state_dict(), torch.get_rng_state()))
    steps, used = len(trainer.history.steps), []

    def on_step(number: int) -> None:
        used.append([group["lr"] for group in trainer.optimizer.param_groups])

    sweep = trainer.sweep(network, GROUPS * 5, squares, span=(1e-6, 1e-2), ratios=[0.01, 0.1, 1.0], on_step=on_step)
    assert sweep.rates == pytest.approx([1e-6 * 1e4 ** (i / 15) for i in range(15)], rel=1e-11)
    assert np.array(used) == pytest.approx(np.outer(sweep.rates, [0.01, 0.1, 1.0]))
    assert len(trainer.history.steps) == steps
    after = (network.state_dict(), trainer.optimizer.state_dict(), torch.get_rng_state())
    assert all(torch.equal(after[0][name], tensor) for name, tensor in state[0].items())
    assert after[1]["param_groups"] == state[1]["param_groups"]
    for index, values in state[1]["state"].items():
        assert torch.equal(after[1]["state"][index]["momentum_buffer"], values["momentum_buffer"])
    assert torch.equal(after[2], state[2])


def test_sweep_is_the_same_whatever_was_drawn_before(squares: StoredActivations) -> None:
    network = small_network()
    nn.init.normal_(network.stages["head"][1].weight)  # type: ignore[index]
    trainer, found = trainer_of(network), []
    with torch.random.fork_rng():
        for _ in range(2):
            torch.rand(3)
            found.append(
                trainer.sweep(network, GROUPS, squares, span=(1e-3, 1), ratios=[1] * 3, on_step=lambda step: None)
            )
    assert found[0] == found[1]
