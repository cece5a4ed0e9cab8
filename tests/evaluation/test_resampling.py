"""Draws of validation pictures and repeats: centred, as wide as they should be, and never sure of nothing."""

import numpy as np
import pytest
from scipy.stats import beta

from unfreeze.evaluation.resampling import Resampling, middle_95


def test_weights_sum_to_one_and_are_the_same_each_time() -> None:
    found, again = (Resampling.drawn(3, 7, draws=50, seed=4) for _ in range(2))
    assert found.pictures.sum(0) + found.extremes.sum(0) == pytest.approx(np.ones(50))
    assert found.repeats.sum(1) == pytest.approx(np.ones(50))
    assert np.array_equal(found.pictures, again.pictures)
    assert not np.array_equal(found.pictures, Resampling.drawn(3, 7, draws=50, seed=5).pictures)


@pytest.mark.parametrize(("wrong", "count"), [(0, 50), (3, 50), (50, 50), (20, 400)])
def test_an_error_lies_where_jeffreys_interval_says(wrong: int, count: int) -> None:
    values = np.zeros((1, 1, count), np.int8)
    values[..., :wrong] = 1
    drawn = Resampling.drawn(1, count, draws=20_000).means(values, lowest=0, highest=1)
    expected = beta(wrong + 0.5, count - wrong + 0.5).ppf((0.025, 0.975))
    assert middle_95(drawn[:, 0]) == pytest.approx(expected, abs=0.006)


def test_repeats_that_differ_widen_and_pictures_in_common_cancel() -> None:
    generator = np.random.default_rng(0)
    answers = (generator.random(200) < 0.3).astype(np.int8)
    same, other = np.stack([[answers, answers]] * 4), np.stack([[answers, answers]] * 4)
    other[:2, :, :40] = 1
    drawn = Resampling.drawn(4, 200)
    widths = [np.ptp(middle_95(drawn.means(values, lowest=0, highest=1)[:, 0])) for values in (same, other)]
    assert widths[1] > 1.2 * widths[0]
    both = drawn.means(same, lowest=0, highest=1)
    assert np.array_equal(both[:, 0], both[:, 1])


def test_changes_may_go_either_way_where_none_was_seen() -> None:
    drawn = Resampling.drawn(2, 100).means(np.zeros((2, 1, 100), np.int8), lowest=-1, highest=1)[:, 0]
    low, high = middle_95(drawn)
    assert -0.04 < low < -0.01
    assert 0.01 < high < 0.04
