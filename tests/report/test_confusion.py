"""What was taken for what: counts of scikit-learn, shares by hand."""

import numpy as np
import sklearn.metrics

from unfreeze.evaluation.predictions import PredictionTable, table_from_logits
from unfreeze.report.confusion import MOST_CLASSES, MOST_PAIRS, confusion_view


def answered(targets: np.ndarray, said: np.ndarray, classes: int) -> PredictionTable:
    return table_from_logits(
        4 * np.eye(classes, dtype=np.float32)[said],
        classes=[f"c{label}" for label in range(classes)],
        paths=[f"{index}.png" for index in range(len(said))],
        splits=["valid"] * len(said),
        targets=targets.tolist(),
    )


def test_cells_are_those_of_scikit_learn_in_counts_and_both_shares() -> None:
    random = np.random.default_rng(0)
    targets, said = random.integers(0, 5, 200), random.integers(0, 5, 200)
    view = confusion_view(answered(targets, said, 5))
    for attribute, normalize in (("count", None), ("of_true", "true"), ("of_said", "pred")):
        expected = sklearn.metrics.confusion_matrix(targets, said, labels=range(5), normalize=normalize)
        np.testing.assert_allclose([[getattr(cell, attribute) for cell in row] for row in view.cells], expected)
    assert [[cell.right for cell in row] for row in view.cells] == np.eye(5, dtype=bool).tolist()


def test_pairs_are_ordered_by_how_often_they_happen_then_by_their_share() -> None:
    targets = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    said = np.array([1, 1, 0, 0, 1, 1, 2, 2, 2])
    view = confusion_view(answered(targets, said, 3))
    assert [(pair.true, pair.said, pair.count) for pair in view.pairs] == [
        ("c0", "c1", 2),
        ("c1", "c0", 1),
        ("c2", "c1", 1),
    ]
    assert [pair.share for pair in view.pairs] == [2 / 3, 1 / 2, 1 / 4]
    assert view.pairs_of == 3


def test_of_many_classes_those_with_most_mistakes_are_shown_and_shares_stay_those_of_all() -> None:
    classes = MOST_CLASSES + 30
    targets = np.concatenate([np.arange(classes), [45, 45, 47]])
    said = np.concatenate([np.arange(classes), [46, 46, 0]])
    view = confusion_view(answered(targets, said, classes))
    assert len(view.classes) == MOST_CLASSES
    assert {45, 46, 47, 0} <= set(view.classes)
    assert list(view.classes) == sorted(view.classes)
    row, column = (view.classes.index(label) for label in (45, 46))
    assert view.cells[row][column].of_true == 2 / 3
    assert view.cells[row][column].of_said == 2 / 3
    assert view.of == classes


def test_of_very_many_pairs_some_are_named_and_the_others_counted() -> None:
    targets, said = np.arange(40), (np.arange(40) + 1) % 40
    view = confusion_view(answered(targets, said, 40))
    assert (len(view.pairs), view.pairs_of) == (MOST_PAIRS, 40)
