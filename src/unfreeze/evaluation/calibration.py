"""A temperature that makes the model as sure as it is right."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.ranking import brier_score
from unfreeze.training.objective import EXCLUSIVE, INDEPENDENT, log_softmax

Logits = npt.NDArray[np.floating]
Targets = npt.NDArray[np.integer | np.bool_]
Doubles = npt.NDArray[np.float64]

LOWEST, HIGHEST = 0.05, 20.0
"""The temperatures that are considered."""

FOLDS = 5

MISTAKES_MORE = 0.5

TOLERANCE = 1e-9
"""How closely the logarithm of the temperature is found."""

FLAT = 1e-14

_FARTHEST = 1e3
"""What infinite logits stand for: far enough for a probability of 0 or 1 at any of the temperatures."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """A temperature, and what it is worth on pictures that had no part in it.

    Attributes:
        temperature: What logits are divided by; from all pictures, and 1 where out of fold it did not help.
        fold_temperatures: That of all but each fold in turn, whether or not it helped.
        held_out: Probabilities of each picture at the temperature that the other folds gave, shape (N, C), float64;
            those at temperature 1 where it did not help.
        helped: Whether the Brier score was lower out of fold than at temperature 1.
        loss_before: Mean log loss in nats at temperature 1; of several labels, a label.
        loss_after: That of `held_out`; one hopeless picture can make it the higher one.
    """

    temperature: float
    fold_temperatures: tuple[float, ...]
    held_out: Doubles
    helped: bool
    loss_before: float
    loss_after: float


def calibrate(logits: Logits, targets: Targets, *, folds: int = FOLDS, seed: int = 0) -> Calibration:
    """Fits a temperature (Guo 2017, "On calibration of modern neural networks") and says honestly what it brings.

    Each picture is judged at a temperature that was fitted without it. Whether it helps is decided by the Brier score:
    among a few mistakes one hopeless picture outweighs all others in the log loss, but not in this. The order of the
    classes never changes, so neither does the accuracy.

    Args:
        logits: Shape (N, C), of pictures that the model was not trained on.
        targets: Index of each picture's true class, shape (N,), under a softmax; or, of pictures with several labels,
            whether it has each label, shape (N, C), under sigmoids.
        folds: Into how many parts the pictures are split, 2 at least; each holds as much of every class.
        seed: Decides the parts.

    Returns:
        The temperature and what it brings. One picture, or none, leaves it at 1.
    """
    several = targets.ndim == 2
    finite, fold = _finite(logits, several=several), _folds(targets, folds, seed)
    temperatures = [fit_temperature(finite[fold != part], targets[fold != part]) for part in np.unique(fold)]
    own = np.array([1.0, *temperatures])[1 + fold][:, np.newaxis]  # (N, 1)
    plain, scaled = probabilities_at(finite, several=several), probabilities_at(finite / own, several=several)
    helped = brier_score(scaled, targets) < brier_score(plain, targets)
    before = _mean(_losses(finite, targets))
    return Calibration(
        temperature=fit_temperature(finite, targets) if helped else 1.0,
        fold_temperatures=tuple(temperatures),
        held_out=scaled if helped else plain,
        helped=helped,
        loss_before=before,
        loss_after=_mean(_losses(finite / own, targets)) if helped else before,
    )


def fit_temperature(logits: Logits, targets: Targets, *, mistakes_more: float = MISTAKES_MORE) -> float:
    """The temperature at which the log loss is lowest, half a mistake more being counted than was seen.

    Of pictures that are all answered right, or all but one, nothing but chance keeps the temperature from 0, certainty.
    So each picture also counts, for a tiny part, as one of the most likely other class: half a picture in all, which is
    what Krichevsky and Trofimov (1981, "The performance of universal encoding") add to each of two counts. The loss is
    convex in one over the temperature: there is one minimum.

    Args:
        logits: Shape (N, C).
        targets: True classes (N,) under a softmax, or labels (N, C) under sigmoids.
        mistakes_more: How many mistakes more are counted; 0 for the lowest log loss as it is.

    Returns:
        Between 0.05 and 20; 1 where all temperatures are alike, as of no pictures or a single class.
    """
    finite = _finite(logits, several=targets.ndim == 2)
    if not targets.size or (targets.ndim == 1 and np.ptp(finite, axis=1).max() == 0):
        return 1.0
    part, lead = mistakes_more / targets.size, float(_leads(finite, targets).mean())

    def slope(power: float) -> float:
        """How the loss grows with one over the temperature, at the temperature exp(power); it falls with it."""
        # The other class's log loss is the true one's and what it lies behind, at any temperature.
        return (1 + part) * float(_slopes(finite, targets, math.exp(-power)).mean()) + part * lead

    return math.exp(_root(slope, math.log(LOWEST), math.log(HIGHEST)))


def probabilities_at(logits: Logits, temperature: float = 1.0, *, several: bool = False) -> Doubles:
    """Probabilities of logits at a temperature.

    Args:
        logits: Shape (N, C); an infinite one stands for a probability of 0 or 1.
        temperature: What they are divided by.
        several: Whether each class is decided by itself (sigmoids), or all together (softmax).

    Returns:
        Shape (N, C), float64.

    >>> probabilities_at(np.array([[0.0, np.log(9)]]), 2.0).round(6).tolist()
    [[0.25, 0.75]]
    """
    scaled = _finite(logits, several=several) / temperature
    return (INDEPENDENT if several else EXCLUSIVE).probabilities(scaled)


def logits_of(probabilities: npt.NDArray[np.floating], *, several: bool = False) -> Doubles:
    """Logits that stand for probabilities, as from a table of predictions that holds no logits.

    Args:
        probabilities: Shape (N, C), float32; what rounding made 0 or 1 is taken for the nearest number that is neither.
        several: Whether each class was decided by itself.

    Returns:
        Shape (N, C), float64; under a softmax up to a constant in each row.
    """
    least = float(np.finfo(np.float32).smallest_subnormal)
    bounded = np.clip(probabilities.astype(np.float64), least, 1 - float(np.finfo(np.float32).epsneg) / 2)
    return np.asarray(np.log(bounded) - np.log1p(-bounded) if several else np.log(bounded))


def _losses(finite: Doubles, targets: Targets) -> Doubles:
    """Log losses in nats, shape (N,), or (N, C) of several labels."""
    if targets.ndim == 2:
        return np.asarray(np.logaddexp(0, np.where(targets, -finite, finite)))
    return np.asarray(-log_softmax(finite)[np.arange(len(targets)), targets])


def _slopes(finite: Doubles, targets: Targets, sharpness: float) -> Doubles:
    """How log losses grow with one over the temperature, at one value of it; shapes as of `_losses`."""
    if targets.ndim == 2:
        apart = np.where(targets, finite, -finite)
        return np.asarray(-apart * INDEPENDENT.probabilities(-sharpness * apart))
    mean = (EXCLUSIVE.probabilities(sharpness * finite) * finite).sum(1)
    return np.asarray(mean - finite[np.arange(len(targets)), targets])


def _root(slope: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function is 0; the end nearer to that where it is not in between, 0 where it is 0 at both.

    By false position in its Illinois form (Dowell and Jarratt 1971, "A modified regula falsi method"): scipy, which the
    tests hold it against, takes longer to load than a small run takes to train.
    """
    above, below = slope(low), slope(high)
    if above <= 0 or below >= 0:
        return 0.0 if above == below == 0 else low if above <= 0 else high
    moved = ""
    while high - low > TOLERANCE:
        middle = min(max((low * below - high * above) / (below - above), low), high)
        found = slope(middle)
        if abs(found) < FLAT:
            return middle
        if found > 0:
            low, above = middle, found
            below /= 2 if moved == "low" else 1  # or the end that stays would slow the other one down
            moved = "low"
        else:
            high, below = middle, found
            above /= 2 if moved == "high" else 1
            moved = "high"
    return (low + high) / 2


