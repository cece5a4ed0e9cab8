"""Which classes are taken for which."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.metrics import confusion, wilson_interval
from unfreeze.evaluation.predictions import PredictionTable

Whole = Literal["true", "said", "all"]
"""What a cell is a share of: its true class (a row), what was said (a column), or all pictures."""


@dataclass(frozen=True, kw_only=True)
class ConfusedPair:
    """Pictures of one class that were taken for another.

    Attributes:
        true: Their class.
        said: What they were taken for.
        count: How many they are.
        share: Which part of the true class.
        low: Lower end of its 95 % interval, Wilson's.
        high: Upper end.
    """

    true: str
    said: str
    count: int
    share: float
    low: float
    high: float

    def plain(self) -> dict[str, Any]:
        """Its fields, as JSON has them."""
        return asdict(self)


def confused_pairs(table: PredictionTable, *, count: int | None = None) -> list[ConfusedPair]:
    """The most confused pairs of classes, most pictures first; of as many, the larger share of the true class first.

    Args:
        table: The predictions; of several labels there are no pairs, as nothing is taken for something else.
        count: How many pairs at most; all that occur unless said otherwise.

    Returns:
        The pairs, cats taken for dogs apart from dogs taken for cats.
    """
    if table.objective.several:
        return []
    matrix = confusion(table)
    pictures = matrix.sum(1)
    np.fill_diagonal(matrix, 0)
    true, said = np.nonzero(matrix)
    found = matrix[true, said]
    order = np.lexsort((said, true, -found / pictures[true], -found))[:count]
    return [
        _pair(table.classes, int(true[place]), int(said[place]), int(found[place]), int(pictures[true[place]]))
        for place in order
    ]


def confusion_shares(matrix: npt.NDArray[np.int64], *, of: Whole) -> npt.NDArray[np.float64]:
    """A confusion matrix in shares.

    Args:
        matrix: How many pictures of each true class (row) were given each class (column), shape (C, C).
        of: What each cell is a share of.

    Returns:
        Shape (C, C); NaN in the rows, or columns, of classes without pictures.

    >>> confusion_shares(np.array([[3, 1], [0, 0]]), of="true").tolist()
    [[0.75, 0.25], [nan, nan]]
    """
    wholes = {"true": matrix.sum(1, keepdims=True), "said": matrix.sum(0, keepdims=True), "all": matrix.sum()}
    whole = np.broadcast_to(wholes[of], matrix.shape)
    shares = np.full(matrix.shape, math.nan)
    np.divide(matrix, whole, out=shares, where=whole > 0)
    return shares


def _pair(classes: Sequence[str], true: int, said: int, count: int, pictures: int) -> ConfusedPair:
    low, high = wilson_interval(count, pictures)
    return ConfusedPair(true=classes[true], said=classes[said], count=count, share=count / pictures, low=low, high=high)
