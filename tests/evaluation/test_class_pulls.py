"""Figures of one class beside scikit-learn's, and pulls beside what weight does to those."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from sklearn.metrics import precision_recall_fscore_support

from unfreeze.evaluation.class_pulls import NAMES, class_counts, class_pulls

MORE = 1e-6


def counted(truth: np.ndarray, said: np.ndarray, weights: np.ndarray | None = None) -> list[float]:
    """Precision, recall and F1."""
    found = precision_recall_fscore_support(truth, said, average="binary", zero_division=0, sample_weight=weights)
    return [float(value) for value in found[:3]]


@given(arrays(bool, 12), arrays(bool, 12))
def test_figures_and_pulls_are_those_of_scikit_learn(truth: np.ndarray, said: np.ndarray) -> None:
    truth[0] = True
    found = class_pulls(truth, said, said.astype(np.float32))
    assert tuple(found) == NAMES
    before = counted(truth, said)
    assert [found[name].value for name in NAMES[:3]] == pytest.approx(before)
    for picture in range(12):
        weights = np.ones(12)
        weights[picture] += MORE
        for name, was, now in zip(NAMES, before, counted(truth, said, weights), strict=False):
            dense = np.zeros(12)
            dense[found[name].rows] = found[name].pulls
            assert dense[picture] == pytest.approx((now - was) / MORE, abs=1e-4), name


def test_counts_by_hand() -> None:
    truth, said = np.array([1, 1, 1, 0, 0], bool), np.array([1, 0, 0, 1, 0], bool)
    assert class_counts(truth, said) == (1, 2, 1)
