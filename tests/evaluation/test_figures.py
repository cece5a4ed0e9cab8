"""All figures of random and degenerate tables beside scikit-learn's."""

import json
import math

import numpy as np
import pytest
import sklearn.metrics as theirs
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.proportion import proportion_confint

from unfreeze.evaluation.class_figures import macro_figures
from unfreeze.evaluation.figures import table_figures
from unfreeze.evaluation.metrics import class_figures
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.training.objective import EXCLUSIVE, INDEPENDENT

NAMES = [
    "accuracy", "balanced_accuracy", "macro_precision", "macro_f1", "top_3_accuracy", "top_5_accuracy",
    "macro_roc_area", "macro_average_precision", "log_loss", "brier_score",
]  # fmt: skip


def table_of(probabilities: np.ndarray, targets: np.ndarray) -> PredictionTable:
    count, classes = probabilities.shape
    objective = EXCLUSIVE if targets.ndim == 1 else INDEPENDENT
    return PredictionTable(
        classes=tuple(f"class {label}" for label in range(classes)),
        paths=tuple(f"{index}.png" for index in range(count)),
        splits=("valid",) * count,
        targets=targets.astype(np.int64),
        probabilities=probabilities.astype(np.float32),
        losses=objective.losses_of(probabilities.astype(np.float32), targets),
    )


@st.composite
def one_class_tables(draw: st.DrawFn) -> PredictionTable:
    """Few pictures of one to seven classes, in ties, some classes without pictures."""
    count, classes = draw(st.integers(1, 15)), draw(st.integers(1, 7))
    weights = draw(arrays(np.float64, (count, classes), elements=st.sampled_from([1, 2, 4, 8])))
    targets = draw(arrays(np.int64, count, elements=st.integers(0, classes - 1)))
    return table_of(weights / weights.sum(axis=1, keepdims=True), targets)


@st.composite
def several_label_tables(draw: st.DrawFn) -> PredictionTable:
    """Few pictures of two to four labels, in ties, some labels without pictures."""
    count, classes = draw(st.integers(1, 15)), draw(st.integers(2, 4))
    probabilities = draw(arrays(np.float64, (count, classes), elements=st.sampled_from([0.125, 0.25, 0.5, 0.75, 1])))
    return table_of(probabilities, draw(arrays(np.int64, (count, classes), elements=st.integers(0, 1))))


def mean_where_defined(values: list[float]) -> float:
    found = [value for value in values if not math.isnan(value)]
    return float(np.mean(found)) if found else math.nan


def graded(truth: np.ndarray, probabilities: np.ndarray) -> tuple[float, float]:
    """Macro ROC area and average precision, (N, C) each."""
    labels = range(truth.shape[1])
    roc = [
        theirs.roc_auc_score(truth[:, i], probabilities[:, i]) if 0 < truth[:, i].sum() < len(truth) else math.nan
        for i in labels
    ]
    precision = [
        theirs.average_precision_score(truth[:, i], probabilities[:, i]) if truth[:, i].any() else math.nan
        for i in labels
    ]
    return mean_where_defined(roc), mean_where_defined(precision)


@given(one_class_tables())
def test_figures_of_one_class_are_those_of_scikit_learn(table: PredictionTable) -> None:
    found = table_figures(table)
    count, classes = table.probabilities.shape
    assert list(found) == [name for name in NAMES if not (name[:4] == "top_" and int(name[4]) >= classes)]
    truth, said, labels = table.targets, table.predicted, range(classes)
    present = sorted(set(truth.tolist()))
    macro = {"labels": present, "average": "macro", "zero_division": 0}
    roc, precision = graded(np.eye(classes)[truth], table.probabilities)
    expected = {
        "accuracy": theirs.accuracy_score(truth, said),
        "balanced_accuracy": theirs.recall_score(truth, said, **macro),
        "macro_precision": theirs.precision_score(truth, said, **macro),
        "macro_f1": theirs.f1_score(truth, said, **macro),
        "macro_roc_area": roc,
        "macro_average_precision": precision,
        "log_loss": -np.mean(np.log(table.probabilities[np.arange(count), truth].astype(np.float64))),
        "brier_score": np.mean(np.square(np.eye(classes)[truth] - table.probabilities.astype(np.float64)).sum(axis=1)),
    }
    order = np.argsort(-table.probabilities, axis=1, kind="stable")
    for k in (3, 5):
        if k < classes:
            expected[f"top_{k}_accuracy"] = np.mean([truth[row] in order[row, :k] for row in range(count)])
    assert labels
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, abs=1e-7, nan_ok=True), name
    right = int((truth == said).sum())
    assert (found["accuracy"].low, found["accuracy"].high) == pytest.approx(
        proportion_confint(right, count, method="wilson"), abs=1e-9
    )


