"""Figures of how well probabilities order and grade classes; NaN where a figure is not defined.

The tests hold them against scikit-learn, which takes longer to load than a small run takes to train.
"""

import math

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.areas import areas

Probabilities = npt.NDArray[np.floating]
Labels = npt.NDArray[np.int64]


def ranks_of_truth(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.int64]:
    """How many classes come before each picture's true one; of equally probable ones the first comes first.

    Args:
        probabilities: Shape (N, C).
        labels: Index of each picture's true class, shape (N,).

    Returns:
        Shape (N,), from 0.
    """
    true = probabilities[np.arange(len(labels)), labels][:, np.newaxis]
    earlier = np.arange(probabilities.shape[1]) < labels[:, np.newaxis]
    before = (probabilities > true) | ((probabilities == true) & earlier)  # (N, C)
    return np.asarray(before.sum(axis=1), np.int64)


def brier_score(probabilities: Probabilities, targets: npt.NDArray[np.integer | np.bool_]) -> float:
    """Squared distance between probabilities and the truth, on average over the pictures.

    Brier's own (1950, "Verification of forecasts expressed in terms of probability"): summed over the classes, between
    0 and 2, twice what is often given for two classes. Of several labels it is averaged over the labels instead.

    Args:
        probabilities: Shape (N, C).
        targets: Index of each picture's true class, shape (N,), or whether it has each label, shape (N, C).

    Returns:
        0 at best; NaN of no pictures.

    >>> round(brier_score(np.array([[0.8, 0.2]]), np.array([0])), 6)
    0.08
    """
    return _mean(squared_distances(probabilities, targets))


def squared_distances(
    probabilities: Probabilities, targets: npt.NDArray[np.integer | np.bool_]
) -> npt.NDArray[np.float64]:
    """Squared distance between probabilities (N, C) and the truth of each picture, (N,), as in `brier_score`."""
    if targets.ndim == 2:
        return np.asarray(np.square(probabilities.astype(np.float64) - targets).mean(axis=1))
    squares = np.einsum("nc,nc->n", probabilities, probabilities, dtype=np.float64)
    true = probabilities[np.arange(len(targets)), targets].astype(np.float64)
    # (1 - p)^2 in the place of the true class's p^2.
    return np.asarray(np.maximum(squares + (1 - 2 * true), 0))


def roc_areas(probabilities: Probabilities, targets: npt.NDArray[np.integer | np.bool_]) -> npt.NDArray[np.float64]:
    """Area under the ROC curve of each class against the rest.

    How often a picture of the class has a higher probability of it than one that is not, a tie counting half.

    Args:
        probabilities: Shape (N, C).
        targets: Index of each picture's true class, shape (N,), or whether it has each label, shape (N, C).

    Returns:
        Shape (C,); NaN for a class that has no pictures, or all of them.
    """
    truth = _truth(probabilities, targets)
    return np.array(
        [areas(probabilities[:, label], truth[:, label]).roc for label in range(truth.shape[1])], np.float64
    )


def average_precisions(
    probabilities: Probabilities, targets: npt.NDArray[np.integer | np.bool_]
) -> npt.NDArray[np.float64]:
    """Average precision of each class against the rest: the area under its precision-recall curve, in steps.

    Args:
        probabilities: Shape (N, C).
        targets: Index of each picture's true class, shape (N,), or whether it has each label, shape (N, C).

    Returns:
        Shape (C,); NaN for a class that has no pictures. By chance it is the class's part of the pictures.
    """
    truth = _truth(probabilities, targets)
    found = [areas(probabilities[:, label], truth[:, label]).precision for label in range(truth.shape[1])]
    return np.array(found, np.float64)


def roc_area(scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]) -> float:
    """Area under the ROC curve of one score (N,) that is to be high for the positive pictures (N,)."""
    return float(roc_areas(scores[:, np.newaxis], positive[:, np.newaxis])[0])


def macro(figures: npt.NDArray[np.float64]) -> float:
    """The mean of the classes' figures (C,) that are defined, each class counting alike; NaN if none is."""
    return _mean(figures[~np.isnan(figures)])


def _truth(probabilities: Probabilities, targets: npt.NDArray[np.integer | np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether each picture is of each class, shape (N, C)."""
    if targets.ndim == 2:
        return targets.astype(bool)
    return np.asarray(targets[:, np.newaxis] == np.arange(probabilities.shape[1]))


def _mean(values: npt.ArrayLike) -> float:
    found = np.asarray(values, np.float64)
    return float(found.mean()) if len(found) else math.nan
