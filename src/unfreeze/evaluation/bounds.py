"""A bound that a stated part of what is still to come lies above, set on pictures that were held out."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from unfreeze.errors import SettingsError

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class HeldOutBound:
    """A bound from the order of N held-out values; new values of the same kind lie above it no more often than stated.

    Attributes:
        value: The bound; infinite where N is too small for any value to be one: below `1 / share - 1`.
        share: What part of new values may lie above it, as it was asked for.
        count: N.
        expected: What part of new values lies above it on average over all held-out sets of N, at most `share`.
        interval: In which that part lies for 95 % of all held-out sets of N.
    """

    value: float
    share: float
    count: int
    expected: float
    interval: tuple[float, float]


def held_out_bound(values: npt.NDArray[np.floating], *, share: float) -> HeldOutBound:
    """The lowest held-out value that new values lie above no more often than stated, on average.

    A new value falls into each of the N + 1 gaps between N held-out ones equally often, whatever they are distributed
    like, if both are drawn alike. So above the k-th lowest lies a part (N + 1 - k) / (N + 1) of new values on average;
    over the held-out sets it is spread as Beta(N + 1 - k, k) (Vovk 2012, "Conditional validity of inductive conformal
    predictors"), and lower where values are equal.

    Args:
        values: Shape (N,), of pictures that had no part in making what the values come from; none is NaN.
        share: What part may lie above, between 0 and 1.

    Returns:
        The bound.

    Raises:
        SettingsError: If the share is not between 0 and 1.

    >>> bound = held_out_bound(np.arange(1.0, 20.0), share=0.1)
    >>> bound.value, bound.expected
    (18.0, 0.1)
    """
    if not 0 < share < 1:
        message = f"share is {share}; give the part that may lie above the bound, between 0 and 1, such as 0.05"
        raise SettingsError(message, subject="share")
    assert not np.isnan(values).any()
    count = len(values)
    # 0.07 * 100 is a little more than 7 in floating point, 0.29 * 100 a little less than 29.
    above = math.floor((count + 1) * share + 1e-9)
    if above == 0:
        return HeldOutBound(value=math.inf, share=share, count=count, expected=0.0, interval=(0.0, 0.0))
    rank = count + 1 - above
    low, high = (beta_quantile(above, rank, tail) for tail in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    value = float(np.partition(values, rank - 1)[rank - 1])
    return HeldOutBound(value=value, share=share, count=count, expected=above / (count + 1), interval=(low, high))


@lru_cache(maxsize=1024)  # many bounds are set on as many values, when splits are drawn again and again
def beta_quantile(a: int, b: int, share: float) -> float:
    """The quantile of a beta distribution with whole parameters.

    Its distribution function at x is the probability that at least a of a + b - 1 independent trials succeed, x being
    the chance of one: a finite sum. scipy, which the tests hold it against, takes longer to load than it is worth here.

    Args:
        a: First parameter, at least 1.
        b: Second parameter, at least 1.
        share: What part lies below the quantile, between 0 and 1.

    Returns:
        The quantile.

    >>> round(beta_quantile(1, 1, 0.3), 9)
    0.3
    """
    trials = a + b - 1
    fewer = np.arange(a)  # so many successes are not enough
    ways = np.concatenate([[0.0], np.cumsum(np.log((trials - fewer[:-1]) / (fewer[:-1] + 1)))])
    low, high = 0.0, 1.0
    while (middle := (low + high) / 2) not in (low, high):
        enough = 1 - float(np.exp(ways + fewer * math.log(middle) + (trials - fewer) * math.log1p(-middle)).sum())
        low, high = (middle, high) if enough < share else (low, middle)
    return middle
