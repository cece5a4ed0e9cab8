"""Hall's interval: Student's where nothing is skewed, leaning the right way where it is."""

import math

import numpy as np
import pytest
import scipy.stats

from unfreeze.evaluation.skewed_mean import skewed_mean_interval


def test_without_skewness_it_is_that_of_a_normal_mean() -> None:
    values = np.concatenate([5 + np.linspace(-1, 1, 101)])
    expected = scipy.stats.norm.interval(0.95, loc=5, scale=scipy.stats.sem(values))
    assert skewed_mean_interval(values) == pytest.approx(expected, rel=1e-12)


def test_its_ends_are_where_halls_transformation_says_that_they_are() -> None:
    values = np.random.default_rng(0).exponential(size=40)
    mean, error = values.mean(), scipy.stats.sem(values)
    root = scipy.stats.skew(values) / math.sqrt(40)
    for end, normal in zip(skewed_mean_interval(values), (1.959963984540054, -1.959963984540054), strict=True):
        student = (mean - end) / error
        transformed = student + root * student**2 / 3 + root**2 * student**3 / 27 + root / 6
        assert transformed == pytest.approx(normal, rel=1e-9)


def test_a_tail_to_the_right_moves_the_upper_end() -> None:
    values = np.random.default_rng(1).exponential(size=60)
    low, high = skewed_mean_interval(values)
    assert high - values.mean() > 1.2 * (values.mean() - low)


def test_it_holds_the_true_mean_of_skewed_values_more_often_than_students() -> None:
    random = np.random.default_rng(2)
    ours, students = [], []
    for _ in range(1000):
        values = random.lognormal(sigma=1.2, size=50)
        low, high = skewed_mean_interval(values)
        ours.append(low < math.exp(0.72) < high)
        low, high = scipy.stats.t.interval(0.95, 49, loc=values.mean(), scale=scipy.stats.sem(values))
        students.append(low < math.exp(0.72) < high)
    assert np.mean(ours) > np.mean(students) + 0.01
    assert np.mean(ours) > 0.9


@pytest.mark.parametrize("values", [[], [0.3], [0.7, 0.7, 0.7], [0.0, 0.0]])
def test_values_that_say_nothing_of_spread_have_no_interval(values: list[float]) -> None:
    assert np.isnan(skewed_mean_interval(np.array(values))).all()


def test_the_lower_end_is_never_negative() -> None:
    assert skewed_mean_interval(np.array([0.0, 0.0, 0.0, 1.0]))[0] == 0
