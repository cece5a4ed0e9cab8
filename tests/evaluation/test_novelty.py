"""Strange pictures: scores beside scikit-learn's neighbours, and what the bound refuses."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from unfreeze.evaluation.novelty import MOST_REFERENCES, Novelty, even_rows, fit_novelty, unit_length
from unfreeze.evaluation.ranking import roc_area


def kind(seed: int, count: int, *, centre: int, size: int = 32) -> np.ndarray:
    """Features of pictures of one kind: around one direction."""
    random = np.random.default_rng(seed)
    values: np.ndarray = np.abs(random.normal(size=(count, size))) + 6 * np.eye(size)[centre]
    return values.astype(np.float32)


def test_score_is_the_mean_cosine_distance_to_the_five_nearest() -> None:
    training, new = kind(0, 200, centre=0), kind(1, 50, centre=3)
    novelty = fit_novelty(training, training[:0])
    distances, _ = NearestNeighbors(n_neighbors=5, metric="cosine").fit(training).kneighbors(new)
    assert novelty.references.dtype == np.float16
    assert novelty.scores(new).dtype == np.float32
    assert novelty.scores(new) == pytest.approx(distances.mean(axis=1), abs=2e-4)


def two_kinds(seed: int, count: int) -> np.ndarray:
    return np.concatenate([kind(2 * seed, count, centre=0), kind(2 * seed + 1, count, centre=1)])


def test_strangers_are_told() -> None:
    novelty = fit_novelty(two_kinds(0, 150), two_kinds(1, 200), labels=np.repeat([0, 1], 150))
    scores = novelty.scores(np.concatenate([two_kinds(2, 500), kind(99, 300, centre=7)]))
    assert roc_area(scores, np.arange(1300) >= 1000) > 0.999
    assert novelty.strangers(kind(99, 300, centre=7)).mean() > 0.99


def test_known_pictures_are_refused_as_often_as_promised_over_repeated_draws() -> None:
    training, found = two_kinds(0, 50), []
    for seed in range(1, 301):
        novelty = fit_novelty(training, two_kinds(2 * seed, 15), refused=0.1)
        found.append(novelty.strangers(two_kinds(2 * seed + 1, 15)).mean())
    error = 4 * np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - novelty.bound.expected) < error < 0.025
    assert novelty.bound.expected == pytest.approx(3 / 31)
    assert novelty.bound.count == 30


def test_bound_comes_from_held_out_pictures_not_from_the_ones_that_are_kept() -> None:
    training, held_out = kind(0, 60, centre=0), kind(1, 60, centre=0)
    novelty = fit_novelty(training, held_out)
    third = np.sort(novelty.scores(held_out))[57]  # 3 of 61 gaps lie above it
    assert third < novelty.bound.value == pytest.approx(third, abs=2e-6)
    assert not novelty.strangers(training).any()


def test_few_held_out_pictures_refuse_nothing() -> None:
    novelty = fit_novelty(kind(0, 60, centre=0), kind(1, 18, centre=0), refused=0.05)
    assert math.isinf(novelty.bound.value)
    assert not novelty.strangers(kind(2, 20, centre=9)).any()


def test_order_of_the_scores_does_not_hang_on_the_length_of_features() -> None:
    novelty = fit_novelty(kind(0, 60, centre=0), kind(1, 30, centre=0))
    new = kind(2, 20, centre=4)
    assert novelty.scores(new * 37) == pytest.approx(novelty.scores(new), abs=1e-6)


def test_large_sets_are_scored_as_single_pictures_are() -> None:
    novelty = fit_novelty(kind(0, 60, centre=0), kind(1, 30, centre=0))
    new = kind(2, 2500, centre=4)
    found = novelty.scores(new)
    assert found.shape == (2500,)
    for row in (0, 1023, 1024, 2499):
        assert found[row] == pytest.approx(novelty.scores(new[row : row + 1])[0], abs=1e-6)
    assert novelty.scores(new[:0]).shape == (0,)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_features_that_are_not_finite_are_strange(bad: float) -> None:
    novelty = fit_novelty(kind(0, 60, centre=0), kind(1, 30, centre=0))
    new = kind(2, 3, centre=0)
    new[1, 5] = bad
    assert np.isinf(novelty.scores(new)).tolist() == [False, True, False]
    assert novelty.strangers(new)[1]


def test_features_of_length_zero_are_at_right_angles_to_all() -> None:
    novelty = fit_novelty(kind(0, 60, centre=0), kind(1, 30, centre=0))
    assert novelty.scores(np.zeros((1, 32), np.float32)).tolist() == [1]
    assert unit_length(np.zeros((1, 3), np.float32)).tolist() == [[0, 0, 0]]
    assert np.linalg.norm(unit_length(np.full((1, 3), 1e30, np.float32))) == pytest.approx(1)


def test_one_training_picture_is_its_own_neighbourhood() -> None:
    novelty = fit_novelty(kind(0, 1, centre=0), kind(1, 30, centre=0))
    assert (novelty.neighbours, novelty.references.shape) == (1, (1, 32))
    assert novelty.scores(kind(0, 1, centre=0))[0] == pytest.approx(0, abs=1e-3)


def test_what_is_kept_is_bounded_seeded_and_leaves_no_class_out() -> None:
    common, rare = kind(0, 5000, centre=0, size=4), kind(1, 3, centre=1, size=4)
    training, labels = np.concatenate([common, rare]), np.repeat([0, 1], [5000, 3])

    def kept(seed: int) -> Novelty:
        return fit_novelty(training, training[:0], labels=labels, seed=seed)

    assert kept(0).references.shape == (MOST_REFERENCES, 4)
    assert np.array_equal(kept(0).references, kept(0).references)
    assert not np.array_equal(kept(0).references, kept(1).references)
    rows = even_rows(labels, MOST_REFERENCES, seed=0)
    assert (rows >= 5000).sum() == 3


def test_many_classes_keep_five_pictures_each() -> None:
    training, labels = kind(0, 5000, centre=0, size=4), np.repeat(np.arange(500), 10)
    novelty = fit_novelty(training, training[:0], labels=labels)
    assert len(novelty.references) == 2500
    assert (np.bincount(labels[even_rows(labels, 2500, seed=0)]) == 5).all()


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(1, 70), st.integers(0, 5))
def test_rows_are_as_even_as_the_classes_allow(labels: list[int], most: int, seed: int) -> None:
    found = np.array(labels)
    rows = even_rows(found, most, seed=seed)
    assert len(rows) == len(set(rows.tolist())) == min(most, len(labels))
    taken, there = np.bincount(found[rows], minlength=5), np.bincount(found, minlength=5)
    for label in np.flatnonzero(taken < there):  # a class that is not used up
        assert taken[label] >= taken.max() - 1
