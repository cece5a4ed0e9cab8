"""Boundaries and numbers of cycles beside plain arithmetic."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.errors import SettingsError
from unfreeze.training.cycles import cosine, cycle_at, cycle_ends, cycles_within


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


def test_part_of_a_cycle_is_no_cycle() -> None:
    with pytest.raises(SettingsError, match=r"n_cycle is 1\.5; it must be a whole number"):
        cycle_ends(1.5, cycle_len=1, cycle_mult=1, epoch_steps=4)  # type: ignore[arg-type]


def test_later_cycle_that_ends_between_two_steps_is_named() -> None:
    with pytest.raises(SettingsError, match=r"cycle 3 would end at step 9\.5, .*cycle_mult 1\.5"):
        cycle_ends(3, cycle_len=1, cycle_mult=1.5, epoch_steps=2)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
@pytest.mark.parametrize("name", ["cycle_len", "cycle_mult", "epoch_steps"])
def test_lengths_and_multipliers_must_be_positive_numbers(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=f"{name} is {value}; it must be above 0") as error:
        cycle_ends(2, **{"cycle_len": 1, "cycle_mult": 1, "epoch_steps": 4, name: value})  # type: ignore[arg-type]
    assert error.value.subject == name


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


@given(
    n_cycle=st.integers(1, 8),
    cycle_len=st.integers(1, 20),
    cycle_mult=st.integers(1, 6),
    epoch_steps=st.integers(1, 300),
)
def test_ends_ascend_and_their_sum_is_the_geometric_one(
    n_cycle: int, cycle_len: int, cycle_mult: int, epoch_steps: int
) -> None:
    ends = cycle_ends(n_cycle, cycle_len=cycle_len, cycle_mult=cycle_mult, epoch_steps=epoch_steps)
    assert all(type(end) is int for end in ends)
    assert all(start < end for start, end in pairwise((0, *ends)))
    terms = n_cycle if cycle_mult == 1 else (cycle_mult**n_cycle - 1) // (cycle_mult - 1)
    assert ends[-1] == cycle_len * epoch_steps * terms


@pytest.mark.parametrize(
    ("max_epochs", "cycle_len", "cycle_mult", "cycles"),
    [
        (7, 1, 2, 3),  # 1 + 2 + 4
        (6, 1, 2, 2),
        (14, 1, 2, 3),
        (15, 1, 2, 4),
        (5, 2, 1, 2),
        (1, 1, 3, 1),
        (10**12, 1, 1, 10**12),  # no loop over all of them
        (0.3, 0.1, 1, 3),  # in binary, 0.1 + 0.1 + 0.1 is more than 0.3
        (3.31, 1, 1.1, 3),  # in binary, 1.1 * 1.1 is more than 1.21
        (3.3099, 1, 1.1, 2),
        (1.75, 1, 0.5, 3),
        (1.99, 1, 0.5, 7),
    ],
)
def test_as_many_cycles_as_fit(max_epochs: float, cycle_len: float, cycle_mult: float, cycles: int) -> None:
    assert cycles_within(max_epochs, cycle_len=cycle_len, cycle_mult=cycle_mult) == cycles


@given(quarters=st.integers(1, 400), length_quarters=st.integers(1, 12), mult_quarters=st.integers(4, 12))
def test_one_cycle_more_would_not_fit(quarters: int, length_quarters: int, mult_quarters: int) -> None:
    limit, first, mult = Fraction(quarters, 4), Fraction(length_quarters, 4), Fraction(mult_quarters, 4)
    numbers = {"cycle_len": float(first), "cycle_mult": float(mult)}
    if first > limit:
        with pytest.raises(SettingsError, match="too short for one cycle"):
            cycles_within(float(limit), **numbers)
        return
    count = cycles_within(float(limit), **numbers)
    lengths = [first * mult**cycle for cycle in range(count + 1)]
    assert sum(lengths[:-1]) <= limit < sum(lengths)


def test_too_few_epochs_for_one_cycle_says_what_to_do() -> None:
    message = "max_epochs is 1.5, too short for one cycle; make it 2 or more, or cycle_len less"
    with pytest.raises(SettingsError, match=message) as error:
        cycles_within(1.5, cycle_len=2)
    assert error.value.subject == "max_epochs"


@pytest.mark.parametrize("max_epochs", [2, 5])
def test_shrinking_cycles_that_never_use_the_epochs_up_are_refused(max_epochs: int) -> None:
    with pytest.raises(SettingsError, match=r"cycle_mult 0\.5 never use up; make it less than 2$") as error:
        cycles_within(max_epochs, cycle_len=1, cycle_mult=0.5)
    assert error.value.subject == "max_epochs"


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
@pytest.mark.parametrize("name", ["max_epochs", "cycle_len", "cycle_mult"])
def test_epochs_to_fill_are_positive_numbers(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=f"{name} is {value}; it must be above 0") as error:
        cycles_within(**{"max_epochs": 4, "cycle_len": 1, "cycle_mult": 1, name: value})
    assert error.value.subject == name


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_each_step_belongs_to_one_cycle(lengths: list[int]) -> None:
    ends = tuple(sum(lengths[: k + 1]) for k in range(len(lengths)))
    expected = [(end - length, end) for length, end in zip(lengths, ends, strict=True) for _ in range(length)]
    assert [cycle_at(step, ends) for step in range(ends[-1])] == expected


def test_a_cosine_starts_ends_and_halves_where_it_should() -> None:
    assert [cosine(3.0, 1.0, share) for share in (0.0, 1.0)] == [3.0, 1.0]
    assert cosine(3.0, 1.0, 0.5) == pytest.approx(2)
    assert cosine(3.0, 1.0, 1 / 3) == pytest.approx(2.5)  # the cosine of 60 degrees is a half
