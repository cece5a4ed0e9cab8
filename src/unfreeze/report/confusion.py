"""What was taken for what: the confusion matrix as a table, and the pairs that are confused most."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation import metrics
from unfreeze.evaluation.confused import ConfusedPair, Whole, confused_pairs, confusion_shares
from unfreeze.evaluation.predictions import PredictionTable

MOST_CLASSES = 20
"""A table of more classes is no longer looked at; those with the most mistakes are shown then."""

MOST_PAIRS = 12
WHOLES: tuple[Whole, Whole] = ("true", "said")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Pictures of one true class that were given one class.

    Attributes:
        count: How many.
        of_true: What part of the true class's pictures they are.
        of_said: What part of the pictures that were given this class.
        right: Whether both classes are the same.
    """

    count: int
    of_true: float
    of_said: float
    right: bool


@dataclass(frozen=True, kw_only=True)
class ConfusionView:
    """What the page shows of right and wrong answers of one class a picture.

    Attributes:
        classes: Indices of the classes shown.
        cells: A row a true class shown, a cell a class shown.
        of: How many classes there are.
        pairs: The pairs that are confused most often.
        pairs_of: How many pairs are confused at all.
    """

    classes: Sequence[int]
    cells: Sequence[Sequence[Cell]]
    of: int
    pairs: Sequence[ConfusedPair]
    pairs_of: int


def confusion_view(table: PredictionTable) -> ConfusionView:
    """Counts what was taken for what.

    Args:
        table: Predictions of one class a picture.

    Returns:
        At most 20 classes, those with the most mistakes, in the order of the table.
    """
    matrix = metrics.confusion(table)
    of_true, of_said = (np.nan_to_num(confusion_shares(matrix, of=whole)) for whole in WHOLES)
    shown = most_confused_classes(matrix)
    pairs = confused_pairs(table)
    return ConfusionView(
        classes=shown,
        cells=[
            [
                Cell(
                    count=int(matrix[true, said]),
                    of_true=float(of_true[true, said]),
                    of_said=float(of_said[true, said]),
                    right=true == said,
                )
                for said in shown
            ]
            for true in shown
        ],
        of=len(matrix),
        pairs=pairs[:MOST_PAIRS],
        pairs_of=len(pairs),
    )


def most_confused_classes(matrix: npt.NDArray[np.int64], *, most: int = MOST_CLASSES) -> list[int]:
    """The classes that take part in the most mistakes, in the order of the matrix.

    Args:
        matrix: Counts, shape (C, C).
        most: How many classes.

    Returns:
        Indices.

    >>> most_confused_classes(np.array([[5, 0, 0], [0, 3, 2], [0, 1, 4]]), most=2)
    [1, 2]
    """
    wrong = matrix - np.diag(np.diag(matrix))
    mistakes = wrong.sum(axis=0) + wrong.sum(axis=1)
    return sorted(np.argsort(-mistakes, kind="stable")[:most].tolist())
