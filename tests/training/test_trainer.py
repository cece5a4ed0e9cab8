"""What the trainer makes of steps: rates, records, seeds of steps, sweeps that leave no trace; head and body alike."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from small import HeldExamples, noise_features, noise_pictures, small_network
from unfreeze.training.batches import Batch, in_groups
from unfreeze.training.head import LinearHead
from unfreeze.training.history import History
from unfreeze.training.loop import MOMENTUM, StepSums
from unfreeze.training.suffix import TrainableSuffix
from unfreeze.training.trainer import Pace, Trainable, Trainer, step_seed

GROUPS = in_groups(range(10), 4)


class Recording:
    """Takes no step, but writes down how it is asked to; the loss of a batch is its size."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[float], int]] = []
        self.momenta: list[float] = []
        self.contexts: list[str] = []

    def train_step(self, batch: Batch, rates: Sequence[float], *, seed: int, momentum: float = MOMENTUM) -> StepSums:
        assert self.contexts[-1] == "training"
        self.asked.append((list(rates), seed))
        self.momenta.append(momentum)
        return StepSums(len(batch[1]), float(len(batch[1])) ** 2, 1)

    @contextmanager
    def training(self) -> Iterator[None]:
        self.contexts.append("training")
        yield
        self.contexts.append("trained")

    def trained(self) -> dict[str, Any]:
        return {}

    @contextmanager
    def preserved(self) -> Iterator[None]:
        self.contexts.append("preserved")
        yield
        self.contexts.append("restored")


def head_part() -> tuple[LinearHead, HeldExamples]:
    head = LinearHead.at_zero(4, 3)
    head.weight[...] = np.random.default_rng(1).normal(size=(3, 4))
    return head, noise_features(10)


def whole_part() -> tuple[TrainableSuffix, HeldExamples]:
    network = small_network()
    network.freeze_to(0)
    head = LinearHead.at_zero(6, 3)
    head.weight[...] = np.random.default_rng(1).normal(size=(3, 6))
    return TrainableSuffix(network, head, threads=1), noise_pictures()


PARTS: dict[str, Callable[[], tuple[LinearHead | TrainableSuffix, HeldExamples]]] = {
    "head": head_part,
    "whole": whole_part,
}


def train(
    trainer: Trainer, part: Trainable, data: HeldExamples, groups: Sequence[Sequence[int]], lr: float = 0.1
) -> None:
    """Trains with equal rates for all groups."""
    trainer.train(part, data.batches(groups), lambda step: Pace([lr] * 3), on_step=lambda step: None)


def state(part: LinearHead | TrainableSuffix) -> dict[str, Any]:
    if isinstance(part, LinearHead):
        return dict(zip("wbuv", part.copies(), strict=True))
    optimizer = part.optimizer.state_dict()
    momenta = {f"momentum {index}": values["momentum_buffer"] for index, values in optimizer["state"].items()}
    rates = {"rates": [group["lr"] for group in optimizer["param_groups"]]}
    return copy.deepcopy({**part.network.state_dict(), **momenta, **rates, "random": torch.get_rng_state()})


def same(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    return list(found) == list(expected) and all(np.array_equal(found[name], expected[name]) for name in expected)


def test_each_step_uses_and_records_the_rates_of_its_groups() -> None:
    part, trainer = Recording(), Trainer(history=History(), seed=1)
    rates = [[0.001, 0.01, 0.1], [0.002, 0.02, 0.2], [0.003, 0.03, 0.3]]
    reported: list[int] = []
    momenta = [0.9, 0.85, 0.95]

    def pace(step: int) -> Pace:
        return Pace(rates[step], momenta[step])

    sums = trainer.train(part, noise_features(10).batches(GROUPS), pace, on_step=reported.append)
    assert part.asked == [(used, step_seed(1, number)) for number, used in enumerate(rates)]
    assert part.momenta == momenta
    assert part.contexts == ["training", "trained"]
    assert [list(record.rates.values()) for record in trainer.history.steps] == rates
    assert [list(record.rates) for record in trainer.history.steps] == [["early", "late", "head"]] * 3
    assert [(record.step, record.epoch, record.loss) for record in trainer.history.steps] == [
        (0, 0, 4),
        (1, 0, 4),
        (2, 0, 2),
    ]
    assert reported == [1, 2, 3]
    assert sums == StepSums(10, 16.0 + 16.0 + 4.0, 3)


def test_numbers_of_steps_and_their_seeds_go_on_over_epochs() -> None:
    part, trainer = Recording(), Trainer(history=History(), seed=5)
    for _ in range(2):
        train(trainer, part, noise_features(10), GROUPS)
    assert [seed for _, seed in part.asked] == [step_seed(5, number) for number in range(6)]
    assert [record.step for record in trainer.history.steps] == list(range(6))


@pytest.mark.parametrize("kind", PARTS)
def test_losses_of_an_epoch_are_those_of_its_steps(kind: str) -> None:
    (part, data), trainer = PARTS[kind](), Trainer(history=History(), seed=1)
    sums = trainer.train(part, data.batches(GROUPS), lambda step: Pace([0.1] * 3), on_step=lambda step: None)
    weighted = sum(r.loss * size for r, size in zip(trainer.history.steps, (4, 4, 2), strict=True))
    assert sums.examples == 10
    assert sums.loss == pytest.approx(weighted)


@pytest.mark.parametrize("kind", PARTS)
def test_dropout_is_decided_by_seed_and_number_of_the_step(kind: str) -> None:
    found = []
    for seed, disturbed in ((1, False), (1, True), (2, False)):
        (part, data), trainer = PARTS[kind](), Trainer(history=History(), seed=seed)
        train(trainer, part, data, GROUPS[:2])
        with torch.random.fork_rng():
            if disturbed:
                torch.rand(7)
                np.random.random()
            train(trainer, part, data, GROUPS[2:])
        found.append([record.loss for record in trainer.history.steps])
    assert found[0] == found[1]
    assert found[0] != found[2]


@pytest.mark.parametrize("seed", [0, 2**32, 2**70])
def test_seed_of_a_step_fits_what_torch_looks_at(seed: int) -> None:
    assert 0 <= step_seed(seed, 10**9) < 2**32


@pytest.mark.parametrize("kind", PARTS)
def test_later_steps_drop_other_features(kind: str) -> None:
    (part, data), trainer = PARTS[kind](), Trainer(history=History(), seed=1)
    train(trainer, part, data, [GROUPS[0]] * 2, lr=1e-12)
    first, second = (record.loss for record in trainer.history.steps)
    assert first != pytest.approx(second, rel=1e-6)


@pytest.mark.parametrize("kind", PARTS)
def test_training_leaves_the_random_states_alone(kind: str) -> None:
    part, data = PARTS[kind]()
    before, theirs = torch.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[index]
    train(Trainer(history=History(), seed=1), part, data, GROUPS)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], theirs)  # type: ignore[index]


