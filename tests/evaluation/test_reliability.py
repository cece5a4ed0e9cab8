"""Reliability beside scikit-learn's calibration curve, and by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.calibration import calibration_curve

from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.evaluation.reliability import Bins, answers, calibration_error, chance_error, reliability


def drawn(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    confidences = random.beta(4, 1, count)
    return confidences, random.random(count) < confidences**2


@pytest.mark.parametrize("seed", range(3))
def test_bins_as_wide_as_each_other_are_those_of_scikit_learn(seed: int) -> None:
    confidences, right = drawn(seed, 300)
    accuracies, means = calibration_curve(right, confidences, n_bins=15, strategy="uniform")
    found = reliability(confidences, right, bins="width")
    assert [each.accuracy for each in found] == pytest.approx(accuracies.tolist())
    assert [each.confidence for each in found] == pytest.approx(means.tolist())


@pytest.mark.parametrize("seed", range(3))
def test_bins_of_as_many_answers_are_those_of_scikit_learn_where_they_part_alike(seed: int) -> None:
    confidences, right = drawn(seed, 321)  # eighths of 320 are exact: the quantiles are answers
    accuracies, means = calibration_curve(right, confidences, n_bins=8, strategy="quantile")
    found = reliability(confidences, right, count=8)
    assert [each.accuracy for each in found] == pytest.approx(accuracies.tolist())
    assert [each.confidence for each in found] == pytest.approx(means.tolist())
    assert {each.count for each in found} == {40, 41}


def test_error_by_hand() -> None:
    confidences, right = np.array([0.55, 0.65, 0.95, 0.95]), np.array([True, False, True, True])
    found = reliability(confidences, right, bins="width", count=2)
    assert [(each.low, each.high, each.count) for each in found] == [(0.5, 1.0, 4)]
    assert calibration_error(confidences, right, bins="width", count=2) == pytest.approx(0.025)
    assert calibration_error(confidences, right, count=2) == pytest.approx((2 * 0.1 + 2 * 0.05) / 4)
    assert [each.interval for each in reliability(confidences, right, count=2)] == [
        wilson_interval(1, 2),
        wilson_interval(2, 2),
    ]


def test_an_end_of_a_bin_belongs_to_the_bin_below_it() -> None:
    confidences = np.array([0.0, 0.5, np.nextafter(0.5, 1), 1.0])
    found = reliability(confidences, np.ones(4, bool), bins="width", count=2)
    assert [(each.low, each.high, each.count) for each in found] == [(0, 0.5, 2), (0.5, 1, 2)]


def test_equal_confidences_are_never_parted() -> None:
    confidences = np.array([0.7] * 9 + [0.9])
    found = reliability(confidences, np.arange(10) % 3 == 0, count=5)
    assert [(each.confidence, each.count) for each in found] == [(pytest.approx(0.7), 9), (0.9, 1)]


@pytest.mark.parametrize("bins", ["mass", "width"])
def test_one_answer_and_none(bins: Bins) -> None:
    assert reliability(np.empty(0), np.empty(0, bool), bins=bins) == []
    assert math.isnan(calibration_error(np.empty(0), np.empty(0, bool), bins=bins))
    assert calibration_error(np.array([0.8]), np.array([False]), bins=bins) == pytest.approx(0.8)
    assert [each.count for each in reliability(np.array([0.8]), np.array([False]), bins=bins)] == [1]


ANSWERS = st.integers(1, 40).flatmap(
    lambda count: st.tuples(
        arrays(np.float64, count, elements=st.floats(0, 1) | st.sampled_from([0.5, 1.0])), arrays(np.bool_, count)
    )
)


@given(ANSWERS, st.sampled_from(["mass", "width"]), st.integers(1, 20), st.randoms(use_true_random=False))
def test_bins_hold_every_answer_once_in_any_order(
    found: tuple[np.ndarray, np.ndarray], bins: Bins, count: int, random: np.random.Generator
) -> None:
    confidences, right = found
    table = reliability(confidences, right, bins=bins, count=count)
    assert sum(each.count for each in table) == len(right)
    assert len(table) <= count
    assert all(each.low - 1e-12 <= each.confidence <= each.high + 1e-12 for each in table)
    order = list(range(len(right)))
    random.shuffle(order)
    again = calibration_error(confidences[order], right[order], bins=bins, count=count)
    assert again == pytest.approx(calibration_error(confidences, right, bins=bins, count=count), abs=1e-12)
    # Errors of opposite sign can only cancel within a bin.
    whole = abs(float(right.mean() - confidences.mean()))
    assert whole - 1e-12 <= calibration_error(confidences, right, bins=bins, count=count) <= 1


def test_answers_of_one_class_are_the_most_probable_and_of_several_labels_each() -> None:
    probabilities = np.array([[0.7, 0.3], [0.4, 0.6]], np.float32)
    confidences, right = answers(probabilities, np.array([0, 0]))
    assert confidences == pytest.approx([0.7, 0.6])
    assert right.tolist() == [True, False]
    confidences, right = answers(probabilities, np.array([[True, False], [True, True]]))
    assert confidences == pytest.approx([0.7, 0.3, 0.4, 0.6])
    assert right.tolist() == [True, False, True, True]


def test_error_by_chance_is_what_answers_have_that_are_as_often_right_as_is_said() -> None:
    confidences, random = drawn(0, 500)[0], np.random.default_rng(1)
    errors = [calibration_error(confidences, random.random(500) < confidences) for _ in range(300)]
    assert chance_error(confidences) == pytest.approx(np.mean(errors), rel=0.06)
    assert chance_error(confidences) == chance_error(confidences)
    assert math.isnan(chance_error(confidences[:0]))
    one_bin = np.full(900, 0.8)  # a normal's mean deviation
    assert chance_error(one_bin) == pytest.approx(np.sqrt(2 / np.pi) * 0.4 / 30, rel=0.15)
