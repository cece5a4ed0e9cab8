"""The interval of a mean of values that are skewed, as losses are."""

import math

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.metrics import Z_95


def skewed_mean_interval(values: npt.NDArray[np.floating]) -> tuple[float, float]:
    """The interval in which the mean of values that cannot be negative lies with 95 % confidence.

    Hall's transformation of Student's t (Hall 1992, "On the removal of skewness by transformation"): a few large losses
    among many small ones make the mean too low more often than too high, and the interval leans the other way. What no
    picture shows it cannot know: where a hopeless mistake is rarer than one in some pictures, it ends too soon.

    Args:
        values: Shape (N,).

    Returns:
        Lower and upper end; NaN of fewer than two values and of values that are all alike, which say nothing of spread.

    >>> [round(end, 2) for end in skewed_mean_interval(np.array([0.1, 0.1, 0.2, 0.1, 2.0, 0.1, 0.3, 0.2]))]
    [0.08, 2.04]
    """
    count = len(values)
    exact = values.astype(np.float64)
    if count < 2 or np.ptp(exact) == 0:
        return math.nan, math.nan
    mean, away = float(exact.mean()), exact - exact.mean()
    spread = math.sqrt(float(np.square(away).sum()) / (count - 1) / count)
    skewness = float((away**3).mean()) / float(np.square(away).mean()) ** 1.5 / math.sqrt(count)
    low, high = (mean - spread * _transformed(end, skewness) for end in (Z_95, -Z_95))
    return max(0.0, low), high


def _transformed(normal: float, skewness: float) -> float:
    """The t whose transformation is a normal quantile; `skewness` is that of the mean."""
    if abs(skewness) < 1e-9:
        return normal
    return float(3 / skewness * (np.cbrt(1 + skewness * (normal - skewness / 6)) - 1))
