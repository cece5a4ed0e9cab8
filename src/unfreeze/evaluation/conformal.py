"""Sets of classes that hold the true one as often as stated (split conformal prediction)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.bounds import HeldOutBound, held_out_bound

Sets = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ConformalBound:
    """The probability from which a class belongs to a picture's set.

    Attributes:
        least_probability: Classes with at least this probability belong to the set; 0 puts all of them there.
        coverage: How often a set must hold the true class, as it was asked for.
        count: Number of held-out pictures.
        expected: How often a set holds it at least, on average over all held-out sets of as many pictures.
        interval: In which that part lies for 95 % of all held-out sets of as many pictures, the most probable class
            not counted where it is below the bound.
    """

    least_probability: float
    coverage: float
    count: int
    expected: float
    interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class MeasuredCoverage:
    """How often sets held the true class on pictures that had no part in their bound, over repeated splits.

    Attributes:
        coverage: As it was asked for.
        found: How often a set held the true class, on average over the splits.
        interval: In which that part lay in 95 % of the splits.
        classes: Mean number of classes in a set.
        single: What part of the sets had one class.
        splits: Number of splits.
    """

    coverage: float
    found: float
    interval: tuple[float, float]
    classes: float
    single: float
    splits: int


def fit_conformal(probabilities: npt.NDArray[np.floating], labels: Labels, *, coverage: float) -> ConformalBound:
    """Sets the bound on held-out pictures.

    A class belongs to the set if it is probable enough, by one bound for all (Sadinle, Lei and Wasserman 2019, "Least
    ambiguous set-valued classifiers"): these sets are the smallest on average, and the same at every call. Adaptive
    ones (Romano 2020, Angelopoulos 2021) are either drawn by lot, so that a picture is answered differently when it is
    asked for twice, or several times as large (docs/decisions/0011-none-of-these.md).

    Args:
        probabilities: Shape (N, C), of pictures that trained neither the model nor, strictly, its temperature.
        labels: Index of each picture's true class, shape (N,).
        coverage: How often a set must hold the true class, between 0 and 1.

    Returns:
        The bound; of fewer than coverage / (1 - coverage) pictures one that puts all classes into every set.

    Raises:
        SettingsError: If the coverage is not between 0 and 1.
    """
    true = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    bound = held_out_bound(-true, share=1 - coverage)
    low, high = bound.interval
    return ConformalBound(
        least_probability=_least(bound),
        coverage=coverage,
        count=bound.count,
        expected=1 - bound.expected,
        interval=(1 - high, 1 - low),
    )


def prediction_sets(probabilities: npt.NDArray[np.floating], least_probability: float) -> Sets:
    """Which classes belong to each picture's set: all that are probable enough, and always the most probable one.

    The most probable one is there because an empty set says nothing that a user could act upon; it only adds to the
    coverage, which is at least the model's accuracy then.

    Args:
        probabilities: Shape (N, C).
        least_probability: That of a `ConformalBound`.

    Returns:
        Shape (N, C), at least one class in each row.

    >>> prediction_sets(np.array([[0.7, 0.25, 0.05], [0.4, 0.3, 0.3]]), 0.25).tolist()
    [[True, True, False], [True, True, True]]
    """
    sets = np.asarray(probabilities.astype(np.float64) >= least_probability)
    sets[np.arange(len(sets)), probabilities.argmax(1)] = True
    return sets


def measure_coverage(
    probabilities: npt.NDArray[np.floating], labels: Labels, *, coverage: float, splits: int = 200, seed: int = 0
) -> MeasuredCoverage:
    """Splits held-out pictures in halves again and again, sets the bound on one and counts on the other.

    Args:
        probabilities: Shape (N, C), of held-out pictures.
        labels: Index of each picture's true class, shape (N,).
        coverage: How often a set must hold the true class, between 0 and 1.
        splits: How many times.
        seed: Decides the splits.

    Returns:
        What was found; NaN throughout of fewer than two pictures.

    Raises:
        SettingsError: If the coverage is not between 0 and 1.
    """
    found = np.full((splits, 3), np.nan)
    if len(labels) > 1:
        found[:] = _over_splits(probabilities.astype(np.float64), labels, coverage=coverage, splits=splits, seed=seed)
    low, high = np.quantile(found[:, 0], (0.025, 0.975))
    mean, classes, single = found.mean(0)
    return MeasuredCoverage(
        coverage=coverage,
        found=float(mean),
        interval=(float(low), float(high)),
        classes=float(classes),
        single=float(single),
        splits=splits,
    )


def _over_splits(
    probabilities: npt.NDArray[np.float64], labels: Labels, *, coverage: float, splits: int, seed: int
) -> npt.NDArray[np.float64]:
    """Of each split the part of sets that hold the true class, their mean size, the part of one class, shape (S, 3)."""
    count, found = len(labels), np.empty((splits, 3))
    true, sure = probabilities[np.arange(count), labels], probabilities.argmax(1) == labels
    leasts = [_least(held_out_bound(-true[half], share=1 - coverage)) for half, _ in _halves(count, splits, seed)]
    # Few classes belong to a set in any split: all others are looked at once, not once a split.
    rows, columns = np.nonzero(probabilities >= min(leasts))
    falling = -probabilities[rows, columns]
    order = np.argsort(falling)
    rows, falling = rows[order], falling[order]
    for row, least, (_, rest) in zip(found, leasts, _halves(count, splits, seed), strict=True):
        sizes = np.maximum(1, np.bincount(rows[: falling.searchsorted(-least, side="right")], minlength=count)[rest])
        row[:] = ((true >= least) | sure)[rest].mean(), sizes.mean(), (sizes == 1).mean()
    return found


def _halves(count: int, splits: int, seed: int) -> Iterator[tuple[Labels, Labels]]:
    """The same splits at each call: drawing them again takes less room than keeping them."""
    random = np.random.Generator(np.random.PCG64(seed))
    for _ in range(splits):
        order = random.permutation(count)
        yield order[: count // 2], order[count // 2 :]


def _least(bound: HeldOutBound) -> float:
    return 0.0 if np.isinf(bound.value) else -bound.value
