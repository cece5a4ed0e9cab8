"""Which classes are taken for which."""

from collections.abc import Callable

import numpy as np
import pytest
import sklearn.metrics
from statsmodels.stats.proportion import proportion_confint

from labelled import random_answers
from unfreeze.evaluation.confused import Whole, confused_pairs, confusion_shares
from unfreeze.evaluation.predictions import PredictionTable, table_from_logits


def answered(make_table: Callable[..., PredictionTable], pairs: list[tuple[int, int]], classes: int) -> PredictionTable:
    """A table in which each picture has a true class and one that was said."""
    said = np.eye(classes)[[answer for _, answer in pairs]] * 0.8 + 0.01
    return make_table(said.tolist(), [true for true, _ in pairs])


def test_pairs_come_in_the_order_of_their_pictures_and_then_of_their_shares(
    make_table: Callable[..., PredictionTable],
) -> None:
    pairs = [(0, 1)] * 2 + [(0, 0)] * 8 + [(1, 0)] * 2 + [(1, 1)] * 2 + [(2, 0)] + [(2, 2)] * 3 + [(2, 1)]
    found = confused_pairs(answered(make_table, pairs, 3))
    assert [(pair.true, pair.said, pair.count) for pair in found] == [
        ("b", "a", 2), ("a", "b", 2), ("c", "a", 1), ("c", "b", 1),
    ]  # fmt: skip
    assert [pair.share for pair in found] == [0.5, 0.2, 0.2, 0.2]
    assert (found[1].low, found[1].high) == pytest.approx(proportion_confint(2, 10, method="wilson"))
    assert confused_pairs(answered(make_table, pairs, 3), count=2) == found[:2]
    assert found[0].plain()["said"] == "a"


def test_there_are_none_where_all_is_right_and_none_of_several_labels(
    make_table: Callable[..., PredictionTable],
) -> None:
    assert confused_pairs(answered(make_table, [(0, 0), (1, 1)], 2)) == []
    logits, targets = random_answers(20, 3)
    several = table_from_logits(logits, classes="abc", paths="p" * 20, splits="s" * 20, targets=targets)
    assert confused_pairs(several) == []


@pytest.mark.parametrize(("of", "normalize"), [("true", "true"), ("said", "pred"), ("all", "all")])
def test_shares_are_those_of_scikit_learn(of: Whole, normalize: str) -> None:
    random = np.random.default_rng(0)
    truth, said = random.integers(0, 4, 50), random.integers(0, 4, 50)
    matrix = sklearn.metrics.confusion_matrix(truth, said)
    expected = sklearn.metrics.confusion_matrix(truth, said, normalize=normalize)
    assert confusion_shares(matrix, of=of) == pytest.approx(expected)


def test_shares_of_nothing_are_not_defined() -> None:
    matrix = np.array([[2, 0], [0, 0]])
    assert np.isnan(confusion_shares(matrix, of="said")).tolist() == [[False, True], [False, True]]
    assert np.isnan(confusion_shares(0 * matrix, of="all")).all()
