"""Averages over views, by hand."""

import numpy as np
import pytest
import scipy.special

from unfreeze.evaluation.tta import average_views

PROBABILITIES = [
    np.array([[0.8, 0.2], [0.5, 0.5]]),
    np.array([[0.4, 0.6], [0.9, 0.1]]),
    np.array([[0.6, 0.4], [0.1, 0.9]]),
]
LOGITS = [np.log(values).astype(np.float32) for values in PROBABILITIES]


def test_each_view_weighs_the_same_unless_said_otherwise() -> None:
    assert average_views(LOGITS) == pytest.approx(np.array([[0.6, 0.4], [0.5, 0.5]]), abs=1e-6)
    assert average_views(LOGITS[:2]) == pytest.approx(np.array([[0.6, 0.4], [0.7, 0.3]]), abs=1e-6)


@pytest.mark.parametrize(
    ("weight", "first_row"), [(0.5, [0.65, 0.35]), (0.25, [0.575, 0.425]), (1, [0.8, 0.2]), (0, [0.5, 0.5])]
)
def test_augmented_views_share_what_the_plain_one_leaves(weight: float, first_row: list[float]) -> None:
    assert average_views(LOGITS, plain_weight=weight)[0].tolist() == pytest.approx(first_row, abs=1e-6)


@pytest.mark.parametrize("weight", [None, 0.25])
def test_one_view_is_its_own_average(weight: float | None) -> None:
    assert average_views(LOGITS[:1], plain_weight=weight) == pytest.approx(PROBABILITIES[0], abs=1e-6)


def test_average_is_taken_of_probabilities_in_float64() -> None:
    views = [np.random.default_rng(seed).normal(size=(20, 5)).astype(np.float32) for seed in range(5)]
    found = average_views(views)
    exact = np.mean([scipy.special.softmax(view.astype(np.float64), axis=1) for view in views], axis=0)
    assert found.dtype == np.float32
    assert np.abs(found - exact).max() <= 2.0**-25  # half a unit in the last place of float32 below 1
    of_mean_logits = scipy.special.softmax(np.mean(views, axis=0), axis=1)
    assert np.abs(found - of_mean_logits).max() > 0.01
