"""Accuracy against the number of training pictures, and what more of them would bring.

The body stays as it is and its features are there already, so a model for each size is a head that is fitted exactly:
dozens of them take seconds. What is said here is said of heads; a body that is trained too may gain more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.heads import QUICK_FALL, Wrong, fitted_head, mistakes
from unfreeze.evaluation.power_law import FEWEST_SIZES, PowerLaw, fit_power_law
from unfreeze.evaluation.resampling import Resampling, Values, middle_95
from unfreeze.training.batches import Batch
from unfreeze.training.head import LinearHead

SIZES = 8
REPEATS = 5
LARGEST_RATIO = 8
"""Subsets smaller than an eighth say little of how much models on all pictures would differ."""

LEAST_OF_A_CLASS = 3
"""Pictures of each class, on average, in the smallest subset: with fewer a head learns next to nothing."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What accuracy to expect with some number of training pictures.

    Attributes:
        pictures: The number.
        accuracy: The likeliest accuracy.
        low: Lower end of the interval in which it lies with 95 % confidence, if the curve goes on as it does.
        high: Its upper end.
        gain: What that is more than with the pictures that there are.
        least_gain: Lower end of the gain's interval, which is narrower than the accuracy's: whatever makes the accuracy
            seem too high or too low makes it so at both sizes.
        largest_gain: Its upper end.
    """

    pictures: int
    accuracy: float
    low: float
    high: float
    gain: float
    least_gain: float
    largest_gain: float


@dataclass(frozen=True, kw_only=True)
class LearningCurve:
    """Which of V validation pictures are wrong after training on subsets of K sizes, drawn R times.

    Attributes:
        sizes: Numbers of training pictures, ascending; the last is all that were given.
        wrong: 1 where a picture is answered wrongly, shape (R, K, V), int8.
        seed: Decides what the intervals are drawn from.
    """

    sizes: tuple[int, ...]
    wrong: Wrong
    seed: int = 0

    @property
    def accuracies(self) -> Values:
        """Accuracy at each size, averaged over the repeats, shape (K,)."""
        return np.asarray(1 - self.wrong.mean((0, 2)))

    @property
    def intervals(self) -> list[tuple[float, float]]:
        """In which the accuracy at each size lies with 95 % confidence, on other pictures of the same kind."""
        return [_turned(middle_95(errors)) for errors in self.drawn.T]

    @property
    def can_be_extrapolated(self) -> bool:
        """Whether there are sizes enough to tell a curve."""
        return len(self.sizes) >= FEWEST_SIZES

    def forecast(self, pictures: int) -> Forecast | None:
        """The accuracy to expect if there were more training pictures of the same kind.

        The further from what was seen, the less the curve can be trusted beyond its interval, which supposes that the
        accuracy goes on as it did: up to four times as many pictures are reasonable.

        Args:
            pictures: The number of training pictures.

        Returns:
            The forecast; None where there are too few sizes to tell.
        """
        if not self.can_be_extrapolated:
            return None
        sizes = [self.sizes[-1], pictures]
        now, then = self.law.at(sizes)[0]
        errors = self.drawn_laws.at(sizes)
        low, high = _turned(middle_95(errors[:, 1]))
        least, largest = middle_95(errors[:, 0] - errors[:, 1])
        return Forecast(
            pictures=pictures,
            accuracy=float(1 - then),
            low=low,
            high=high,
            gain=float(now - then),
            least_gain=least,
            largest_gain=largest,
        )

    @cached_property
    def law(self) -> PowerLaw:
        """The curve through the errors as they were measured."""
        return fit_power_law(self.sizes, self.wrong.mean((0, 2))[np.newaxis], self._variances)

    @cached_property
    def drawn_laws(self) -> PowerLaw:
        """Curves through the errors that other pictures and other subsets might have given."""
        return fit_power_law(self.sizes, self.drawn, self._variances)

    @cached_property
    def drawn(self) -> Values:
        """Errors that other pictures might have given, other training pictures included, shape (B, K)."""
        repeats, _, pictures = self.wrong.shape
        errors = Resampling.drawn(repeats, pictures, seed=self.seed).means(self.wrong, lowest=0, highest=1)
        shift = np.random.default_rng([self.seed, 1]).normal(0, self._pool_deviation, (len(errors), 1))
        return np.asarray(np.clip(errors + shift, 0, 1))

    @property
    def _pool_deviation(self) -> float:
        """How far all errors may lie off because these training pictures were collected and no others.

        Subsets of one collection hide that, the more the larger they are. Their variance between repeats, freed of
        what they share and scaled to the whole collection as if it fell with the number of pictures, is an estimate.
        """
        sizes, every = np.array(self.sizes), self.sizes[-1]
        middling = (sizes >= every / LARGEST_RATIO) & (sizes <= every / 2)
        if len(self.wrong) < 2 or not middling.any():
            return 0.0
        between = self.wrong.mean(2).var(0, ddof=1)[middling]  # (K,)
        shared = sizes[middling] / every
        return float(np.sqrt((between / (1 - shared) * shared).mean()))

    @cached_property
    def _variances(self) -> Values:
        """How far the error at each size may lie off, squared, shape (K,)."""
        repeats, _, pictures = self.wrong.shape
        share = (self.wrong.sum((0, 2)) + 1) / (repeats * pictures + 2)  # never 0: some error is left out of sight
        spread = self.wrong.mean(2).var(0, ddof=1) / repeats if repeats > 1 else 0.0
        return np.asarray(share * (1 - share) / pictures + spread)


def learning_curve(
    train: Batch,
    valid: Batch,
    *,
    classes: int,
    sizes: int = SIZES,
    repeats: int = REPEATS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> LearningCurve:
    """Fits heads on nested random subsets of the training pictures, in each of which every class has its share.

    Args:
        train: Features (N, D), float32, and labels (N,) of the training pictures.
        valid: The same of the validation pictures, at least one.
        classes: Number of classes C.
        sizes: How many sizes, spaced geometrically; fewer where there are not pictures enough.
        repeats: How many times subsets are drawn.
        seed: Decides the subsets.
        progress: Called with the number of heads fitted and the number of heads.

    Returns:
        What was wrong at each size.
    """
    features, labels = train
    steps = curve_sizes(len(labels), classes=classes, count=sizes)
    wrong = np.empty((repeats, len(steps), len(valid[1])), np.int8)
    for repeat in range(repeats):
        order = nested_order(labels, np.random.default_rng([seed, repeat]))
        head: LinearHead | None = None
        for index, size in enumerate(steps):
            chosen = order[:size]
            if size == len(labels) and repeat:
                wrong[repeat, index] = wrong[0, index]  # all pictures are all pictures
            else:  # from the smaller subset's head on, which has seen nothing that this one may not see
                few = features[chosen], labels[chosen]
                head = fitted_head(*few, classes=classes, least_fall=QUICK_FALL, start=head)
                wrong[repeat, index] = mistakes(head, valid)
            if progress:
                progress(repeat * len(steps) + index + 1, repeats * len(steps))
    return LearningCurve(sizes=steps, wrong=wrong, seed=seed)


def in_words(curve: LearningCurve) -> str:
    """What twice as many training pictures as the largest size would bring, in a sentence.

    Both numbers are named: the largest size may be a part of the pictures that there are.

    Args:
        curve: What was measured.

    Returns:
        Plain words.
    """
    found = curve.forecast(2 * curve.sizes[-1])
    if found is None:
        return f"what more training pictures would bring cannot be told: {curve.sizes[-1]:,} are too few for a curve"
    gain, least, largest = (f"{100 * share:.1f}" for share in (found.gain, found.least_gain, found.largest_gain))
    return (
        f"{found.pictures:,} training pictures instead of {curve.sizes[-1]:,} would raise the accuracy by {gain} "
        f"points if it goes on as it did (95 % interval {least} to {largest})"
    )


def curve_sizes(pictures: int, *, classes: int, count: int = SIZES) -> tuple[int, ...]:
    """Numbers of training pictures, spaced geometrically, from a few of each class to all.

    Args:
        pictures: How many training pictures there are.
        classes: Number of classes.
        count: How many sizes to try.

    Returns:
        The sizes, ascending; fewer where some would be the same.

    >>> curve_sizes(1000, classes=2, count=4)
    (6, 33, 182, 1000)
    """
    smallest = min(pictures, LEAST_OF_A_CLASS * classes)
    return tuple(sorted({int(size) for size in np.rint(np.geomspace(smallest, pictures, count))}))


def nested_order(labels: npt.NDArray[np.int64], generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """A random order of pictures in whose beginnings, however long, every class has its share.

    Args:
        labels: Class of each picture, shape (N,).
        generator: Decides the order.

    Returns:
        Indices of the pictures, shape (N,): the first of each class, then the others.
    """
    places = np.empty(len(labels))
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        places[rows] = (np.arange(len(rows)) + generator.random()) / len(rows)
        places[rows[0]] -= 1  # before all seconds: a class that is never seen is never answered
    return np.argsort(places, kind="stable")


def _turned(errors: tuple[float, float]) -> tuple[float, float]:
    """The range of accuracies that belongs to a range of errors."""
    return max(0.0, 1 - errors[1]), min(1.0, 1 - errors[0])
