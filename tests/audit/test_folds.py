"""Parts of a collection, and what a head says of pictures that it was trained without."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.audit import folds as folds_module
from unfreeze.audit.folds import fold_numbers, out_of_fold, repeatedly_out_of_fold


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


def test_another_division_is_another_one_with_the_same_shares() -> None:
    classes, names = [0] * 25 + [1] * 10, [f"picture {number}" for number in range(35)]
    first, second = (fold_numbers(classes, names, division=division) for division in (0, 1))
    assert (first != second).sum() > 15
    assert np.bincount(second[:25]).tolist() == [5] * 5


def test_an_average_over_divisions_depends_less_on_which_pictures_a_head_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sets of names divide the same pictures in two ways; averaged, both say nearly the same."""
    generator = np.random.default_rng(0)
    classes = [0] * 40 + [1] * 40
    features = generator.normal(size=(80, 30)).astype(np.float32)
    features[40:, 0] += 2
    several = [[f"{start}{number}" for number in range(80)] for start in "ab"]
    one, other = (repeatedly_out_of_fold(features, classes, names) for names in several)
    monkeypatch.setattr(folds_module, "MOST_REPEATED", 79)
    once, again = (repeatedly_out_of_fold(features, classes, names) for names in several)
    np.testing.assert_array_equal(once, out_of_fold(features, classes, fold_numbers(classes, several[0])))
    assert np.abs(one - other).mean() < 0.6 * np.abs(once - again).mean()
    np.testing.assert_allclose(one.sum(1), 1)