@given(several_label_tables())
def test_figures_of_several_labels_are_those_of_scikit_learn(table: PredictionTable) -> None:
    found = table_figures(table)
    truth, said = table.targets, table.predicted
    present = np.flatnonzero(truth.any(axis=0))
    roc, precision = graded(truth, table.probabilities)
    parts = theirs.precision_recall_fscore_support(truth, said, average=None, zero_division=0)
    means = [float(np.mean(part[present])) if len(present) else math.nan for part in parts[:3]]
    named = int(truth.sum() + said.sum())
    expected = {
        "exact_match": theirs.accuracy_score(truth, said),
        "label_accuracy": 1 - theirs.hamming_loss(truth, said),
        "macro_precision": means[0],
        "macro_recall": means[1],
        "macro_f1": means[2],
        "micro_f1": theirs.f1_score(truth, said, average="micro", zero_division=0) if named else math.nan,
        "macro_roc_area": roc,
        "mean_average_precision": precision,
        "log_loss": table.losses.mean(),
        "brier_score": np.mean(np.square(truth - table.probabilities.astype(np.float64))),
    }
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, abs=1e-7, nan_ok=True), name


@given(one_class_tables() | several_label_tables())
def test_an_interval_holds_its_figure_and_json_holds_both(table: PredictionTable) -> None:
    found = [*table_figures(table).values()]
    for row in macro_figures(table).classes:
        found += [row.precision, row.recall, row.f1, row.roc_area, row.average_precision]
        json.dumps(row.plain(), allow_nan=False)
    for figure in found:
        if not math.isnan(figure.low):
            assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9
            assert figure.low >= 0
        json.dumps(figure.plain(), allow_nan=False)


@given(one_class_tables() | several_label_tables())
def test_classes_are_those_of_class_figures_but_for_what_is_not_defined(table: PredictionTable) -> None:
    said = table.objective.indicator(table.predicted, len(table.classes))
    for index, (row, expected) in enumerate(zip(macro_figures(table).classes, class_figures(table), strict=True)):
        assert (row.name, row.pictures) == (expected["class"], expected["pictures"])
        assert math.isnan(row.recall.value) == (row.pictures == 0)
        assert math.isnan(row.precision.value) == (not said[:, index].any())
        for name, figure in (("recall", row.recall), ("precision", row.precision), ("f1", row.f1)):
            assert math.isnan(figure.value) or figure.value == pytest.approx(expected[name])


@pytest.mark.parametrize("targets", [np.empty(0, np.int64), np.empty((0, 3), np.int64)])
def test_of_no_pictures_nothing_is_defined(targets: np.ndarray) -> None:
    found = table_figures(table_of(np.empty((0, 3)), targets))
    for name, figure in found.items():
        assert math.isnan(figure.value), name
        assert math.isnan(figure.low), name


def test_one_picture_and_one_class() -> None:
    found = table_figures(table_of(np.array([[0.75, 0.25]]), np.array([0])))
    assert found["accuracy"].value == found["balanced_accuracy"].value == found["macro_f1"].value == 1
    assert found["balanced_accuracy"].low < 0.6
    assert math.isnan(found["macro_roc_area"].value)
    assert found["macro_average_precision"].value == 1
    assert found["log_loss"].value == pytest.approx(-math.log(0.75))
    assert math.isnan(found["log_loss"].low)


def test_no_mistake_among_few_pictures_leaves_room_for_some() -> None:
    found = table_figures(table_of(np.eye(2)[[0, 1] * 20] * 0.98 + 0.01, np.array([0, 1] * 20)))
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "macro_roc_area", "macro_average_precision"):
        assert found[name].value == 1
        assert 0.88 < found[name].low < 0.93, name
