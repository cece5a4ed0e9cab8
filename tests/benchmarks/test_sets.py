"""Kinds of conformal sets, on scores that can be reckoned by hand."""

import numpy as np
import pytest
import scipy.special

from benchmarks.sets import KINDS, adaptive, measured
from unfreeze.evaluation.conformal import measure_coverage
from unfreeze.evaluation.predictions import PredictionTable, table_from_logits


@pytest.fixture
def table() -> PredictionTable:
    random = np.random.default_rng(0)
    logits = random.normal(scale=2, size=(400, 5)).astype(np.float32)
    labels = [random.choice(5, p=each) for each in scipy.special.softmax(logits.astype(np.float64), axis=1)]
    return table_from_logits(logits, classes="abcde", paths="p" * 400, splits=["valid"] * 400, targets=labels)


def test_adaptive_scores_by_hand() -> None:
    random, probabilities = np.random.default_rng(0), np.array([[0.2, 0.5, 0.3]])
    assert adaptive(by_lot=False)(probabilities, random) == pytest.approx(np.array([[1.0, 0.5, 0.8]]))
    penalised = adaptive(by_lot=False, penalty=0.1)(probabilities, random)
    assert penalised == pytest.approx(np.array([[1.2, 0.5, 0.9]]))
    drawn = adaptive(by_lot=True)(probabilities, random)
    assert (drawn < [[1.0, 0.5, 0.8]]).all()
    assert (drawn > [[0.8, 0.0, 0.5]]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_holds_the_true_class_as_often_as_asked_for(
    table: PredictionTable, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.sets.SPLITS", 60)
    found, hardest, classes, empty = measured(table, kind, 0.9)
    assert found > 0.89
    assert found < 0.91 or kind == "adaptive"  # which always takes one class more than it may need
    assert hardest < found + 0.05
    assert 1 < classes < 5
    assert (empty > 0) == ("by lot" in kind)  # here 90 % is more than the accuracy


def test_the_kind_that_models_carry_is_one_of_them(table: PredictionTable) -> None:
    ours = measure_coverage(table.probabilities, table.targets, coverage=0.9)
    found, _, classes, _ = measured(table, "one bound, never empty", 0.9)
    assert ours.found == pytest.approx(found, abs=0.01)
    assert ours.classes == pytest.approx(classes, abs=0.1)
