"""Of which class more training pictures would help most, told from what happens with fewer of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from unfreeze.evaluation.heads import QUICK_FALL, Wrong, fitted_head, mistakes
from unfreeze.evaluation.resampling import Resampling, Values, middle_95
from unfreeze.training.batches import Batch
from unfreeze.training.head import LinearHead

ADDED = 50
LEAST_PICTURES = 8
"""A class with fewer is not halved: what one of four pictures teaches says nothing of the fifty-first."""

EXPONENTS = (0.2, 0.5, 1.5)
"""How fast the mistakes about a class may fall with its pictures: least, typical and most.

A rare class's curve need not be the power law that the whole collection's is, and a quarter of its pictures says little
of twice as many, so the exponent is not measured: the interval has to hold for all of these.
"""

REPEATS = 4
TRIED = 4
"""Classes that pictures are taken from at most: each costs as many fits as there are repeats."""

CONFIDENCE = 0.95

NAMED = 3
"""Classes that are too small to be tried: further ones are counted."""


@dataclass(frozen=True, kw_only=True)
class ClassGain:
    """What more training pictures of one class would bring.

    Attributes:
        label: The class.
        pictures: How many training pictures of it there are.
        gain: By how much the accuracy on all validation pictures would rise, most likely.
        low: Lower end of the interval in which the gain lies with 95 % confidence.
        high: Its upper end.
    """

    label: int
    pictures: int
    gain: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ClassGains:
    """What more training pictures of each class would bring, one class at a time.

    Attributes:
        added: How many more.
        gains: One for each class that has pictures enough to tell, the largest gain first.
        too_small: Classes that have not. Of these, too, nothing but the mistakes about them bounds what they gain.
        untried: Classes about which no more mistakes are made than about those that were tried. A class gains no more
            than there are mistakes about it.
        best: The class that would gain most, if that is 95 % sure and so is that it would gain at all; None where it
            cannot be told.
    """

    added: int
    gains: tuple[ClassGain, ...]
    too_small: tuple[int, ...]
    best: int | None
    untried: tuple[int, ...] = ()


def class_gains(
    train: Batch,
    valid: Batch,
    *,
    classes: int,
    added: int = ADDED,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> ClassGains:
    """Takes pictures of one class away at a time, and from what that costs says what more of them would bring.

    Each class is halved in turn, all others staying whole. What that costs all classes together is taken to follow some
    power law, whose exponent is left open: b (2^c - 1) is lost with half, b (1 - 1.5^-c) gained with half as many
    again, and never more than there are mistakes about the class. All models are asked about the same pictures, so that
    only answers that change count. More pictures of one class also make it likelier to be answered, which may cost
    others more than it gains.

    Args:
        train: Features (N, D), float32, and labels (N,) of the training pictures.
        valid: The same of the validation pictures.
        classes: Number of classes C.
        added: How many more pictures of a class.
        seed: Decides which pictures are taken away, and what the intervals are drawn from.
        progress: Called with the number of classes done and the number of classes.

    Returns:
        A gain for each of the classes about which most mistakes are made, of those that have pictures enough.
    """
    counts = np.bincount(train[1], minlength=classes)
    too_small = tuple(label for label in range(classes) if counts[label] < LEAST_PICTURES)
    head = fitted_head(*train, classes=classes, least_fall=QUICK_FALL)
    whole = mistakes(head, valid)
    missed = np.bincount(valid[1][whole > 0], minlength=classes)
    large = [int(label) for label in np.argsort(-missed, kind="stable") if counts[label] >= LEAST_PICTURES]
    tried, untried = large[:TRIED], large[TRIED:]
    resampling = Resampling.drawn(REPEATS, len(whole), seed=seed)
    gains: list[ClassGain] = []
    draws: list[Values] = []
    for label in tried:
        costs = _costs(train, valid, head, whole, label=label, seed=seed)
        own = np.where(valid[1] == label, whole, 0)
        gain, drawn = _gains(costs, own, resampling, more=added / counts[label])
        low, high = middle_95(drawn)
        gains.append(ClassGain(label=label, pictures=int(counts[label]), gain=gain, low=low, high=high))
        draws.append(drawn)
        if progress:
            progress(len(gains), len(tried))
    ordered = tuple(sorted(gains, key=lambda gain: -gain.gain))
    limits = [_limit(np.where(valid[1] == label, whole, 0), resampling) for label in (*untried, *too_small)]
    best = _best(gains, draws, limits)
    return ClassGains(added=added, gains=ordered, too_small=too_small, best=best, untried=tuple(untried))


def in_words(found: ClassGains, names: Sequence[str]) -> str:
    """Where more pictures would help most, in a sentence.

    Args:
        found: What more pictures of each class would bring.
        names: The C class names.

    Returns:
        Plain words.
    """
    if not found.gains:
        return f"where {found.added} more pictures would help most cannot be told: there are too few to take any away"
    best = next((gain for gain in found.gains if gain.label == found.best), None)
    if best is None:
        first = found.gains[0]
        return (
            f"where {found.added} more pictures would help most cannot be told; most likely of {names[first.label]}: "
            f"{_points(first)}{_left_out(found, names)}"
        )
    return (
        f"{found.added} more pictures of {names[best.label]} would help most: {_points(best)}{_left_out(found, names)}"
    )


def _left_out(found: ClassGains, names: Sequence[str]) -> str:
    """The classes that are too small to be tried, or nothing."""
    if not found.too_small:
        return ""
    named, more = ", ".join(names[label] for label in found.too_small[:NAMED]), len(found.too_small) - NAMED
    others = f" and {more} more" if more > 0 else ""
    return f"; not tried, with fewer than {LEAST_PICTURES} training pictures: {named}{others}"


def _points(gain: ClassGain) -> str:
    low, high = 100 * gain.low, 100 * gain.high
    return f"{100 * gain.gain:+.1f} points of accuracy (95 % interval {low:+.1f} to {high:+.1f})"


def _costs(train: Batch, valid: Batch, head: LinearHead, whole: Wrong, *, label: int, seed: int) -> Wrong:
    """By how much each answer is worse with half of a class, 1, 0 or -1, shape (R, V)."""
    features, labels = train
    members, others = np.flatnonzero(labels == label), np.flatnonzero(labels != label)
    costs = np.empty((REPEATS, len(whole)), np.int8)
    for repeat in range(REPEATS):
        half = np.random.default_rng([seed, label, repeat]).permutation(members)[: len(members) // 2]
        kept = np.concatenate([others, half])
        few = features[kept], labels[kept]
        fitted = fitted_head(*few, classes=len(head.bias), least_fall=QUICK_FALL, start=head)
        costs[repeat] = mistakes(fitted, valid) - whole
    return costs


def _gains(costs: Wrong, own: Wrong, resampling: Resampling, *, more: float) -> tuple[float, Values]:
    """The likeliest gain, and those that other pictures and exponents might have given, shape (B,).

    Args:
        costs: What `_costs` found, shape (R, V).
        own: 1 where a picture of the class is answered wrongly with all training pictures, shape (V,).
        resampling: Weights of repeats and pictures.
        more: Pictures added, as a part of those that there are.

    Returns:
        A gain, and gains, in parts of all validation pictures.
    """
    drawn_costs = resampling.means(costs[:, np.newaxis], lowest=-1, highest=1)[:, 0]  # (B,)
    most_gained = _limit(own, resampling)
    least, typical, most = EXPONENTS
    exponents = np.geomspace(least, most, len(most_gained))  # draws are in no order: any order of exponents is random
    drawn = np.minimum(drawn_costs * _gain_by_cost(exponents, more), most_gained)
    measured = costs.mean() * _gain_by_cost(np.array([typical]), more)[0]
    return float(min(measured, own.mean())), drawn


def _limit(own: Wrong, resampling: Resampling) -> Values:
    """What a class can gain at most, in parts of all pictures: the mistakes about it, in each draw, shape (B,)."""
    repeated = np.broadcast_to(own, (resampling.repeats.shape[1], 1, len(own)))
    return resampling.means(repeated, lowest=0, highest=1)[:, 0]


def _gain_by_cost(exponents: Values, more: float) -> Values:
    """What so many times more pictures bring, by what halving them costs, under power laws of some exponents.

    >>> _gain_by_cost(np.array([1.0]), 1.0).tolist()
    [0.5]
    """
    return np.asarray((1 - (1 + more) ** -exponents) / (2**exponents - 1))


def _best(gains: Sequence[ClassGain], draws: Sequence[Values], limits: Sequence[Values]) -> int | None:
    """The class that gains most in nearly all draws, if it gains anything in nearly all; limits are other classes'."""
    if len(gains) < 2:
        return None
    shares = np.bincount(np.stack([*draws, *limits]).argmax(0), minlength=len(gains)) / len(draws[0])
    winner = int(shares[: len(gains)].argmax())
    sure = shares[winner] >= CONFIDENCE and gains[winner].low > 0
    return gains[winner].label if sure else None