def _leads(finite: Doubles, targets: Targets) -> Doubles:
    """How far each true logit lies above the most likely other class's; of several labels, above the contrary's."""
    if targets.ndim == 2:
        return np.where(targets, finite, -finite)
    rows, others = np.arange(len(targets)), finite.copy()
    others[rows, targets] = -np.inf
    return np.asarray(finite[rows, targets] - others.max(axis=1))


def _mean(losses: Doubles) -> float:
    return float(losses.mean()) if losses.size else float("nan")


def _finite(logits: npt.NDArray[Any], *, several: bool) -> Doubles:
    """Logits in float64, what is infinite brought within reach; under a softmax the highest of a row becomes 0."""
    assert not np.isnan(logits).any()
    values = logits.astype(np.float64)
    if several or not values.size:
        return np.clip(values, -_FARTHEST, _FARTHEST)
    values = np.where(np.isposinf(values), np.finfo(np.float64).max / 4, values)
    values = np.where(np.isneginf(values), -np.finfo(np.float64).max / 4, values)
    return np.asarray(np.maximum(values - values.max(axis=1, keepdims=True), -_FARTHEST))


def _folds(targets: Targets, folds: int, seed: int) -> npt.NDArray[np.int64]:
    """The fold of each picture: dealt out in turn, at random within each class."""
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(targets))
    if targets.ndim == 1:
        order = order[np.argsort(targets[order], kind="stable")]
    fold = np.empty(len(targets), np.int64)
    fold[order] = np.arange(len(targets)) % folds
    return fold
