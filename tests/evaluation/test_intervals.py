"""Bootstrap intervals beside scipy's."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics

from unfreeze.evaluation.intervals import Method, bootstrap_interval

METHODS: tuple[Method, ...] = ("percentile", "bca")


def interval_of_mean(values: np.ndarray, **options: Any) -> tuple[float, float]:
    """The interval of the mean, all values in one stratum."""
    return bootstrap_interval(lambda rows: float(values[rows].mean()), np.zeros(len(values), int), **options)


@pytest.mark.parametrize("method", METHODS)
def test_interval_is_that_of_scipy_up_to_the_samples(method: Method) -> None:
    values = np.random.default_rng(0).exponential(size=60)
    seeded = np.random.default_rng(0)
    theirs = scipy.stats.bootstrap((values,), np.mean, n_resamples=20_000, method=method, random_state=seeded)
    expected = theirs.confidence_interval
    spread = expected.high - expected.low
    low, high = interval_of_mean(values, method=method, resamples=10_000)
    assert low == pytest.approx(expected.low, abs=0.03 * spread)
    assert high == pytest.approx(expected.high, abs=0.03 * spread)


def test_corrected_interval_of_a_skewed_figure_is_another_one() -> None:
    values = np.random.default_rng(0).exponential(size=40)
    strata = np.zeros(40, int)
    plain = bootstrap_interval(lambda rows: float(values[rows].var()), strata)
    corrected = bootstrap_interval(lambda rows: float(values[rows].var()), strata, method="bca")
    assert corrected[1] > plain[1]
    assert corrected[0] > plain[0]


def test_interval_holds_the_true_figure_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    held = []
    for seed in range(200):
        values = random.normal(size=80)
        low, high = interval_of_mean(values, resamples=300, seed=seed)
        held.append(low < 0 < high)
    assert 0.88 < np.mean(held) < 0.99


def test_each_stratum_is_drawn_as_often_as_it_is_there() -> None:
    strata = np.array([5, 5, 5, 9])
    seen: list[np.ndarray] = []

    def figure(rows: np.ndarray) -> float:
        seen.append(strata[rows])
        return 0.0

    bootstrap_interval(figure, strata, resamples=50)
    assert all(sorted(each.tolist()) == [5, 5, 5, 9] for each in seen)
    assert len(seen) == 50


def test_strata_narrow_the_interval_of_a_figure_that_hangs_on_them() -> None:
    values = np.concatenate([np.zeros(50), np.ones(50)]) + np.random.default_rng(2).normal(scale=0.1, size=100)
    for method in METHODS:
        widths = []
        for strata in (np.repeat([0, 1], 50), np.zeros(100, int)):
            low, high = bootstrap_interval(lambda rows: float(values[rows].mean()), strata, method=method)
            widths.append(high - low)
        assert widths[0] < widths[1] / 3


def test_strata_apart_make_no_skewness() -> None:
    """Ten values about 0 and forty about 1, evenly spread: nothing is skewed within a stratum."""
    values = np.concatenate([np.linspace(-0.1, 0.1, 10), np.linspace(0.9, 1.1, 40)])
    strata = np.repeat([0, 1], [10, 40])
    ends = [
        bootstrap_interval(lambda rows: float(values[rows].mean()), strata, method=method, resamples=20_000)
        for method in METHODS
    ]
    plain, corrected = (np.array(each) - values.mean() for each in ends)
    assert corrected == pytest.approx(plain, rel=0.04)


def test_seed_decides_the_samples() -> None:
    found = [interval_of_mean(np.arange(20.0), seed=seed, resamples=100) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_degenerate_figures() -> None:
    none = bootstrap_interval(lambda rows: 0.0, np.empty(0, int))
    never = bootstrap_interval(lambda rows: math.nan, np.zeros(4, int), resamples=9)
    assert np.isnan([*none, *never]).all()
    for method in METHODS:
        always = bootstrap_interval(lambda rows: 1.0, np.zeros(4, int), resamples=9, method=method)
        assert always == (1, 1)
        assert interval_of_mean(np.zeros(1), resamples=9, method=method) == (0, 0)


def test_samples_for_which_the_figure_is_not_defined_do_not_count() -> None:
    """An area needs both classes; without strata one of three pictures is missing in some samples."""
    labels, scores = np.array([0, 0, 1]), np.array([0.1, 0.3, 0.2])

    def area(rows: np.ndarray) -> float:
        return float(sklearn.metrics.roc_auc_score(labels[rows], scores[rows])) if np.ptp(labels[rows]) else math.nan

    for method in METHODS:
        low, high = bootstrap_interval(area, np.zeros(3, int), resamples=200, method=method)
        assert 0 <= low <= high <= 1, method
