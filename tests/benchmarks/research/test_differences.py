"""Intervals and corrections beside those of statsmodels and SciPy."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.research.differences import adjusted, paired_difference, smallest_shown

VALUES = st.lists(st.floats(-10, 10).map(lambda value: round(value, 3)), min_size=2, max_size=12)


@given(VALUES.filter(lambda values: len(set(values)) > 1))
def test_the_interval_is_statsmodels(values: list[float]) -> None:
    from statsmodels.stats.weightstats import DescrStatsW

    oracle = DescrStatsW(values)
    found = paired_difference(values)
    assert (found.low, found.high) == pytest.approx(oracle.tconfint_mean(0.05), abs=1e-9)
    assert found.p == pytest.approx(oracle.ttest_mean(0)[1], abs=1e-9)
    assert (found.mean, found.deviation) == pytest.approx((oracle.mean, oracle.std_mean * math.sqrt(len(values))))


def test_a_wider_level_is_a_narrower_interval() -> None:
    from statsmodels.stats.weightstats import DescrStatsW

    values = [0.1, 0.4, -0.2, 0.3]
    found = paired_difference(values, level=0.3)
    assert (found.low, found.high) == pytest.approx(DescrStatsW(values).tconfint_mean(0.3))


def test_differences_that_are_all_the_same_show_nothing() -> None:
    none, some = paired_difference([0.0] * 5), paired_difference([0.1 + 0.2, 0.3, 0.3])
    assert (none.low, none.high, none.p) == (0, 0, 1)
    assert some.p == 1
    assert (some.low, some.high) == pytest.approx((0.3, 0.3))


def test_the_correction_is_holms() -> None:
    # the smallest of three is multiplied by 3, the next by 2, and none is below one before it
    assert adjusted([0.03, 0.01, 0.035]) == pytest.approx([0.06, 0.03, 0.06])
    assert adjusted([]) == []


def test_the_smallest_difference_is_found_four_times_out_of_five() -> None:
    from scipy.stats import nct, t

    count, deviation, level = 5, 0.2, 0.01
    least = smallest_shown(deviation, count, level=level)
    bound, away = t.ppf(1 - level / 2, count - 1), least / deviation * math.sqrt(count)
    assert nct.sf(bound, count - 1, away) + nct.cdf(-bound, count - 1, away) == pytest.approx(0.8, abs=1e-4)
    assert smallest_shown(0.0, 5) == 0
