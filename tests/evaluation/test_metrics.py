"""Figures beside those of scikit-learn and statsmodels."""

from collections.abc import Callable

import numpy as np
import pytest
import scipy.special
import scipy.stats
import sklearn.metrics
import statsmodels.stats.contingency_tables
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from unfreeze.evaluation.metrics import (
    accuracy,
    accuracy_interval,
    class_figures,
    confusion,
    guessing_loss,
    macro_f1,
    mcnemar,
    mean_loss,
    wilson_interval,
)
from unfreeze.evaluation.predictions import PredictionTable, table_from_logits

CLASSES = ("cat", "dog", "eel", "fox")


def random_logits(seed: int, count: int = 60) -> np.ndarray:
    """Logits of four classes; the last one is never the highest."""
    logits = np.random.default_rng(seed).normal(scale=2, size=(count, 4)).astype(np.float32)
    logits[:, 3] -= 20
    return logits


def random_table(seed: int, count: int = 60) -> PredictionTable:
    """A table in which no picture is of the last class, and none is taken for one."""
    return table_from_logits(
        random_logits(seed, count),
        classes=CLASSES,
        paths=[f"{index}.png" for index in range(count)],
        splits=["valid"] * count,
        targets=np.random.default_rng(seed + 100).integers(0, 3, count).tolist(),
    )


@pytest.mark.parametrize("seed", range(5))
def test_accuracy_is_that_of_scikit_learn(seed: int) -> None:
    table = random_table(seed)
    assert accuracy(table) == sklearn.metrics.accuracy_score(table.targets, random_logits(seed).argmax(1))


def test_accuracy_with_test_time_augmentation_is_taken_from_its_columns() -> None:
    table = random_table(0)
    augmented = table.with_tta(np.eye(4, dtype=np.float32)[np.where(np.arange(60) < 45, table.targets, 3)])
    assert accuracy(augmented, tta=True) == 0.75
    assert accuracy(augmented) == accuracy(table) != 0.75


@pytest.mark.parametrize("seed", range(5))
def test_mean_loss_is_the_log_loss_of_scikit_learn(seed: int) -> None:
    table = random_table(seed)
    probabilities = scipy.special.softmax(random_logits(seed).astype(np.float64), axis=1)
    assert mean_loss(table) == pytest.approx(
        sklearn.metrics.log_loss(table.targets, probabilities, labels=range(4)), rel=1e-12
    )


@pytest.mark.parametrize("seed", range(3))
def test_confusion_counts_true_classes_in_rows_an_absent_class_included(seed: int) -> None:
    table = random_table(seed)
    matrix = confusion(table)
    by_hand = np.zeros((4, 4), np.int64)
    for target, predicted in zip(table.targets, table.predicted, strict=True):
        by_hand[target, predicted] += 1
    assert matrix.dtype == np.int64
    assert np.array_equal(matrix, by_hand)
    assert np.array_equal(matrix, sklearn.metrics.confusion_matrix(table.targets, table.predicted, labels=range(4)))
    assert not matrix[3].any()
    assert not matrix[:, 3].any()
    assert not np.array_equal(matrix, matrix.T)


@st.composite
def tables(draw: st.DrawFn) -> PredictionTable:
    """Tables of two to six classes, some of which have no pictures or are never predicted."""
    count = draw(st.integers(2, 6))
    pairs = draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), min_size=1, max_size=40))
    return table_from_logits(
        np.eye(count, dtype=np.float32)[[predicted for _, predicted in pairs]] * 3,
        classes=[f"class {label}" for label in range(count)],
        paths=[f"{index}.png" for index in range(len(pairs))],
        splits=["valid"] * len(pairs),
        targets=[target for target, _ in pairs],
    )


