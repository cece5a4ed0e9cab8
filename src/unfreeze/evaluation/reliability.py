"""How often what is said to be sure is right."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.metrics import wilson_interval

Bins = Literal["mass", "width"]
BINS = 15

DRAWS = 200
MOST_DRAWN = 20_000_000
FEWEST_DRAWS = 20


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Answers of about the same confidence.

    Attributes:
        low: Above which their confidence lies; the first bin holds its low end too.
        high: Up to which their confidence lies.
        count: How many answers there are.
        confidence: Their mean confidence.
        accuracy: What part of them is right.
        interval: Wilson's interval of that part, 95 %.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float
    interval: tuple[float, float]


def answers(
    probabilities: npt.NDArray[np.floating], targets: npt.NDArray[np.integer | np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """What was answered, how surely, and whether it was right.

    Args:
        probabilities: Shape (N, C).
        targets: Index of each picture's true class, shape (N,); or, of pictures with several labels, whether it has
            each label, shape (N, C).

    Returns:
        Confidences and whether they were right. One class: the highest probability of each picture, shape (N,).
        Several labels: each label's probability and whether the picture has it, shape (N * C,).
    """
    if targets.ndim == 2:
        return probabilities.astype(np.float64).ravel(), targets.astype(bool).ravel()
    predicted = probabilities.argmax(axis=1)
    return probabilities.max(axis=1).astype(np.float64), np.asarray(predicted == targets, np.bool_)


def reliability(
    confidences: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], *, bins: Bins = "mass", count: int = BINS
) -> list[ReliabilityBin]:
    """Answers grouped by their confidence.

    Args:
        confidences: Between 0 and 1, shape (N,).
        right: Whether each answer is right, shape (N,).
        bins: "mass" for bins of as many answers each, equal confidences never parted (Naeini 2015 cuts like this;
            few bins are nearly empty then); "width" for bins as wide as each other (Guo 2017).
        count: Number of bins.

    Returns:
        The bins that hold answers, by confidence; none of no answers.

    >>> [bin.accuracy for bin in reliability(np.array([0.6, 0.6, 0.9, 0.9]), np.array([True, False, True, True]))]
    [0.5, 1.0]
    """
    if not len(confidences):
        return []
    edges = np.linspace(0, 1, count + 1) if bins == "width" else _mass_edges(confidences, count)
    places = np.searchsorted(edges[1:-1], confidences, side="left")
    return [
        _bin(float(edges[place]), float(edges[place + 1]), confidences[places == place], right[places == place])
        for place in np.unique(places)
    ]


def calibration_error(
    confidences: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], *, bins: Bins = "mass", count: int = BINS
) -> float:
    """Expected calibration error: how far confidence and accuracy are apart, on average over the answers.

    The sum over bins of their part of the answers, times the distance of mean confidence and accuracy (Naeini 2015,
    "Obtaining well calibrated probabilities using Bayesian binning"). Chance alone makes it larger than 0: the fewer
    answers in a bin, the larger.

    Args:
        confidences: Between 0 and 1, shape (N,).
        right: Whether each answer is right, shape (N,).
        bins: How answers are grouped, as in `reliability`.
        count: Number of bins.

    Returns:
        Between 0 and 1; NaN of no answers.

    >>> round(calibration_error(np.array([0.6, 0.6, 0.9, 0.9]), np.array([True, False, True, True])), 6)
    0.1
    """
    if not len(confidences):
        return float("nan")
    found = reliability(confidences, right, bins=bins, count=count)
    return sum(each.count * abs(each.accuracy - each.confidence) for each in found) / len(confidences)


def chance_error(confidences: npt.NDArray[np.float64], *, count: int = BINS, seed: int = 0) -> float:
    """The calibration error that chance alone brings: its mean if each answer were right as often as is said.

    Args:
        confidences: Between 0 and 1, shape (N,).
        count: Number of bins of as many answers each, as in `calibration_error`.
        seed: Decides the draws, 200 of them and fewer of many answers, whose error hardly varies.

    Returns:
        Between 0 and 1; NaN of no answers.

    >>> round(chance_error(np.array([0.0, 1.0])), 6)
    0.0
    """
    if not len(confidences):
        return float("nan")
    random = np.random.Generator(np.random.PCG64(seed))
    places = np.searchsorted(_mass_edges(confidences, count)[1:-1], confidences, side="left")
    sums = np.bincount(places, weights=confidences, minlength=count)
    draws = max(FEWEST_DRAWS, min(DRAWS, MOST_DRAWN // len(confidences)))
    hits = (np.bincount(places[random.random(len(places)) < confidences], minlength=count) for _ in range(draws))
    return float(np.mean([np.abs(drawn - sums).sum() for drawn in hits]) / len(confidences))


def _mass_edges(confidences: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """Edges at the last confidence of each part; equal ones coincide, and the bins between them stay empty."""
    ordered = np.sort(confidences)
    ends = np.array([part[-1] for part in np.array_split(ordered, min(count, len(ordered)))])
    return np.concatenate([ordered[:1], ends])


def _bin(low: float, high: float, confidences: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> ReliabilityBin:
    hits, count = int(right.sum()), len(right)
    return ReliabilityBin(
        low=low,
        high=high,
        count=count,
        confidence=float(confidences.mean()),
        accuracy=hits / count,
        interval=wilson_interval(hits, count),
    )
