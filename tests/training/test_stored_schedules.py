"""Schedules through JSON and back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.errors import SettingsError
from unfreeze.training.schedules import ConstantRate, CosineRestarts, FlatCosine, OneCycle, Schedule, WarmUp
from unfreeze.training.stored_schedules import schedule_from_dict, schedule_to_dict

STEPS = st.integers(1, 2**60)
ENDS = st.lists(STEPS, min_size=1, max_size=5, unique=True).map(sorted).map(tuple)
PLAIN = st.one_of(
    st.builds(ConstantRate, ENDS),
    st.builds(CosineRestarts, ENDS),
    st.builds(OneCycle, STEPS),
    st.builds(FlatCosine, STEPS),
)
SCHEDULES = st.one_of(PLAIN, st.builds(WarmUp, st.integers(0, 2**60), PLAIN))


@given(SCHEDULES)
def test_a_schedule_comes_back_equal(schedule: Schedule) -> None:
    values = schedule_to_dict(schedule)
    text = json.dumps(values)
    assert json.loads(text) == values  # plain values already, no tuples
    assert schedule_from_dict(values) == schedule_from_dict(json.loads(text)) == schedule
    assert type(schedule_from_dict(values)) is type(schedule)


@given(SCHEDULES, SCHEDULES)
def test_equal_schedules_are_stored_alike_and_others_otherwise(one: Schedule, other: Schedule) -> None:
    assert (schedule_to_dict(one) == schedule_to_dict(other)) == (one == other)


def test_what_is_stored_can_be_read() -> None:
    assert schedule_to_dict(WarmUp(5, CosineRestarts((63, 189)))) == {
        "kind": "warm-up",
        "warmup_steps": 5,
        "then": {"kind": "cosine", "cycle_ends": [63, 189]},
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "describes no schedule"),
        ({"kind": "sine", "steps": 3}, "describes no schedule"),
        ({"kind": "one-cycle"}, "describes no schedule"),
        ({"kind": "one-cycle", "steps": 3, "pct_start": 0.3}, "describes no schedule"),
        ({"kind": "cosine", "cycle_ends": 3}, "describes no schedule"),
        ({"kind": "cosine", "cycle_ends": "3"}, "describes no schedule"),
        ({"kind": "cosine", "cycle_ends": [3, 2]}, "cycle_ends is"),
        ({"kind": "constant", "cycle_ends": []}, "cycle_ends is"),
        ({"kind": "flat-cosine", "steps": 3.0}, r"steps is 3\.0"),
        ({"kind": "one-cycle", "steps": True}, "steps is True"),
        ({"kind": "warm-up", "warmup_steps": 3, "then": 5}, "5 describes no schedule"),
        ({"kind": "warm-up", "warmup_steps": 3, "then": {"kind": "one-cycle", "steps": 0}}, "steps is 0"),
    ],
)
def test_what_is_no_schedule_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        schedule_from_dict(values)


def test_a_schedule_of_another_class_is_our_mistake() -> None:
    with pytest.raises(AssertionError, match="object is a schedule that cannot be stored"):
        schedule_to_dict(object())  # type: ignore[arg-type]