@given(tables())
def test_figures_of_any_table_are_those_of_scikit_learn(table: PredictionTable) -> None:
    labels = range(len(table.classes))
    expected = sklearn.metrics.confusion_matrix(table.targets, table.predicted, labels=labels)
    assert np.array_equal(confusion(table), expected)
    figures = sklearn.metrics.precision_recall_fscore_support(
        table.targets, table.predicted, labels=labels, zero_division=0
    )
    rows = class_figures(table)
    assert [row["class"] for row in rows] == list(table.classes)
    for name, values in zip(("precision", "recall", "f1", "pictures"), figures, strict=True):
        assert [row[name] for row in rows] == pytest.approx(values.tolist(), rel=1e-12), name
    present = sorted(set(table.targets.tolist()))
    score = sklearn.metrics.f1_score(table.targets, table.predicted, labels=present, average="macro", zero_division=0)
    assert macro_f1(table) == pytest.approx(score, rel=1e-12)


def test_guessing_costs_the_logarithm_of_the_number_of_classes(make_table: Callable[..., PredictionTable]) -> None:
    table = make_table([[0.25] * 4] * 3, [0, 1, 3])
    assert guessing_loss(table) == pytest.approx(np.log(4))
    assert mean_loss(table) == pytest.approx(guessing_loss(table))


@pytest.mark.parametrize("count", [1, 2, 3, 10, 37, 500, 100_000])
def test_interval_is_wilsons_of_statsmodels(count: int) -> None:
    for correct in sorted({*range(0, count, max(1, count // 20)), 1, count - 1, count}):
        expected = proportion_confint(correct, count, alpha=0.05, method="wilson")
        low, high = wilson_interval(correct, count)
        assert (low, high) == pytest.approx(expected, rel=1e-9, abs=1e-12), (correct, count)
        assert 0 <= low <= correct / count <= high <= 1


def test_interval_of_no_pictures_says_nothing() -> None:
    assert wilson_interval(0, 0) == (0, 1)


def test_interval_of_a_table_counts_its_correct_pictures(
    make_table: Callable[..., PredictionTable],
) -> None:
    table = make_table([[0.9, 0.1]] * 10, [0] * 9 + [1])
    assert accuracy_interval(table) == pytest.approx((0.5958, 0.9821), abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_figures_of_classes_are_those_of_scikit_learn(seed: int) -> None:
    table = random_table(seed)
    figures = class_figures(table)
    assert [row["class"] for row in figures] == list(CLASSES)
    for index, row in enumerate(figures[:3]):
        target, predicted = table.targets == index, table.predicted == index
        assert row["precision"] == pytest.approx(sklearn.metrics.precision_score(target, predicted))
        assert row["recall"] == pytest.approx(sklearn.metrics.recall_score(target, predicted))
        assert row["f1"] == pytest.approx(sklearn.metrics.f1_score(target, predicted))
        assert row["pictures"] == target.sum()
    assert figures[3] == {"class": "fox", "precision": 0.0, "recall": 0.0, "f1": 0.0, "pictures": 0}


def test_figures_of_classes_by_hand(make_table: Callable[..., PredictionTable]) -> None:
    table = make_table([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]], [0, 0, 1, 1])
    assert class_figures(table) == [
        {"class": "a", "precision": pytest.approx(2 / 3), "recall": 1.0, "f1": pytest.approx(0.8), "pictures": 2},
        {"class": "b", "precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "pictures": 2},
    ]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=200))
def test_a_change_by_chance_is_as_likely_as_statsmodels_says(pairs: list[tuple[bool, bool]]) -> None:
    before, after = np.array(pairs).T
    counts = [[sum(pair == (was, now) for pair in pairs) for now in (True, False)] for was in (True, False)]
    expected = statsmodels.stats.contingency_tables.mcnemar(counts, exact=True).pvalue
    assert mcnemar(before, after) == pytest.approx(min(1, expected), rel=1e-9)


def test_a_change_of_thousands_of_pictures_is_no_overflow() -> None:
    assert mcnemar(np.zeros(5000, bool), np.ones(5000, bool)) < 1e-300


def test_a_change_of_thousands_both_ways_is_counted_exactly_and_at_once() -> None:
    gained, lost = 10_200, 9_900  # some minutes where each binomial coefficient is computed from nothing
    before = np.arange(gained + lost) < lost
    expected = scipy.stats.binomtest(lost, gained + lost).pvalue
    assert mcnemar(before, ~before) == pytest.approx(expected, rel=1e-9)
