"""Scores of strangeness to choose from: each is made from the training pictures' features and labels."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.heads import fitted_head
from unfreeze.evaluation.novelty import fit_novelty, unit_length

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Score = Callable[[Floats], npt.NDArray[np.floating]]
"""Features (N, D) to scores (N,), the higher the stranger."""


def ours(training: Floats, labels: Labels) -> Score:
    """What models carry."""
    return fit_novelty(training, training[:0], labels=labels).scores


def neighbours(count: int) -> Callable[[Floats, Labels], Score]:
    """Mean cosine distance to the nearest few of all training pictures."""

    def make(training: Floats, _: Labels) -> Score:
        references = unit_length(training).T  # (D, N)
        nearest = min(count, len(training))
        return lambda features: 1 - np.sort(unit_length(features) @ references, axis=1)[:, -nearest:].mean(axis=1)

    return make


def mahalanobis(*, unit: bool, relative: bool = False) -> Callable[[Floats, Labels], Score]:
    """Mahalanobis distance to the nearest class mean, covariance shared and shrunk (Lee 2018; relative: Ren 2021).

    Args:
        unit: Whether features are scaled to unit length first.
        relative: Whether the distance to the mean of all is taken off. Both covariances are shrunk by the same part
            then, as their difference would be that of the shrinkage otherwise.

    Returns:
        Makes the score.
    """

    def make(training: Floats, labels: Labels) -> Score:
        scaled = prepared(training)
        means = np.stack([scaled[labels == label].mean(axis=0) for label in np.unique(labels)])
        places = np.unique(labels, return_inverse=True)[1]
        part = shrinkage(scaled - means[places])
        within = whitening(scaled - means[places], part)
        middle = scaled.mean(axis=0)
        around = whitening(scaled - middle, part) if relative else None

        def score(features: Floats) -> npt.NDArray[np.floating]:
            found = prepared(features)
            nearest = np.stack([distances(found - mean, within) for mean in means]).min(axis=0)
            return np.asarray(nearest if around is None else nearest - distances(found - middle, around))

        return score

    def prepared(features: Floats) -> npt.NDArray[np.float64]:
        return (unit_length(features) if unit else features).astype(np.float64)

    return make


def shrinkage(centred: npt.NDArray[np.float64]) -> float:
    """What part of the covariance is replaced by a multiple of the identity (Ledoit and Wolf 2004)."""
    from sklearn.covariance import ledoit_wolf

    return float(ledoit_wolf(centred, assume_centered=True)[1])


def whitening(centred: npt.NDArray[np.float64], part: float) -> npt.NDArray[np.float64]:
    """A matrix (D, D) whose product with its transpose is the inverse of the shrunk covariance."""
    covariance = centred.T @ centred / len(centred)
    size = len(covariance)
    shrunk = (1 - part) * covariance + part * np.trace(covariance) / size * np.eye(size)
    return np.asarray(np.linalg.cholesky(np.linalg.inv(shrunk)))


def distances(centred: npt.NDArray[np.float64], white: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Squared Mahalanobis distances (N,)."""
    return np.asarray(np.square(centred @ white).sum(axis=1))


def least_sure(training: Floats, labels: Labels) -> Score:
    """One minus the highest probability of an exactly fitted head."""
    logits = fitted_logits(training, labels)

    def score(features: Floats) -> npt.NDArray[np.floating]:
        found = logits(features)
        return np.asarray(-1 / np.exp(found - found.max(axis=1, keepdims=True)).sum(axis=1))

    return score


def energy(training: Floats, labels: Labels) -> Score:
    """Energy of an exactly fitted head (Liu 2020)."""
    logits = fitted_logits(training, labels)
    return lambda features: -np.logaddexp.reduce(logits(features), axis=1)


def fitted_logits(training: Floats, labels: Labels) -> Callable[[Floats], npt.NDArray[np.float64]]:
    """The logits of an exactly fitted head."""
    head = fitted_head(training, labels, classes=int(labels.max()) + 1)
    return lambda features: head.logits(features).astype(np.float64)


SCORES: dict[str, Callable[[Floats, Labels], Score]] = {
    "highest probability": least_sure,
    "energy": energy,
    "Mahalanobis": mahalanobis(unit=False),
    "Mahalanobis, unit length": mahalanobis(unit=True),
    "relative Mahalanobis, unit length": mahalanobis(unit=True, relative=True),
    "1 neighbour": neighbours(1),
    "5 neighbours": neighbours(5),
    "20 neighbours": neighbours(20),
    "5 neighbours of what is kept": ours,
}
