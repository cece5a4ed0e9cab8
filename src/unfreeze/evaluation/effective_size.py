"""The interval of a share that is no plain count: Wilson's, at the number of pictures that would say as much."""

import math

from unfreeze.evaluation.metrics import wilson_interval

HALF = 0.5
"""Jeffreys' prior: half a picture of either extreme, so that nothing seen in a few pictures is not taken for never."""


def effective_interval(share: float, variance: float, *, pictures: float, counted: bool = False) -> tuple[float, float]:
    """The interval in which a share, such as a mean over classes or an area, lies with 95 % confidence.

    An accuracy of n pictures has the variance share * (1 - share) / n, so a share with another variance says as much as
    an accuracy of share * (1 - share) / variance pictures, and gets Wilson's interval at that number, as is done in
    surveys (Korn and Graubard 1998, "Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data"). Of a share near 0 or 1 the variance that was seen is a poor guide, and 0 where
    no picture is answered wrongly: so half a picture of either extreme is added to it.

    Args:
        share: Between 0 and 1; NaN where it is not defined.
        variance: Its variance, as the pictures show it.
        pictures: How many pictures would say as much if all were alike, and at least how many one at an extreme is
            part of.
        counted: Whether the share is made of right and wrong answers alone, which say no more than so many pictures.

    Returns:
        Lower and upper end; NaN where the share or its variance is.

    >>> [round(end, 3) for end in effective_interval(0.9, 0.09 / 100, pictures=100)]
    [0.825, 0.945]
    >>> [round(end, 3) for end in effective_interval(1.0, 0.0, pictures=50, counted=True)]
    [0.927, 1.0]
    """
    if math.isnan(share) or math.isnan(variance) or not pictures:
        return math.nan, math.nan
    middle = (share * pictures + HALF) / (pictures + 2 * HALF)
    whole = variance + HALF * (share**2 + (1 - share) ** 2) / pictures**2
    size = middle * (1 - middle) / whole
    size = min(size, pictures) if counted else size
    return wilson_interval(share * size, size)


def alike_pictures(counts: list[int]) -> float:
    """How many pictures, as many of each class, a mean over classes would be as sure with as it is with these.

    Args:
        counts: Pictures of each class that has any.

    Returns:
        The number of classes times the harmonic mean of the counts; 0 of no classes.

    >>> alike_pictures([50, 50]), round(alike_pictures([90, 10]))
    (100.0, 36)
    """
    return len(counts) ** 2 / sum(1 / count for count in counts) if counts else 0.0
