"""Parts of a collection, and what a head says of pictures that it was trained without."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.audit.folds import fold_numbers, out_of_fold


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=1, max_size=60))
def test_copies_share_a_part_and_order_decides_nothing(pictures: list[tuple[int, int]]) -> None:
    classes, clusters = [label for label, _ in pictures], [f"c{name}" for _, name in pictures]
    parts = fold_numbers(classes, clusters).tolist()
    assert len(set(zip(clusters, parts, strict=True))) == len(set(clusters))
    assert fold_numbers(classes[::-1], clusters[::-1]).tolist() == parts[::-1]


def test_each_part_has_its_share_of_each_class() -> None:
    parts = fold_numbers([0] * 25 + [1] * 10, [f"picture {number}" for number in range(35)])
    assert np.bincount(parts[:25]).tolist() == [5] * 5
    assert np.bincount(parts[25:]).tolist() == [2] * 5


def test_a_picture_is_judged_by_a_head_that_did_not_see_it() -> None:
    """With its own label wrong and unlike all others it can be told only by its label, which the head may not see."""
    generator = np.random.default_rng(0)
    classes = [0] * 40 + [1] * 40
    features = generator.normal(size=(80, 100)).astype(np.float32)
    folds = fold_numbers(classes, [str(number) for number in range(80)])
    found = out_of_fold(features, classes, folds, penalty=0.01)
    right = (found.argmax(1) == classes).mean()
    assert 0.3 < right < 0.7
    np.testing.assert_allclose(found.sum(1), 1)


def test_classes_that_differ_are_told() -> None:
    generator = np.random.default_rng(0)
    classes = [0] * 30 + [1] * 30
    features = generator.normal(size=(60, 8)).astype(np.float32)
    features[30:, 0] += 8
    folds = fold_numbers(classes, [str(number) for number in range(60)])
    assert (out_of_fold(features, classes, folds, penalty=1).argmax(1) == classes).mean() > 0.95
