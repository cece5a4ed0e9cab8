"""Classes of different sizes: weights beside scikit-learn's, and epochs that show all classes alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from unfreeze.training.balance import answer_weights, balanced_order


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60))
def test_weights_of_classes_are_scikit_learns(labels: list[int]) -> None:
    present = np.unique(labels)
    found = answer_weights(np.array(labels), 6)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[present], compute_class_weight("balanced", classes=present, y=labels), rtol=1e-6)
    assert found[list(labels)].mean() == pytest.approx(1, rel=1e-5)
    assert (found[np.setdiff1d(np.arange(6), present)] == 1).all()


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=40))
def test_weights_of_labels_are_scikit_learns_for_each_label(rows: list[list[bool]]) -> None:
    targets = np.array(rows, np.float32)
    found = answer_weights(targets, 3)
    assert found.shape == (2, 3)
    for label in range(3):
        present = np.unique(targets[:, label])
        expected = compute_class_weight("balanced", classes=present, y=targets[:, label])
        np.testing.assert_allclose(found[present.astype(int), label], expected, rtol=1e-6)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 5))
def test_every_class_comes_as_often_and_every_picture_of_it_too(labels: list[int], epoch: int) -> None:
    array = np.array(labels)
    order = balanced_order(array, seed=1, epoch=epoch)
    assert len(order) == len(labels)
    counts = [np.count_nonzero(array[order] == label) for label in np.unique(array)]
    assert max(counts) - min(counts) <= 1
    shown = np.bincount(order, minlength=len(array))
    for label in np.unique(array):
        own = shown[array == label]
        assert own.max() - own.min() <= 1


def test_seed_and_epoch_decide_the_order() -> None:
    labels = np.repeat([0, 1], [30, 5])
    orders = [balanced_order(labels, seed=seed, epoch=epoch) for seed, epoch in ((0, 0), (0, 0), (0, 1), (1, 0))]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert orders[0] != orders[3]
    seen = {index for epoch in range(12) for index in balanced_order(labels, seed=0, epoch=epoch)}
    assert seen == set(range(35))
