"""Sets of classes: by hand, and how often they hold the true one over repeated draws."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.errors import SettingsError
from unfreeze.evaluation.conformal import fit_conformal, measure_coverage, prediction_sets


def drawn(seed: int, count: int, classes: int = 5, *, sharper: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (N, C), and labels drawn from what they were before they were sharpened."""
    random = np.random.default_rng(seed)
    logits = random.normal(scale=2, size=(count, classes))
    labels = np.array([random.choice(classes, p=each) for each in scipy.special.softmax(logits, axis=1)])
    return scipy.special.softmax(logits * sharper, axis=1).astype(np.float32), labels


def test_bound_is_the_rank_that_leaves_room_for_one_more() -> None:
    true = np.linspace(0.05, 0.95, 19)
    probabilities, labels = np.stack([true, 1 - true], axis=1), np.zeros(19, np.int64)
    bound = fit_conformal(probabilities, labels, coverage=0.9)
    assert bound.least_probability == pytest.approx(true[1])  # the second lowest of 19: 18 of 20 gaps lie above
    assert bound.expected == pytest.approx(0.9)
    assert bound.interval[0] < 0.9 < bound.interval[1] < 1
    assert (bound.count, bound.coverage) == (19, 0.9)


@pytest.mark.parametrize("count", [0, 1, 8])
def test_too_few_pictures_put_every_class_into_every_set(count: int) -> None:
    probabilities, labels = drawn(0, count) if count else (np.empty((0, 5), np.float32), np.empty(0, np.int64))
    bound = fit_conformal(probabilities, labels, coverage=0.9)
    assert (bound.least_probability, bound.expected) == (0, 1)
    assert prediction_sets(np.array([[1.0, 0.0]], np.float32), bound.least_probability).all()


def test_coverage_that_is_none_is_an_error() -> None:
    with pytest.raises(SettingsError, match="between 0 and 1"):
        fit_conformal(*drawn(0, 10), coverage=1.0)


@given(st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_sets_hold_the_most_probable_class_and_grow_as_the_bound_falls(seed: int, one: float, other: float) -> None:
    probabilities, _ = drawn(seed, 6)
    low, high = sorted((one, other))
    larger, smaller = prediction_sets(probabilities, low), prediction_sets(probabilities, high)
    assert smaller[np.arange(6), probabilities.argmax(axis=1)].all()
    assert (larger | ~smaller).all()


@pytest.mark.parametrize("sharper", [1.0, 3.0])
@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_sets_hold_the_true_class_as_often_as_promised_even_of_a_model_that_is_too_sure(
    sharper: float, coverage: float
) -> None:
    found = []
    for seed in range(400):
        probabilities, labels = drawn(seed, 140, sharper=sharper)
        bound = fit_conformal(probabilities[:40], labels[:40], coverage=coverage)
        sets = prediction_sets(probabilities[40:], bound.least_probability)
        found.append(sets[np.arange(100), labels[40:]].mean())
    error = 4 * np.std(found) / 20
    assert abs(np.mean(found) - bound.expected) < error
    assert error < 0.02
    low, high = bound.interval
    assert np.mean([low - 0.06 < each < high + 0.06 for each in found]) > 0.9  # 100 pictures blur the interval


def test_sets_of_a_sure_model_have_one_class_and_hold_it_as_often_as_it_is_right() -> None:
    probabilities, labels = drawn(1, 600, sharper=1)
    probabilities = scipy.special.softmax(np.log(probabilities) + 12 * np.eye(5)[labels], axis=1)
    accuracy = (probabilities.argmax(axis=1) == labels).mean()
    measured = measure_coverage(probabilities, labels, coverage=0.9, splits=50)
    assert accuracy > 0.98
    assert measured.found == pytest.approx(accuracy, abs=0.005)
    assert (measured.classes, measured.single) == (1, 1)


def test_measured_coverage_is_what_was_asked_for_and_its_splits_are_seeded() -> None:
    probabilities, labels = drawn(2, 800)
    measured = measure_coverage(probabilities, labels, coverage=0.9, splits=100)
    low, high = measured.interval
    assert low < 0.9 < high
    assert high - low < 0.08
    assert measured.found == pytest.approx(0.9, abs=0.01)
    assert 1 < measured.classes < 5
    assert 0 < measured.single < 1
    assert measured == measure_coverage(probabilities, labels, coverage=0.9, splits=100)
    assert measured != measure_coverage(probabilities, labels, coverage=0.9, splits=100, seed=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("count", "coverage"), [(2, 0.9), (31, 0.9), (300, 0.6), (300, 0.95)])
def test_measured_coverage_is_that_of_the_sets_of_each_split(count: int, coverage: float, dtype: type) -> None:
    probabilities, labels = drawn(3, count)
    probabilities = probabilities.astype(dtype).round(2)  # some are equal
    random, found = np.random.Generator(np.random.PCG64(7)), []
    for _ in range(20):
        order = random.permutation(count)
        half, rest = order[: count // 2], order[count // 2 :]
        bound = fit_conformal(probabilities[half], labels[half], coverage=coverage)
        sets = prediction_sets(probabilities[rest], bound.least_probability)
        found.append((sets[np.arange(len(rest)), labels[rest]].mean(), sets.sum(1).mean(), (sets.sum(1) == 1).mean()))
    measured = measure_coverage(probabilities, labels, coverage=coverage, splits=20, seed=7)
    assert [measured.found, measured.classes, measured.single] == pytest.approx(np.mean(found, axis=0))
    assert measured.interval == pytest.approx(np.quantile([each[0] for each in found], (0.025, 0.975)))


@pytest.mark.parametrize("count", [0, 1])
def test_coverage_of_fewer_than_two_pictures_is_not_defined(count: int) -> None:
    measured = measure_coverage(np.full((count, 2), 0.5), np.zeros(count, np.int64), coverage=0.9, splits=3)
    assert np.isnan([measured.found, measured.classes, measured.single, *measured.interval]).all()
