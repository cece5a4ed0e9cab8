"""One figure with its interval, and how that came about."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.effective_size import effective_interval
from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.evaluation.skewed_mean import skewed_mean_interval

WILSON = "Wilson score"
JACKKNIFE = "Wilson score, infinitesimal jackknife variance"
DELONG = "Wilson score, DeLong variance"
HALL = "Hall's transformed t"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of some pictures, and where it lies on other pictures of the same kind.

    Attributes:
        value: The figure; NaN where it is not defined.
        low: Lower end of its 95 % interval; NaN where there is none.
        high: Upper end.
        method: How the interval is found, as statisticians call it.
    """

    value: float
    low: float
    high: float
    method: str

    def plain(self) -> dict[str, float | str | None]:
        """Its fields, as JSON has them: None for NaN."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {
            **{name: None if math.isnan(found) else found for name, found in numbers.items()},
            "method": self.method,
        }


def counted_figure(part: int, whole: int) -> Figure:
    """The share of pictures that something is true of; not defined of none.

    >>> counted_figure(0, 0).plain()["value"] is None
    True
    """
    low, high = wilson_interval(part, whole) if whole else (math.nan, math.nan)
    return Figure(part / whole if whole else math.nan, low, high, WILSON)


def f1_figure(hits: int, missed: int, invented: int) -> Figure:
    """F1 of one class; not defined where no picture is of it and none was given it.

    F1 is 2 s / (1 + s), where s is the share of the hits among all that are of the class or were given it: Wilson's
    interval of s, transformed.
    """
    share = counted_figure(hits, hits + missed + invented)
    value, low, high = (2 * end / (1 + end) for end in (share.value, share.low, share.high))
    return Figure(value, low, high, WILSON)


def pulled_figure(
    value: float, pulls: npt.NDArray[np.float64], *, pictures: float, method: str = JACKKNIFE, counted: bool = False
) -> Figure:
    """A share between 0 and 1 of which it is known what each picture does to it.

    Args:
        value: The share.
        pulls: The share's derivative with respect to the weight of each picture, shape (N,).
        pictures: As for `effective_interval`.
        method: What the variance is called.
        counted: As for `effective_interval`.

    Returns:
        The figure.
    """
    count = len(pulls)
    # No product of vectors: its threads wait for one another where other programs work.
    variance = float(np.square(pulls).sum()) * count / max(count - 1, 1)
    return Figure(value, *effective_interval(value, variance, pictures=pictures, counted=counted), method)


def mean_figure(values: npt.NDArray[np.floating], *, most: float | None = None) -> Figure:
    """The mean over N pictures of values that cannot be negative; not defined of none.

    Args:
        values: Shape (N,).
        most: The highest value that a picture can have; None where there is no such.

    Returns:
        The figure.
    """
    count = len(values)
    if most is None:
        mean = float(values.mean()) if count else math.nan
        return Figure(mean, *skewed_mean_interval(values), HALL)
    if not count:
        return Figure(math.nan, math.nan, math.nan, JACKKNIFE)
    shares = values.astype(np.float64) / most
    mean = float(shares.mean())
    found = pulled_figure(mean, (shares - mean) / count, pictures=count)
    return Figure(most * mean, most * found.low, most * found.high, JACKKNIFE)
