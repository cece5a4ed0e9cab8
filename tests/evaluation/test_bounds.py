"""Bounds from held-out values, beside scipy's distributions and repeated draws."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.errors import SettingsError
from unfreeze.evaluation.bounds import beta_quantile, held_out_bound


@pytest.mark.parametrize(("count", "share", "expected"), [(19, 0.05, 19.0), (20, 0.1, 19.0), (99, 0.29, 71.0)])
def test_bound_is_the_value_whose_rank_leaves_room_for_one_more(count: int, share: float, expected: float) -> None:
    values = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
    assert held_out_bound(values, share=share).value == expected


@pytest.mark.parametrize(("count", "share"), [(0, 0.5), (8, 0.1), (18, 0.05)])
def test_bound_of_too_few_values_is_infinite(count: int, share: float) -> None:
    bound = held_out_bound(np.arange(float(count)), share=share)
    assert (bound.value, bound.expected, bound.interval, bound.count) == (math.inf, 0, (0, 0), count)
    assert held_out_bound(np.arange(count + 1.0), share=share).value == count


@given(st.integers(1, 60), st.integers(1, 99))
def test_what_is_promised_is_never_more_than_was_asked_for(count: int, percent: int) -> None:
    bound = held_out_bound(np.arange(float(count)), share=percent / 100)
    assert bound.expected <= percent / 100 + 1e-12
    # A bound that is lower by one value would promise too much.
    assert bound.expected + 1 / (count + 1) > percent / 100
    low, high = bound.interval
    assert low <= bound.expected <= high or math.isinf(bound.value)


def test_interval_is_that_of_scipys_beta_distribution() -> None:
    bound = held_out_bound(np.arange(250.0), share=0.05)
    above = 12  # of 251 gaps
    assert bound.expected == pytest.approx(above / 251)
    assert bound.interval == pytest.approx(scipy.stats.beta(above, 251 - above).ppf([0.025, 0.975]))


def test_new_values_lie_above_as_often_as_promised_over_repeated_draws() -> None:
    random = np.random.default_rng(0)
    count, share, draws = 20, 0.1, 4000
    found = [
        float(np.mean(random.lognormal(size=50) > held_out_bound(random.lognormal(size=count), share=share).value))
        for _ in range(draws)
    ]
    bound = held_out_bound(np.arange(float(count)), share=share)
    error = 4 * np.std(found) / np.sqrt(draws)
    assert abs(np.mean(found) - bound.expected) < error < 0.01  # 2/21; of 20 values without room for one more: 3/21
    above = scipy.stats.betabinom(50, 2, 19)
    assert np.quantile(found, 0.9) * 50 == pytest.approx(above.ppf(0.9), abs=1)


def test_equal_values_never_break_the_promise() -> None:
    assert held_out_bound(np.ones(100), share=0.05).value == 1


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, math.nan])
def test_share_that_is_none_is_an_error(share: float) -> None:
    with pytest.raises(SettingsError, match="give the part that may lie above the bound") as error:
        held_out_bound(np.arange(5.0), share=share)
    assert error.value.subject == "share"


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0.001, 0.999))
def test_quantiles_are_those_of_scipy(a: int, b: int, share: float) -> None:
    assert beta_quantile(a, b, share) == pytest.approx(scipy.stats.beta(a, b).ppf(share), rel=1e-7)


def test_quantiles_of_many_pictures_are_those_of_scipy() -> None:
    for share in (0.025, 0.975):
        assert beta_quantile(5000, 95_001, share) == pytest.approx(scipy.stats.beta(5000, 95_001).ppf(share), rel=1e-6)
