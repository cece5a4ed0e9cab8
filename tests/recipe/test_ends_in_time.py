"""Cycles that are planned anew while training is at work."""

from itertools import pairwise
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from unfreeze.recipe.ends_in_time import EpochTime, ends_in_time
from unfreeze.recipe.rungs import shortened

WANTED = (10, 30, 70)


def needed(start: int, end: int, epoch: EpochTime) -> float:
    """Seconds from one step to another, with a validation at each end of an epoch and at the last step."""
    validations = sum(step % epoch.steps == 0 or step == end for step in range(start + 1, end + 1))
    return (end - start) * epoch.step_seconds + validations * epoch.validation_seconds


@st.composite
def situations(draw: st.DrawFn) -> dict[str, Any]:
    """A run of cycles in work, and what time is left for it."""
    current = shortened(WANTED, draw(st.integers(1, 70)))
    return {
        "current": current,
        "done": draw(st.integers(0, current[-1])),
        "seconds": draw(st.floats(-10, 200)),
        "epoch": EpochTime(steps=10, step_seconds=draw(st.floats(0.05, 5)), validation_seconds=draw(st.floats(0, 20))),
    }


@given(situations())
def test_training_ends_within_the_time_unless_a_single_step_is_too_much(now: dict[str, Any]) -> None:
    found, done = ends_in_time(WANTED, **now), now["done"]
    last = found[-1] if found else 0
    assert last <= done + 1 or needed(done, last, now["epoch"]) <= now["seconds"] + 1e-6
    assert done <= last <= WANTED[-1]


@given(situations())
def test_what_is_over_stays_and_a_cycle_in_work_grows_no_longer(now: dict[str, Any]) -> None:
    found, current, done = ends_in_time(WANTED, **now), now["current"], now["done"]
    past = [end for end in current if end <= done]
    assert list(found[: len(past)]) == past
    assert all(start < end for start, end in pairwise((0, *found)))
    if done and done not in past:
        running = min(end for end in current if end > done)
        assert found[len(past)] <= running


@given(situations(), st.floats(0, 100))
def test_more_time_never_means_less_training(now: dict[str, Any], more: float) -> None:
    found, longer = ends_in_time(WANTED, **now), ends_in_time(WANTED, **{**now, "seconds": now["seconds"] + more})
    assert (longer[-1] if longer else 0) >= (found[-1] if found else 0)


@given(situations())
def test_whole_epochs_are_planned_where_one_fits(now: dict[str, Any]) -> None:
    found = ends_in_time(WANTED, **now)
    end = (now["done"] // 10 + 1) * 10
    assume(end <= 70 and needed(now["done"], end, now["epoch"]) <= now["seconds"] - 1e-6)
    assert found[-1] >= min(end, min((e for e in now["current"] if e > now["done"]), default=end))


def test_with_time_enough_all_that_was_wanted_is_planned() -> None:
    epoch = EpochTime(steps=10, step_seconds=0.1, validation_seconds=1.0)
    assert ends_in_time(WANTED, (10, 20), done=20, seconds=1000, epoch=epoch) == (10, 20, 30, 70)
    assert ends_in_time(WANTED, WANTED, done=0, seconds=1000, epoch=epoch) == WANTED


def test_a_first_step_is_always_taken() -> None:
    epoch = EpochTime(steps=10, step_seconds=1.0, validation_seconds=1.0)
    assert ends_in_time(WANTED, WANTED, done=0, seconds=-5, epoch=epoch) == (1,)
    assert ends_in_time(WANTED, WANTED, done=10, seconds=-5, epoch=epoch) == (10,)
