"""The ladder: each rung trains as much as the one below it, and cycles end where they have to."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.recipe.rungs import Rung, ladder, shortened
from unfreeze.recipe.settings import TrainSettings
from unfreeze.training.cycles import cycle_ends

STEPS = st.sets(st.integers(1, 8), min_size=1).map(sorted).map(tuple)


@given(STEPS, st.integers(1, 4), st.integers(0, 2), st.integers(1, 20), st.sampled_from([(), (128,), (128, 160)]))
def test_each_rung_does_all_that_the_one_below_does(
    steps: tuple[int, ...], cycles: int, views: int, epochs: int, smaller: tuple[int, ...]
) -> None:
    asked = TrainSettings(steps=steps, augmented_cycles=cycles, tta_views=views)
    rungs = ladder(asked, size_px=224, smaller_px=smaller, most_epochs=epochs)
    assert bool(rungs) == bool({3, 4, 8} & set(steps))
    assert all(lower.is_within(higher) and lower != higher for lower, higher in pairwise(rungs))
    if rungs:
        assert rungs[-1].steps == tuple(step for step in steps if step < 5 or 8 in steps)
        assert rungs[-1].full_epochs == (epochs if 8 in steps else 0)
    for rung in rungs:
        rung.settings(asked)  # contradicts nothing


def test_a_rung_that_does_less_is_not_within_one_that_does_not_do_it() -> None:
    rung = Rung(size_px=224, steps=(1, 2, 3, 4), augmented_cycles=2, tta_views=4, full_epochs=3)
    for change in ({"size_px": 225}, {"steps": (1, 5)}, {"augmented_cycles": 3}, {"tta_views": 5}, {"full_epochs": 4}):
        assert not Rung(**{**vars(rung), **change}).is_within(rung)


def test_the_settings_of_a_rung_are_those_asked_for_but_for_what_it_leaves_out() -> None:
    asked = TrainSettings(sizes=(128, 160, 224), head_epochs=5)
    lowest, *_, highest = ladder(asked, size_px=224, smaller_px=(), most_epochs=15)
    assert highest.settings(asked) == replace(asked, size=224)
    found = lowest.settings(asked)
    assert (found.steps, found.sizes, found.tta_views, found.head_epochs) == ((1, 2, 3), (), 0, 5)


@pytest.mark.parametrize(
    ("change", "size"),
    [
        ({}, 128),
        ({"sizes": (160, 224)}, None),
        ({"unfreeze": "late"}, None),
        ({"steps": (1, 2, 3, 4, 8)}, None),
    ],
)
def test_step_8_begins_on_small_squares_on_the_conditions_that_the_documentation_names(
    change: dict[str, Any], size: int | None
) -> None:
    rungs = ladder(TrainSettings(**change), size_px=224, smaller_px=(128,), most_epochs=3)
    assert next(rung.full_size_px for rung in rungs if rung.full_epochs) == size


@given(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3), st.integers(1, 60))
def test_shortened_cycles_end_in_time_and_none_is_tiny(cycles: int, length: int, mult: int, total: int) -> None:
    ends = cycle_ends(cycles, cycle_len=length, cycle_mult=mult, epoch_steps=1)
    found = shortened(ends, total)
    assert found[-1] == min(total, ends[-1])
    assert all(start < end for start, end in pairwise((0, *found)))
    assert set(found[:-1]) <= set(ends)
    lengths = [end - start for start, end in pairwise((0, *found))]
    wanted = [end - start for start, end in pairwise((0, *ends))]
    assert len(found) == 1 or 2 * lengths[-1] >= wanted[len(found) - 1]


@pytest.mark.parametrize("total", [1, 3, 7])
def test_whole_cycles_stay_as_they_are(total: int) -> None:
    assert shortened((1, 3, 7), total) == tuple(end for end in (1, 3, 7) if end <= total)
