"""The interval of a difference between two accuracies that were measured on the same pictures."""

import math
from collections.abc import Callable
from statistics import NormalDist

HALVINGS = 60


def paired_interval(gained: int, lost: int, count: int, *, level: float = 0.05) -> tuple[float, float]:
    """The interval in which a difference of two accuracies on the same pictures lies, with 95 % confidence or more.

    Tango's score interval (Tango 1998, "Equivalence test and confidence interval for the difference in proportions for
    the paired-sample design"): all differences that a score test would not reject. It keeps its promise for few
    pictures and for models that hardly differ, where the textbook's has no width at all.

    Args:
        gained: Pictures that only the second model is right about.
        lost: Pictures that only the first model is right about.
        count: All pictures, at least one.
        level: Chance of missing the true difference; less than a twentieth where several pairs are compared.

    Returns:
        Lower and upper end of the second accuracy less the first.

    >>> [round(end, 3) for end in paired_interval(1, 7, 21)]
    [-0.517, -0.026]
    """
    here, bound = (gained - lost) / count, NormalDist().inv_cdf(1 - level / 2)

    def rejected(difference: float) -> bool:
        return abs(_score(difference, gained, lost, count)) > bound

    return _edge(rejected, here, -1.0), _edge(rejected, here, 1.0)


def _score(difference: float, gained: int, lost: int, count: int) -> float:
    """Tango's statistic for a supposed difference; normal with variance 1 where it is the true one."""
    linear = -gained - lost + (2 * count - gained + lost) * difference
    constant = -lost * difference * (1 - difference)
    # The likeliest part of pictures lost if the difference is as supposed: a root of 2 n q^2 + linear q + constant.
    likeliest = (math.sqrt(max(0.0, linear**2 - 8 * count * constant)) - linear) / (4 * count)
    variance = count * (2 * likeliest + difference * (1 - difference))
    distance = gained - lost - count * difference
    if distance == 0:
        return 0.0
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance)


def _edge(rejected: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where between a value that is not rejected and the end of the range the first one is rejected, by halving."""
    if not rejected(outside):
        return outside
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if rejected(middle) else (middle, outside)
    return (inside + outside) / 2
