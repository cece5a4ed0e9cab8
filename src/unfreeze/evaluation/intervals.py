"""Intervals for figures that have no formula for theirs."""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
CONFIDENCE = 0.95

Rows = npt.NDArray[np.int64]
Method = Literal["percentile", "bca"]


def bootstrap_interval(
    figure: Callable[[Rows], float],
    strata: npt.NDArray[np.integer],
    *,
    method: Method = "percentile",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """The interval of 95 % of a figure, from samples of the pictures that are drawn with replacement.

    As many pictures of each stratum are drawn as there are, so that no class goes missing by chance. Samples for which
    the figure is NaN do not count. A figure that no sample can change, such as an accuracy of 100 %, has an interval
    of no width: take Wilson's for it.

    Args:
        figure: Gives the figure of some rows, (N,), which may come more than once.
        strata: The stratum of each picture, such as its class, shape (N,); all zeros for one.
        method: "percentile", or "bca", which also corrects bias and skewness and asks for N more figures (Efron 1987,
            "Better bootstrap confidence intervals").
        resamples: How many samples.
        seed: Decides the samples.

    Returns:
        Lower and upper end; NaN where there are no pictures, or the figure is never defined.

    >>> values = np.arange(100.0)
    >>> low, high = bootstrap_interval(lambda rows: float(values[rows].mean()), np.zeros(100, int))
    >>> 43 < low < 45 and 54 < high < 56
    True
    """
    if not len(strata):
        return math.nan, math.nan
    random = np.random.Generator(np.random.PCG64(seed))
    members = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    found = np.array([figure(_resampled(members, random)) for _ in range(resamples)])
    found = found[~np.isnan(found)]
    if not len(found):
        return math.nan, math.nan
    tails = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    if method == "bca" and found.min() < found.max():
        tails = _corrected(tails, found, figure, members)
    low, high = np.quantile(found, tails)
    return float(low), float(high)


def _resampled(members: list[Rows], random: np.random.Generator) -> Rows:
    return np.concatenate([rows[random.integers(0, len(rows), len(rows))] for rows in members])


def _corrected(
    tails: tuple[float, float], found: npt.NDArray[np.float64], figure: Callable[[Rows], float], members: list[Rows]
) -> tuple[float, float]:
    """The quantiles to take instead, for a bootstrap that is biased and skewed."""
    normal, rows = NormalDist(), np.concatenate(members)
    whole = figure(rows)
    below = ((found < whole).sum() + (found == whole).sum() / 2) / len(found)
    # Never quite 0 or 1: the figure of the pictures themselves is one more sample.
    bias = normal.inv_cdf(min(max(float(below), 1 / (len(found) + 1)), len(found) / (len(found) + 1)))
    skew = _acceleration(figure, members)
    moved = [bias + normal.inv_cdf(tail) for tail in tails]
    low, high = (normal.cdf(bias + each / (1 - skew * each)) for each in moved)
    return low, high


def _acceleration(figure: Callable[[Rows], float], members: list[Rows]) -> float:
    """How fast the figure's spread changes with the figure, from leaving each picture out in turn."""
    rows = np.concatenate(members)
    stratum = np.repeat(np.arange(len(members)), [len(each) for each in members])
    without = np.array([figure(np.delete(rows, place)) for place in range(len(rows))])
    pulls = np.concatenate(
        [np.nanmean(part) - part if (~np.isnan(part)).any() else part for part in _by(without, stratum)]
    )
    pulls = pulls[~np.isnan(pulls)]
    spread = float(np.square(pulls).sum())
    return float((pulls**3).sum()) / (6 * spread**1.5) if spread else 0.0


def _by(values: npt.NDArray[np.float64], stratum: Rows) -> list[npt.NDArray[np.float64]]:
    return [values[stratum == each] for each in np.unique(stratum)]
