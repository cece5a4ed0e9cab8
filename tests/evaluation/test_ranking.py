"""Figures of ranking beside scikit-learn's, on random and on degenerate tables."""

import math

import numpy as np
import pytest
import scipy.special
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unfreeze.evaluation.ranking import (
    average_precisions,
    brier_score,
    macro,
    ranks_of_truth,
    roc_area,
    roc_areas,
)


def drawn(seed: int, count: int = 80, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels; the last class has no pictures."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes - 1, count)
    logits = random.normal(size=(count, classes)) + np.eye(classes)[labels]
    return scipy.special.softmax(logits, axis=1), labels


@pytest.mark.parametrize("seed", range(3))
def test_figures_of_one_class_are_those_of_scikit_learn(seed: int) -> None:
    probabilities, labels = drawn(seed)
    for k in (1, 2, 3):
        expected = sklearn.metrics.top_k_accuracy_score(labels, probabilities, k=k, labels=range(4))
        assert (ranks_of_truth(probabilities, labels) < k).mean() == pytest.approx(expected)
    areas = roc_areas(probabilities, labels)
    three = probabilities[:, :3] / probabilities[:, :3].sum(axis=1, keepdims=True)
    assert macro(roc_areas(three, labels)) == pytest.approx(
        sklearn.metrics.roc_auc_score(labels, three, multi_class="ovr", average="macro")
    )
    assert math.isnan(areas[3])
    assert math.isnan(average_precisions(probabilities, labels)[3])
    assert macro(average_precisions(probabilities, labels)) == pytest.approx(
        sklearn.metrics.average_precision_score(np.eye(4)[labels][:, :3], probabilities[:, :3])
    )


@pytest.mark.parametrize("seed", range(3))
def test_brier_score_of_two_classes_is_twice_that_of_scikit_learn(seed: int) -> None:
    probabilities, labels = drawn(seed, classes=2)
    labels = labels ^ (np.arange(80) % 3 == 0)
    expected = sklearn.metrics.brier_score_loss(labels, probabilities[:, 1])
    assert brier_score(probabilities, labels) == pytest.approx(2 * expected)
    assert brier_score(probabilities[:, 1:], labels[:, np.newaxis].astype(bool)) == pytest.approx(expected)


def test_brier_score_by_hand() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.0, 0.0, 1.0]])
    assert brier_score(probabilities, np.array([0, 1])) == pytest.approx((0.25 + 0.09 + 0.04 + 2) / 2)


@pytest.mark.parametrize("seed", range(3))
def test_figures_of_several_labels_are_those_of_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    targets, probabilities = random.random((60, 3)) < 0.4, random.random((60, 3)).astype(np.float32)
    assert roc_areas(probabilities, targets) == pytest.approx(
        sklearn.metrics.roc_auc_score(targets, probabilities, average=None)
    )
    assert average_precisions(probabilities, targets) == pytest.approx(
        sklearn.metrics.average_precision_score(targets, probabilities, average=None)
    )


def test_ties_count_half_in_areas_and_the_first_class_comes_first_in_ranks() -> None:
    assert roc_area(np.full(6, 0.3), np.array([True, False] * 3)) == 0.5
    tied = np.full((4, 3), 1 / 3)
    labels = np.array([0, 1, 2, 2])
    assert ranks_of_truth(tied, labels).tolist() == [0, 1, 2, 2]


@given(
    arrays(np.float32, (9, 3), elements=st.sampled_from([0, 0.25, 0.5, 1])),
    arrays(np.int64, 9, elements=st.integers(0, 2)),
)
def test_the_first_in_rank_is_the_answer(probabilities: np.ndarray, labels: np.ndarray) -> None:
    ranks = ranks_of_truth(probabilities, labels)
    assert ((ranks == 0) == (probabilities.argmax(axis=1) == labels)).all()
    assert ((ranks >= 0) & (ranks < 3)).all()


def test_one_row_and_one_class() -> None:
    probabilities, labels = np.array([[0.2, 0.8]]), np.array([1])
    assert ranks_of_truth(probabilities, labels).tolist() == [0]
    assert brier_score(probabilities, labels) == pytest.approx(0.08)
    assert np.isnan(roc_areas(probabilities, labels)).all()
    precisions = average_precisions(probabilities, labels)
    assert math.isnan(precisions[0])
    assert macro(precisions) == precisions[1] == 1
    assert ranks_of_truth(np.ones((3, 1)), np.zeros(3, np.int64)).tolist() == [0, 0, 0]
    assert brier_score(np.ones((3, 1)), np.zeros(3, np.int64)) == 0


def test_figures_of_no_pictures_are_not_defined() -> None:
    probabilities, labels = np.empty((0, 3)), np.empty(0, np.int64)
    assert len(ranks_of_truth(probabilities, labels)) == 0
    assert math.isnan(brier_score(probabilities, labels))
    assert math.isnan(brier_score(probabilities, np.empty((0, 3), bool)))
    assert math.isnan(macro(roc_areas(probabilities, labels)))
    assert math.isnan(macro(average_precisions(probabilities, labels)))
