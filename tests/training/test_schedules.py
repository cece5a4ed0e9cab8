"""Schedules beside PyTorch's own, step by step."""

from collections.abc import Callable
from functools import partial
from itertools import accumulate, pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from unfreeze.errors import SettingsError
from unfreeze.training.loop import MOMENTUM
from unfreeze.training.schedules import (
    ConstantRate,
    CosineRestarts,
    FlatCosine,
    OneCycle,
    Schedule,
    WarmUp,
    schedule_for,
)


def steps_of_torch(
    schedule_of: Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler], steps: int
) -> tuple[list[float], list[float]]:
    """The rates and momenta that one of PyTorch's schedulers sets, the highest rate being 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    schedule = schedule_of(optimizer)
    rates, momenta = [], []
    for _ in range(steps):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        momenta.append(float(optimizer.param_groups[0]["momentum"]))
        optimizer.step()
        schedule.step()
    return rates, momenta


def factors(schedule: Schedule) -> list[float]:
    return [schedule.factor(step) for step in range(schedule.cycle_ends[-1])]


def momenta(schedule: Schedule) -> list[float]:
    return [schedule.momentum(step) for step in range(schedule.cycle_ends[-1])]


@pytest.mark.parametrize("mult", [1, 2, 3])
@pytest.mark.parametrize("epoch_steps", [1, 7, 10])
def test_cosine_restarts_are_those_of_torch(mult: int, epoch_steps: int) -> None:
    schedule = schedule_for(4, cycle_len=1, cycle_mult=mult, epoch_steps=epoch_steps)
    steps = schedule.cycle_ends[-1]
    assert steps == epoch_steps * sum(mult**cycle for cycle in range(4))
    rates, _ = steps_of_torch(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, epoch_steps, mult), steps)
    assert factors(schedule) == pytest.approx(rates, abs=1e-12)
    assert momenta(schedule) == [MOMENTUM] * steps


@pytest.mark.parametrize(("epoch_steps", "lengths"), [(4, (4, 6, 9)), (8, (8, 12, 18)), (100, (100, 150, 225))])
def test_cosine_restarts_of_a_fractional_multiplier(epoch_steps: int, lengths: tuple[int, ...]) -> None:
    """PyTorch takes whole multipliers only: its cycles without restarts are strung together."""
    strung = []
    for length in lengths:
        strung += steps_of_torch(partial(lr_scheduler.CosineAnnealingLR, T_max=length), length)[0]
    schedule = schedule_for(3, cycle_len=1, cycle_mult=1.5, epoch_steps=epoch_steps)
    assert schedule.cycle_ends == tuple(accumulate(lengths))
    assert factors(schedule) == pytest.approx(strung, abs=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 63, 64, 100, 101, 441, 1002])
def test_one_cycle_is_that_of_torch(steps: int) -> None:
    rates, expected_momenta = steps_of_torch(
        partial(
            lr_scheduler.OneCycleLR,
            max_lr=1.0,
            total_steps=steps,
            pct_start=0.25,
            anneal_strategy="cos",
            cycle_momentum=True,
            base_momentum=0.85,
            max_momentum=0.95,
            div_factor=25.0,
            final_div_factor=1e5 / 25,
        ),
        steps,
    )
    schedule = OneCycle(steps)
    assert schedule.cycle_ends == (steps,)
    assert factors(schedule) == pytest.approx(rates, abs=1e-12, rel=1e-9)
    assert momenta(schedule) == pytest.approx(expected_momenta, abs=1e-12)


def test_one_cycle_of_four_steps_begins_at_its_peak() -> None:
    """PyTorch divides by zero here; the peak of n steps lies at n / 4 - 1, which is step 0."""
    schedule = OneCycle(4)
    assert factors(schedule) == pytest.approx([1.0, (3 + 1e-5) / 4, (1 + 3e-5) / 4, 1e-5])
    assert momenta(schedule) == pytest.approx([0.85, 0.875, 0.925, 0.95])


@given(st.integers(5, 10**6))
def test_one_cycle_ends_exactly_and_never_leaves_its_range(steps: int) -> None:
    schedule, peak = OneCycle(steps), steps // 4 - 1
    assert schedule.factor(0) == pytest.approx(1 / 25)
    assert schedule.momentum(0) == pytest.approx(0.95)
    assert (schedule.factor(steps - 1), schedule.momentum(steps - 1)) == (1e-5, 0.95)
    assert max(map(schedule.factor, range(max(0, peak - 1), peak + 3))) <= 1
    assert min(map(schedule.momentum, range(max(0, peak - 1), peak + 3))) >= 0.85 - 1e-15
    if steps % 4 == 0:
        assert schedule.factor(peak) == 1
        assert schedule.momentum(peak) == pytest.approx(0.85, abs=1e-15)


@pytest.mark.parametrize(("steps", "flat"), [(1, 0), (2, 1), (4, 3), (7, 5), (100, 75), (101, 75), (441, 330)])
def test_flat_cosine_is_flat_and_then_a_cycle_of_torch(steps: int, flat: int) -> None:
    schedule = FlatCosine(steps)
    annealing, _ = steps_of_torch(partial(lr_scheduler.CosineAnnealingLR, T_max=steps - flat), steps - flat)
    assert schedule.flat_steps == flat
    assert schedule.cycle_ends == (steps,)
    assert factors(schedule) == pytest.approx([1.0] * flat + annealing, abs=1e-12)
    assert factors(schedule)[: flat + 1] == [1.0] * (flat + 1)
    assert momenta(schedule) == [MOMENTUM] * steps


@pytest.mark.parametrize("warmup_steps", [1, 2, 5, 40])
def test_warm_up_is_that_of_torch(warmup_steps: int) -> None:
    inner = CosineRestarts((6, 18))
    schedule = WarmUp(warmup_steps, inner)
    rates, _ = steps_of_torch(
        partial(lr_scheduler.LinearLR, start_factor=1 / (warmup_steps + 1), total_iters=warmup_steps), warmup_steps + 1
    )
    assert schedule.cycle_ends == (6 + warmup_steps, 18 + warmup_steps)
    assert factors(schedule)[: warmup_steps + 1] == pytest.approx(rates, abs=1e-12)
    assert factors(schedule)[warmup_steps:] == factors(inner)
    assert momenta(schedule) == [MOMENTUM] * (18 + warmup_steps)


def test_warm_up_ramps_to_the_first_rate_and_holds_the_first_momentum_of_what_follows() -> None:
    inner = OneCycle(40)
    schedule = WarmUp(3, inner)
    assert factors(schedule)[:4] == pytest.approx([0.01, 0.02, 0.03, 0.04])
    assert factors(schedule)[3:] == factors(inner)
    assert momenta(schedule) == [inner.momentum(0)] * 3 + momenta(inner)


@pytest.mark.parametrize("cycle_len", [None, 1])
def test_schedule_is_shifted_by_the_warm_up_steps(cycle_len: float | None) -> None:
    plain = schedule_for(2, cycle_len=cycle_len, cycle_mult=2, epoch_steps=5)
    assert schedule_for(2, cycle_len=cycle_len, cycle_mult=2, epoch_steps=5, warmup_steps=0) == plain
    warmed = schedule_for(2, cycle_len=cycle_len, cycle_mult=2, epoch_steps=5, warmup_steps=4)
    assert warmed == WarmUp(4, plain)
    assert factors(warmed)[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


SCHEDULES = [ConstantRate((2, 6)), CosineRestarts((2, 6)), OneCycle(6), FlatCosine(6), WarmUp(2, CosineRestarts((4,)))]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_factor_of_a_step_outside_is_our_mistake(schedule: Schedule) -> None:
    assert schedule.factor(5) > 0
    with pytest.raises(IndexError, match="step 6 lies behind the last cycle, which ends at 6"):
        schedule.factor(6)
    with pytest.raises(IndexError, match="step -1 lies before the first cycle"):
        schedule.factor(-1)


@pytest.mark.parametrize("ends", [(), (0, 2), (2, 2), (4, 2), (1.0, 2), (True, 2), ("1",)])
@pytest.mark.parametrize("kind", [ConstantRate, CosineRestarts])
def test_ends_are_whole_numbers_that_ascend(kind: Callable[..., Schedule], ends: tuple[int, ...]) -> None:
    with pytest.raises(SettingsError, match=r"cycle_ends is .*; cycles end after whole numbers of steps") as error:
        kind(ends)
    assert error.value.subject == "cycle_ends"


@pytest.mark.parametrize("steps", [0, -3, 2.0, True, "5", None])
@pytest.mark.parametrize("kind", [OneCycle, FlatCosine])
def test_steps_are_whole_numbers(kind: Callable[..., Schedule], steps: int) -> None:
    with pytest.raises(SettingsError, match=f"steps is {steps!r}; it must be a whole number, at least 1") as error:
        kind(steps)
    assert error.value.subject == "steps"


@pytest.mark.parametrize("steps", [-1, 1.5])
def test_warm_up_takes_whole_numbers_of_steps(steps: int) -> None:
    with pytest.raises(SettingsError, match=f"warmup_steps is {steps}; it must be a whole number, at least 0") as error:
        schedule_for(1, cycle_len=1, epoch_steps=5, warmup_steps=steps)
    assert error.value.subject == "warmup_steps"


def test_rate_is_constant_without_a_cycle_length() -> None:
    schedule = schedule_for(3, epoch_steps=5)
    assert schedule == ConstantRate((5, 10, 15))
    assert factors(schedule) == [1.0] * 15
    assert momenta(schedule) == [MOMENTUM] * 15


def test_multiplier_says_nothing_without_a_cycle_length() -> None:
    assert schedule_for(2, cycle_mult=2, epoch_steps=5) == schedule_for(2, epoch_steps=5)


def test_lesson_of_three_doubling_cycles_is_seven_epochs() -> None:
    schedule = schedule_for(3, cycle_len=1, cycle_mult=2, epoch_steps=23)
    assert schedule.cycle_ends == (1 * 23, 3 * 23, 7 * 23)


@pytest.mark.parametrize("cycle_len", [None, 1])
@pytest.mark.parametrize("count", [0, -2])
def test_number_of_cycles_must_be_positive(count: int, cycle_len: float | None) -> None:
    with pytest.raises(SettingsError, match=f"n_cycle is {count}; it must be above 0") as error:
        schedule_for(count, cycle_len=cycle_len, epoch_steps=4)
    assert error.value.subject == "n_cycle"


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6))
def test_rate_starts_each_cycle_at_exactly_its_highest_and_only_falls(lengths: list[int]) -> None:
    ends = [sum(lengths[: k + 1]) for k in range(len(lengths))]
    schedule = CosineRestarts(tuple(ends))
    for start, end in pairwise([0, *ends]):
        assert schedule.factor(start) == 1.0
        assert 0 < schedule.factor(end - 1) <= 1
        if end - start > 2:
            assert schedule.factor(end - 1) < schedule.factor((start + end) // 2) < 1
