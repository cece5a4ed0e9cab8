"""Schedules beside PyTorch's own, and boundaries beside plain arithmetic."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.errors import SettingsError
from unfreeze.training.schedules import ConstantRate, CosineRestarts, cycle_ends, schedule_for


def rates_of_torch(first: int, mult: int, steps: int) -> list[float]:
    """The rates that PyTorch's scheduler sets for a highest rate of 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, first, mult, eta_min=0)
    rates = []
    for _ in range(steps):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.parametrize("mult", [1, 2, 3])
@pytest.mark.parametrize("epoch_steps", [1, 7, 10])
def test_cosine_restarts_are_those_of_torch(mult: int, epoch_steps: int) -> None:
    schedule = schedule_for(4, cycle_len=1, cycle_mult=mult, epoch_steps=epoch_steps)
    steps = schedule.cycle_ends[-1]
    assert steps == epoch_steps * sum(mult**cycle for cycle in range(4))
    assert [schedule.factor(step) for step in range(steps)] == pytest.approx(
        rates_of_torch(epoch_steps, mult, steps), abs=1e-12
    )


def test_cosine_restarts_of_a_fractional_multiplier() -> None:
    schedule = schedule_for(3, cycle_len=1, cycle_mult=1.5, epoch_steps=4)
    assert schedule.cycle_ends == (4, 10, 19)
    by_hand = [(1 + math.cos(math.pi * i / n)) / 2 for n in (4, 6, 9) for i in range(n)]
    assert [schedule.factor(step) for step in range(19)] == pytest.approx(by_hand, abs=1e-15)


def test_factor_behind_the_last_cycle_is_our_mistake() -> None:
    with pytest.raises(IndexError, match="step 6 lies behind the last cycle, which ends at 6"):
        CosineRestarts((2, 6)).factor(6)


def test_rate_is_constant_without_a_cycle_length() -> None:
    schedule = schedule_for(3, epoch_steps=5)
    assert schedule == ConstantRate((5, 10, 15))
    assert [schedule.factor(step) for step in range(15)] == [1.0] * 15


def test_multiplier_says_nothing_without_a_cycle_length() -> None:
    assert schedule_for(2, cycle_mult=2, epoch_steps=5) == schedule_for(2, epoch_steps=5)


def test_lesson_of_three_doubling_cycles_is_seven_epochs() -> None:
    schedule = schedule_for(3, cycle_len=1, cycle_mult=2, epoch_steps=23)
    assert schedule.cycle_ends == (1 * 23, 3 * 23, 7 * 23)


@pytest.mark.parametrize(
    ("cycle_len", "cycle_mult", "epoch_steps", "ends"),
    [
        (0.5, 1, 10, (5, 10, 15)),
        (1.5, 2, 10, (15, 45, 105)),
        (2, 0.5, 10, (20, 30, 35)),
        (0.1, 1, 10, (1, 2, 3)),  # in binary, 0.1 + 0.1 + 0.1 is more than 0.3
        (1, 1.1, 100, (100, 210, 331)),  # in binary, 1.1 * 1.1 is more than 1.21
    ],
)
def test_fractions_that_fall_on_whole_steps(
    cycle_len: float, cycle_mult: float, epoch_steps: int, ends: tuple[int, ...]
) -> None:
    assert cycle_ends(3, cycle_len=cycle_len, cycle_mult=cycle_mult, epoch_steps=epoch_steps) == ends


def test_cycle_that_ends_between_two_steps_names_the_settings() -> None:
    message = r"cycle 1 would end at step 1\.5, .*cycle_len 0\.5 and cycle_mult 1 do not divide epochs of 3 steps"
    with pytest.raises(SettingsError, match=message) as error:
        cycle_ends(2, cycle_len=0.5, cycle_mult=1, epoch_steps=3)
    assert error.value.subject == "cycle_len"


def test_later_cycle_that_ends_between_two_steps_is_named() -> None:
    with pytest.raises(SettingsError, match=r"cycle 3 would end at step 9\.5, .*cycle_mult 1\.5"):
        schedule_for(3, cycle_len=1, cycle_mult=1.5, epoch_steps=2)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
@pytest.mark.parametrize("name", ["cycle_len", "cycle_mult"])
def test_lengths_and_multipliers_must_be_positive_numbers(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=f"{name} is {value}; it must be above 0") as error:
        cycle_ends(2, **{"cycle_len": 1, "cycle_mult": 1, name: value}, epoch_steps=4)
    assert error.value.subject == name


@pytest.mark.parametrize("cycle_len", [None, 1])
@pytest.mark.parametrize("count", [0, -2])
def test_number_of_cycles_must_be_positive(count: int, cycle_len: float | None) -> None:
    with pytest.raises(SettingsError, match=f"n_cycle is {count}; it must be above 0") as error:
        schedule_for(count, cycle_len=cycle_len, epoch_steps=4)
    assert error.value.subject == "n_cycle"


@given(
    n_cycle=st.integers(1, 5),
    quarters=st.integers(1, 12),
    mult_quarters=st.integers(1, 12),
    epoch_steps=st.integers(1, 300),
)
def test_boundaries_are_exact_integers_or_an_error(
    n_cycle: int, quarters: int, mult_quarters: int, epoch_steps: int
) -> None:
    lengths = [Fraction(quarters, 4) * epoch_steps * Fraction(mult_quarters, 4) ** k for k in range(n_cycle)]
    exact = [sum(lengths[: k + 1], Fraction(0)) for k in range(n_cycle)]
    if any(end.denominator != 1 for end in exact):
        with pytest.raises(SettingsError, match="between two steps"):
            cycle_ends(n_cycle, cycle_len=quarters / 4, cycle_mult=mult_quarters / 4, epoch_steps=epoch_steps)
        return
    ends = cycle_ends(n_cycle, cycle_len=quarters / 4, cycle_mult=mult_quarters / 4, epoch_steps=epoch_steps)
    assert all(type(end) is int for end in ends)
    assert list(ends) == exact


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6))
def test_rate_starts_each_cycle_at_exactly_its_highest_and_only_falls(lengths: list[int]) -> None:
    ends = [sum(lengths[: k + 1]) for k in range(len(lengths))]
    schedule = CosineRestarts(tuple(ends))
    for start, end in pairwise([0, *ends]):
        assert schedule.factor(start) == 1.0
        assert 0 < schedule.factor(end - 1) <= 1
        if end - start > 2:
            assert schedule.factor(end - 1) < schedule.factor((start + end) // 2) < 1
