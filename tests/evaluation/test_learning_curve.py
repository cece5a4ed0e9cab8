"""The learning curve: right about a curve that is known, monotone where it should be, modest where it knows little."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaussian import drawn, expected_error
from unfreeze.evaluation.heads import wrong_answers
from unfreeze.evaluation.learning_curve import LearningCurve, curve_sizes, in_words, learning_curve, nested_order

REPETITIONS = 16
PICTURES = 160


@pytest.fixture(scope="module")
def curves() -> list[LearningCurve]:
    """Curves of independent draws of 160 training and 300 validation pictures."""
    generator = np.random.default_rng(0)
    sets = [(drawn(PICTURES, generator), drawn(300, generator)) for _ in range(REPETITIONS)]
    return [
        learning_curve(train, valid, classes=2, sizes=6, repeats=4, seed=seed)
        for seed, (train, valid) in enumerate(sets)
    ]


@pytest.mark.parametrize("times", [1, 2, 4])
def test_the_interval_covers_the_truth_in_most_repetitions(curves: list[LearningCurve], times: int) -> None:
    truth = 1 - expected_error(times * PICTURES)
    found = [curve.forecast(times * PICTURES) for curve in curves]
    covered = [forecast is not None and forecast.low <= truth <= forecast.high for forecast in found]
    assert np.mean(covered) >= 0.8  # 95 % in the long run; of 16 repetitions 13
    widths = [forecast.high - forecast.low for forecast in found if forecast]
    assert np.mean(widths) < 0.2  # of 300 pictures alone it is 0.09
    middle = np.mean([forecast.accuracy for forecast in found if forecast])
    assert middle == pytest.approx(truth, abs=0.02)


def test_gains_are_surer_than_accuracies(curves: list[LearningCurve]) -> None:
    truth = expected_error(PICTURES) - expected_error(2 * PICTURES)
    found = [forecast for curve in curves if (forecast := curve.forecast(2 * PICTURES))]
    assert np.mean([f.least_gain <= truth <= f.largest_gain for f in found]) >= 0.8
    assert np.mean([f.largest_gain - f.least_gain for f in found]) < np.mean([f.high - f.low for f in found])
    assert all(f.gain >= 0 and f.least_gain <= f.largest_gain for f in found)


def test_accuracy_rises_with_pictures(curves: list[LearningCurve]) -> None:
    middle = np.mean([curve.accuracies for curve in curves], axis=0)
    assert (np.diff(middle) > 0).all()
    for curve in curves:
        for accuracy, (low, high) in zip(curve.accuracies, curve.intervals, strict=True):
            assert low - 0.01 <= accuracy <= high + 0.01
        forecasts = [curve.forecast(size) for size in (160, 320, 640)]
        assert [f.accuracy for f in forecasts if f] == sorted(f.accuracy for f in forecasts if f)


def test_the_last_size_is_all_pictures_whatever_the_repeat() -> None:
    generator = np.random.default_rng(1)
    train, valid = drawn(60, generator), drawn(40, generator)
    seen: list[tuple[int, int]] = []
    curve = learning_curve(train, valid, classes=2, sizes=4, repeats=3, progress=lambda a, b: seen.append((a, b)))
    assert curve.sizes == (6, 13, 28, 60)
    assert seen == [(done, 12) for done in range(1, 13)]
    assert (curve.wrong[:, -1] == wrong_answers(train, valid, classes=2)).all()
    assert (curve.wrong[0, 0] != curve.wrong[1, 0]).any()
    again = learning_curve(train, valid, classes=2, sizes=4, repeats=3)
    assert np.array_equal(curve.wrong, again.wrong)
    assert again.forecast(120) == curve.forecast(120)


def test_other_collections_may_differ_where_subsets_do() -> None:
    wrong = np.zeros((4, 4, 50), np.int8)
    calm = LearningCurve(sizes=(20, 40, 60, 100), wrong=wrong)
    restless = wrong.copy()
    restless[::2, 1, :20] = 1
    moved = LearningCurve(sizes=(20, 40, 60, 100), wrong=restless)
    assert np.ptp(moved.intervals[-1]) > 2 * np.ptp(calm.intervals[-1])


def test_no_mistake_seen_is_not_taken_for_perfection() -> None:
    curve = LearningCurve(sizes=(10, 20, 40, 80), wrong=np.zeros((3, 4, 30), np.int8))
    found = curve.forecast(160)
    assert found
    assert found.accuracy == 1
    assert found.low < 0.95


def test_too_few_pictures_for_a_curve_are_told() -> None:
    generator = np.random.default_rng(2)
    curve = learning_curve(drawn(7, generator), drawn(20, generator), classes=2)
    assert curve.sizes == (6, 7)
    assert curve.forecast(14) is None
    assert len(curve.intervals) == 2
    assert in_words(curve) == "what more training pictures would bring cannot be told: 7 are too few for a curve"


def test_what_twice_as_many_would_bring_is_said_in_words(curves: list[LearningCurve]) -> None:
    found = curves[0].forecast(320)
    assert found
    assert in_words(curves[0]).startswith(
        f"320 training pictures instead of 160 would raise the accuracy by {100 * found.gain:.1f} points"
    )


@pytest.mark.parametrize(("pictures", "classes"), [(1, 1), (5, 3), (2, 2), (100_000, 2)])
def test_sizes_end_at_all_pictures(pictures: int, classes: int) -> None:
    sizes = curve_sizes(pictures, classes=classes)
    assert sizes[-1] == pictures
    assert list(sizes) == sorted(set(sizes))
    assert sizes[0] >= min(pictures, classes)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(0, 9))
def test_every_beginning_has_every_class_in_its_share(labels: list[int], seed: int) -> None:
    found = np.array(labels)
    order = nested_order(found, np.random.default_rng(seed))
    assert sorted(order) == list(range(len(labels)))
    there = set(labels)
    assert set(found[order[: len(there)]].tolist()) == there
    for size in range(len(there), len(labels) + 1):
        for label in there:
            share = (found == label).sum() * size / len(labels)
            assert abs((found[order[:size]] == label).sum() - share) <= len(there) + 1


def test_a_class_with_a_single_picture_is_in_every_subset() -> None:
    generator = np.random.default_rng(3)
    features, labels = drawn(100, generator)
    labels = np.append(labels, 2)
    features = np.vstack([features, np.full((1, features.shape[1]), 9, np.float32)])
    curve = learning_curve((features, labels), (features[-1:], labels[-1:]), classes=3, sizes=4, repeats=2)
    assert not curve.wrong.any()  # far from all others, it is recognised even in the smallest subset
