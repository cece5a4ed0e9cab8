"""What was taken for what: the confusion matrix as a table, and the pairs that are confused most."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation import metrics
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.plots.confusion import shares_of

MOST_CLASSES = 20
"""A table of more classes is no longer looked at; those with the most mistakes are shown then."""

MOST_PAIRS = 12


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
class Pair:
    """Two classes that are confused.

    Attributes:
        true: Index of the true class.
        said: Index of the class it was taken for.
        count: How often.
        of_true: What part of the true class's pictures.
    """

    true: int
    said: int
    count: int
    of_true: float


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
    pairs: Sequence[Pair]
    pairs_of: int


def confusion_view(table: PredictionTable) -> ConfusionView:
    """Counts what was taken for what.

    Args:
        table: Predictions of one class a picture.

    Returns:
        At most 20 classes, those with the most mistakes, in the order of the table.
    """
    matrix = metrics.confusion(table)
    of_true, of_said = shares_of(matrix, of="true"), shares_of(matrix, of="predicted")
    shown = most_confused_classes(matrix)
    wrong = matrix - np.diag(np.diag(matrix))
    order = sorted(zip(*np.nonzero(wrong), strict=True), key=lambda at: (-wrong[at], -of_true[at], at))
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
        pairs=[
            Pair(true=int(true), said=int(said), count=int(wrong[true, said]), of_true=float(of_true[true, said]))
            for true, said in order[:MOST_PAIRS]
        ],
        pairs_of=len(order),
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
