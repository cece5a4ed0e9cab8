"""Differences between two variants under the same seeds: their mean, its interval, and what could have been shown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

LEVEL, POWER = 0.05, 0.8
NO_SPREAD = 2e-4
"""A smaller standard deviation is that of rows written with six digits, not of chance."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The mean of paired differences.

    Attributes:
        mean: The mean.
        low: Lower end of its interval.
        high: Upper end.
        p: How likely a mean as far from 0 is by chance if there is no difference.
        deviation: Standard deviation of the differences.
        count: How many there are.
    """

    mean: float
    low: float
    high: float
    p: float
    deviation: float
    count: int


def paired_difference(differences: Sequence[float], *, level: float = LEVEL) -> Difference:
    """Student's interval of the mean of paired differences (Student 1908, "The probable error of a mean").

    A bootstrap of five values is far too narrow: it knows no more extreme value than the most extreme one of the five.
    Student's interval keeps its promise where differences are near to normal, as those of mean losses are.

    Args:
        differences: One a seed, at least two.
        level: Chance that the interval misses the true mean.

    Returns:
        The mean and what chance may have to do with it. Equal differences, such as one picture more under each of
        three seeds, do not say how far chance reaches: p is 1, and the interval has no width.

    >>> found = paired_difference([1.0, 2.0, 3.0])
    >>> round(found.mean, 3), round(found.low, 3), round(found.high, 3)
    (2.0, -0.484, 4.484)
    """
    from scipy.stats import t

    count = len(differences)
    mean = math.fsum(differences) / count
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in differences) / (count - 1))
    error = deviation / math.sqrt(count)
    reach = float(t.ppf(1 - level / 2, count - 1)) * error
    p = 2 * float(t.sf(abs(mean) / error, count - 1)) if deviation > NO_SPREAD else 1.0
    return Difference(mean=mean, low=mean - reach, high=mean + reach, p=p, deviation=deviation, count=count)


def adjusted(chances: Sequence[float]) -> list[float]:
    """P values of a family of comparisons, corrected after Holm (1979, "A simple sequentially rejective procedure").

    Args:
        chances: One p value a comparison.

    Returns:
        What is to be compared with the level: the chance of one false difference or more stays below it.
    """
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(list(chances), method="holm")[1]] if chances else []


def smallest_shown(deviation: float, count: int, *, level: float = LEVEL, power: float = POWER) -> float:
    """The true mean difference that a study of so many seeds finds significant four times out of five.

    Args:
        deviation: Standard deviation of the paired differences.
        count: Number of seeds.
        level: Of the test; divided by the number of comparisons where there are many.
        power: How often it is to be found.

    Returns:
        The difference, in the unit of the deviation.
    """
    return deviation * _in_deviations(count, level, power) if deviation > NO_SPREAD else 0.0


@cache
def _in_deviations(count: int, level: float, power: float) -> float:
    """The same in standard deviations; it is the same for all comparisons over as many seeds, and slow to find."""
    from statsmodels.stats.power import TTestPower

    return float(TTestPower().solve_power(nobs=count, alpha=level, power=power, alternative="two-sided"))
