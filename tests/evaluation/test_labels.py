"""Figures of several labels beside those of scikit-learn."""

import math
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labelled import random_answers
from unfreeze.evaluation.labels import label_counts, label_figures, mean_average_precision
from unfreeze.evaluation.metrics import (
    accuracy,
    accuracy_interval,
    class_figures,
    confusion,
    guessing_loss,
    macro_f1,
    mean_loss,
    wilson_interval,
)
from unfreeze.evaluation.predictions import PredictionTable, read_predictions, table_from_logits
from unfreeze.evaluation.selections import most_correct, most_incorrect, most_uncertain, worst_first
from unfreeze.evaluation.tta import average_views
from unfreeze.training.objective import EXCLUSIVE, INDEPENDENT


def table_of(logits: np.ndarray, targets: np.ndarray) -> PredictionTable:
    names = [f"label {index}; {'abcdefgh'[index]}" for index in range(logits.shape[1])]
    paths = [f"{index}.png" for index in range(len(logits))]
    return table_from_logits(logits, classes=names, paths=paths, splits=["valid"] * len(logits), targets=targets)


def logit(probabilities: list[list[float]]) -> np.ndarray:
    found = np.array(probabilities)
    return np.asarray(np.log(found / (1 - found)), np.float32)


@st.composite
def tables(draw: st.DrawFn) -> PredictionTable:
    """Tables of a few labels, some of which no picture has or is given; probabilities come in ties."""
    count, classes = draw(st.integers(1, 20)), draw(st.integers(2, 5))
    steps = arrays(np.float32, (count, classes), elements=st.sampled_from([-2, -1, -0.25, 0, 0.25, 1, 2]))
    return table_of(draw(steps), draw(arrays(np.int64, (count, classes), elements=st.integers(0, 1))))


@given(tables())
def test_figures_of_any_table_are_those_of_scikit_learn(table: PredictionTable) -> None:
    truth, said = table.targets, table.predicted
    assert accuracy(table) == sklearn.metrics.accuracy_score(truth, said)
    assert np.array_equal(label_counts(table), sklearn.metrics.multilabel_confusion_matrix(truth, said))
    rows = label_figures(table)
    figures = sklearn.metrics.precision_recall_fscore_support(truth, said, zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "pictures"), figures, strict=True):
        assert [row[name] for row in rows] == pytest.approx(values.tolist(), rel=1e-12), name
    present = np.flatnonzero(truth.any(0))
    undefined = [label for label, row in enumerate(rows) if math.isnan(float(row["average_precision"]))]
    assert undefined == np.flatnonzero(~truth.any(0)).tolist()
    for label in present:
        expected = sklearn.metrics.average_precision_score(truth[:, label], table.probabilities[:, label])
        assert rows[label]["average_precision"] == pytest.approx(expected, rel=1e-12)
    if len(present):
        scores = sklearn.metrics.f1_score(truth, said, average=None, zero_division=0)
        assert macro_f1(table) == pytest.approx(scores[present].mean(), rel=1e-12)
        expected = sklearn.metrics.average_precision_score(truth[:, present], table.probabilities[:, present])
        assert mean_average_precision(table) == pytest.approx(expected, rel=1e-12)
    else:
        assert macro_f1(table) == 0
        assert math.isnan(mean_average_precision(table))


def test_each_label_has_its_own_accuracy_with_an_interval() -> None:
    logits, targets = random_answers(50, 3)
    rows = label_figures(table_of(logits, targets))
    for label, row in enumerate(rows):
        right = int(((logits[:, label] > 0) == targets[:, label]).sum())
        assert row["accuracy"] == sklearn.metrics.accuracy_score(targets[:, label], logits[:, label] > 0) == right / 50
        assert (row["accuracy_low"], row["accuracy_high"]) == wilson_interval(right, 50)
        assert (row["hits"], row["rest"]) == (
            int(((logits[:, label] > 0) & (targets[:, label] == 1)).sum()),
            int(((logits[:, label] <= 0) & (targets[:, label] == 0)).sum()),
        )
        assert sum(float(row[name]) for name in ("hits", "missed", "invented", "rest")) == 50
        assert float(row["hits"]) + float(row["missed"]) == row["pictures"]


def test_the_loss_is_scikit_learns_and_that_of_guessing_is_log_two() -> None:
    logits, targets = random_answers(50, 3)
    table = table_of(logits, targets)
    probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
    each = [sklearn.metrics.log_loss(targets[:, label], probabilities[:, label]) for label in range(3)]
    assert mean_loss(table) == pytest.approx(np.mean(each), rel=1e-12)
    assert np.array_equal(table.probabilities, probabilities.astype(np.float32))
    assert mean_loss(table_of(np.zeros((4, 3), np.float32), targets[:4])) == pytest.approx(math.log(2), rel=1e-12)
    assert guessing_loss(table) == pytest.approx(math.log(2), rel=1e-12)


