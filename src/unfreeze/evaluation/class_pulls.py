"""Figures of one class against the rest, each with what every picture does to it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.areas import areas

Doubles = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

NAMES = ("precision", "recall", "f1", "roc_area", "average_precision")


class Pulled(NamedTuple):
    """A figure, and its derivative with respect to the weight of each picture.

    Attributes:
        value: The figure; NaN where it is not defined.
        pulls: Of the pictures that have any, shape (M,).
        rows: Which of the N pictures these are, shape (M,); None for all of them.
    """

    value: float
    pulls: Doubles
    rows: npt.NDArray[np.int64] | None = None


class ClassCounts(NamedTuple):
    """Pictures that are of a class and were given it, that are and were not, and that are not and were."""

    hits: int
    missed: int
    invented: int


def class_counts(truth: Truths, said: Truths) -> ClassCounts:
    """Counts of one class from which pictures are of it (N,) and which were given it (N,)."""
    hits = int(np.count_nonzero(truth & said))
    return ClassCounts(hits, int(np.count_nonzero(truth)) - hits, int(np.count_nonzero(said)) - hits)


def class_pulls(truth: Truths, said: Truths, scores: npt.NDArray[np.floating]) -> dict[str, Pulled]:
    """Figures of one class that has pictures.

    Args:
        truth: Whether each picture is of the class, shape (N,).
        said: Whether it was given it, shape (N,).
        scores: Its probability of the class, shape (N,).

    Returns:
        By `NAMES`. Precision is 0 where no picture was given the class; the ROC area is NaN where all are of it.
    """
    hits, missed, invented = class_counts(truth, said)
    rows = np.flatnonzero(truth | said)  # few of all, where there are many classes
    is_, given = truth[rows].astype(np.float64), said[rows].astype(np.float64)
    both = is_ * given
    precision, recall = hits / max(hits + invented, 1), hits / (hits + missed)
    f1 = 2 * hits / (2 * hits + missed + invented)
    found = areas(scores, truth)
    return {
        "precision": Pulled(precision, (both - precision * given) / max(hits + invented, 1), rows),
        "recall": Pulled(recall, (both - recall * is_) / (hits + missed), rows),
        "f1": Pulled(f1, (2 * both - f1 * (is_ + given)) / (2 * hits + missed + invented), rows),
        "roc_area": Pulled(found.roc, found.roc_pulls),
        "average_precision": Pulled(found.precision, found.precision_pulls),
    }