@pytest.mark.parametrize("kind", PARTS)
@pytest.mark.parametrize("steps_before", [0, 3])
def test_sweep_keeps_the_ratios_and_leaves_no_trace(
    kind: str, steps_before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (part, data), trainer = PARTS[kind](), Trainer(history=History(), seed=1)
    train(trainer, part, data, GROUPS[:steps_before])
    before = state(part)
    used: list[list[float]] = []
    reported: list[int] = []
    step_of = part.train_step

    def step(batch: Batch, rates: Sequence[float], *, seed: int) -> StepSums:
        used.append(list(rates))
        return step_of(batch, rates, seed=seed)

    monkeypatch.setattr(part, "train_step", step)
    sweep = trainer.sweep(part, GROUPS * 5, data, span=(1e-6, 1e-2), ratios=[0.01, 0.1, 1.0], on_step=reported.append)
    assert sweep.rates == pytest.approx([1e-6 * 1e4 ** (i / 15) for i in range(15)], rel=1e-11)
    assert np.array(used) == pytest.approx(np.outer(sweep.rates, [0.01, 0.1, 1.0]))
    assert reported == list(range(1, 16))
    assert len(trainer.history.steps) == steps_before
    assert same(state(part), before)


@pytest.mark.parametrize("kind", PARTS)
@pytest.mark.parametrize(("groups", "seconds"), [(GROUPS, 2.5), (GROUPS[:1], 10)])
def test_a_step_is_timed_without_the_one_that_warms_up_and_leaves_no_trace(
    kind: str, groups: list[list[int]], seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    (part, data), trainer = PARTS[kind](), Trainer(history=History(), seed=1)
    before, clock = state(part), iter([0.0, 10.0, 12.0, 15.0])
    monkeypatch.setattr("unfreeze.training.trainer.time.perf_counter", lambda: next(clock))
    assert trainer.seconds_per_step(part, data.batches(groups)) == seconds
    assert same(state(part), before)
    assert trainer.history.steps == []


def test_sweep_trains_inside_what_preserves() -> None:
    part = Recording()
    Trainer(history=History(), seed=1).sweep(
        part, GROUPS, noise_features(10), span=(1e-3, 1), ratios=[1] * 3, on_step=lambda step: None
    )
    assert part.contexts == ["preserved", "training", "trained", "restored"]


@pytest.mark.parametrize("kind", PARTS)
def test_sweep_is_the_same_whatever_was_drawn_before(kind: str) -> None:
    (part, data), trainer, found = PARTS[kind](), Trainer(history=History(), seed=1), []
    with torch.random.fork_rng():
        for _ in range(2):
            torch.rand(3)
            found.append(trainer.sweep(part, GROUPS, data, span=(1e-3, 1), ratios=[1] * 3, on_step=lambda step: None))
    assert found[0] == found[1]
    assert len(set(found[0].losses)) > 1


def test_a_loss_that_blows_up_ends_a_sweep_and_leaves_no_trace() -> None:
    (part, data), trainer = whole_part(), Trainer(history=History(), seed=1)
    before = state(part)
    sweep = trainer.sweep(part, GROUPS * 9, data, span=(1, 1e38), ratios=[1] * 3, on_step=lambda step: None)
    assert sweep.stopped.startswith("the loss was not finite at rate")
    assert same(state(part), before)
    assert not any(module.training for module in part.network.modules())