def test_an_exact_match_counts_pictures_all_of_whose_labels_are_right() -> None:
    table = table_of(
        logit([[0.9, 0.8], [0.9, 0.2], [0.1, 0.2], [0.4, 0.6]]), np.array([[1, 1], [1, 1], [0, 0], [0, 1]])
    )
    assert table.correct.tolist() == [True, False, True, True]
    assert accuracy(table) == 0.75
    assert accuracy_interval(table) == wilson_interval(3, 4)
    augmented = table.with_tta(np.array([[0.9, 0.8], [0.9, 0.7], [0.6, 0.2], [0.6, 0.6]], np.float32))
    assert accuracy(augmented, tta=True) == 0.5
    assert (table.true_names(1), table.predicted_names(1)) == (table.classes, table.classes[:1])
    assert table.predicted_names(2) == ()


def test_there_is_no_confusion_of_several_labels() -> None:
    with pytest.raises(AssertionError, match="label_counts"):
        confusion(table_of(*random_answers(5, 2)))


def test_where_no_picture_has_a_label_only_average_precision_is_undefined() -> None:
    table = table_of(logit([[0.9, 0.2], [0.1, 0.2]]), np.zeros((2, 2), np.int64))
    assert all(math.isnan(float(row["average_precision"])) for row in label_figures(table))
    assert [row["recall"] for row in class_figures(table)] == [0, 0]
    assert macro_f1(table) == 0
    assert math.isnan(mean_average_precision(table))
    assert label_figures(table.rows([]))[0]["accuracy"] == 0


def test_views_of_several_labels_are_averaged_as_probabilities() -> None:
    views = [logit([[0.9, 0.2]]), logit([[0.5, 0.4]])]
    assert average_views(views, objective=INDEPENDENT)[0].tolist() == pytest.approx([0.7, 0.3])
    assert average_views(views, objective=EXCLUSIVE)[0].sum() == pytest.approx(1)
    assert average_views(views, plain_weight=0.25, objective=INDEPENDENT)[0, 0] == pytest.approx(0.6)


@settings(max_examples=100, deadline=None)
@given(table=tables(), augmented=st.booleans())
def test_a_table_of_several_labels_comes_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, table: PredictionTable, augmented: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "several.csv"
    distances = np.random.default_rng(0).random(len(table.paths), np.float32)
    given_table = table.with_tta(table.probabilities[::-1]).with_distances(distances) if augmented else table
    for expected in (given_table, given_table.rows([])):
        expected.write(path)
        found = read_predictions(path)
        assert (found.classes, found.paths, found.splits) == (expected.classes, expected.paths, expected.splits)
        for name in ("targets", "probabilities", "losses", "tta", "distances"):
            one, other = getattr(found, name), getattr(expected, name)
            assert (one is None) == (other is None), name
            if one is not None:
                assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes()), name


def test_columns_say_that_there_are_several_labels(tmp_path: Path) -> None:
    table = table_from_logits(
        np.array([[1, 2], [-1, -1]], np.float32),
        classes=["a;b", "c"], paths=["1.png", "2.png"], splits=["valid", "test"], targets=np.array([[1, 1], [0, 1]]),
    )  # fmt: skip
    table.write(tmp_path / "p.csv")
    header, first, second = (tmp_path / "p.csv").read_text().splitlines()
    assert header == "path,split,targets,predicted,loss,p:a;b,p:c"
    assert first.startswith('1.png,valid,"""a;b"";c","""a;b"";c",')
    assert second.startswith("2.png,test,c,,")


@pytest.fixture
def six_rows() -> PredictionTable:
    """Two labels; rows 0 and 3 have both, row 1 the first, rows 2 and 4 the second, row 5 none."""
    said = [[0.9, 0.9], [0.8, 0.1], [0.7, 0.6], [0.6, 0.7], [0.2, 0.6], [0.1, 0.45]]
    return table_of(logit(said), np.array([[1, 1], [1, 0], [0, 1], [1, 1], [0, 1], [0, 0]]))


def test_pictures_are_chosen_for_each_label_once_and_those_without_one_last(six_rows: PredictionTable) -> None:
    assert most_correct(six_rows) == [0, 1, 3, 4, 5]
    assert most_correct(six_rows, count=1) == [0, 4, 5]  # row 0 has the second label too, and is named already
    assert most_incorrect(six_rows) == [2]
    assert most_uncertain(six_rows, count=1) == [3, 2, 5]
    assert worst_first(six_rows, [0, 2, 5, 1]) == [2, 5, 1, 0]
