"""The learning-rate finder: a sweep over rates, and what it suggests (Smith 2017, arXiv 1506.01186)."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unfreeze.errors import SettingsError, TrainingError
from unfreeze.training.batches import Batch

SMOOTHING = 0.98
DIVERGED = 4.0
FIRST_BEST_STEP = 10
LEAST_STEPS = 100
STANDARD_ERRORS = 3.0
SLOPE_REACH = 3
CLEAR_FALL = 0.05
"""A valley is clear where the smoothed loss falls by at least this part of its height."""


@dataclass(frozen=True, kw_only=True)
class LrSweep:
    """What a sweep found.

    Attributes:
        rates: Learning rate of the last layer group at each step, ascending.
        losses: Loss of each step's batch.
        smoothed: Debiased exponential average of the losses.
        stopped: Why the sweep ended.
        suggestions: Rates by rule: `valley`, `steep`, `minimum`, `slide`; empty where there is no clear valley.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    stopped: str
    suggestions: dict[str, float]

    @property
    def clear(self) -> bool:
        """Whether the loss has a valley that a rate can be read from."""
        return bool(self.suggestions)

    def to_dict(self) -> dict[str, Any]:
        """The sweep as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "LrSweep":
        """The sweep from what `to_dict` gave."""
        rates, losses, smoothed = (tuple(plain[name]) for name in ("rates", "losses", "smoothed"))
        stopped, suggestions = plain["stopped"], dict(plain["suggestions"])
        return cls(rates=rates, losses=losses, smoothed=smoothed, stopped=stopped, suggestions=suggestions)


def sweep_rate(step: int, *, start: float, end: float, steps: int) -> float:
    """The rate at a step of an exponential sweep.

    Args:
        step: The step, from 0.
        start: Rate at step 0.
        end: Rate at step `steps`.
        steps: Number of steps.

    Returns:
        start * (end / start) ** (step / steps).

    >>> round(sweep_rate(2, start=1e-7, end=10, steps=4), 12)
    0.001
    """
    return float(start * (end / start) ** (step / steps))


def lr_sweep(
    batches: Iterable[Batch], step: Callable[[Batch, float], float], *, start: float, end: float, steps: int
) -> LrSweep:
    """Trains a step at each rate of an exponential sweep until the loss diverges. Restoring the network is apart.

    Args:
        batches: As many batches as there are steps.
        step: Trains on a batch at a rate and returns the batch's mean loss; may raise TrainingError on a loss that is
            not finite.
        start: The first rate.
        end: The rate that the sweep goes up to.
        steps: Number of steps.

    Returns:
        The sweep's record.

    Raises:
        SettingsError: If the rates do not ascend from a positive number to a finite one.
    """
    if not 0 < start < end < math.inf:
        message = f"learning rates cannot be swept from {start} to {end}; they must be positive and ascend"
        raise SettingsError(message, subject="start")
    rates: list[float] = []
    losses: list[float] = []
    smoothed: list[float] = []
    average, best, stopped = 0.0, math.inf, "the last rate was reached"
    for index, batch in zip(range(steps), batches, strict=False):
        rate = sweep_rate(index, start=start, end=end, steps=steps)
        try:
            loss = step(batch, rate)
        except TrainingError:
            loss = math.nan
        if not math.isfinite(loss):
            stopped = f"the loss was not finite at rate {rate:.2g}"
            break
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        rates.append(rate)
        losses.append(loss)
        smoothed.append(average / (1 - SMOOTHING ** (index + 1)))
        best = min(best, smoothed[-1]) if index >= FIRST_BEST_STEP else best
        if smoothed[-1] > DIVERGED * best:
            stopped = f"the smoothed loss rose above {DIVERGED:g} times its best at rate {rate:.2g}"
            break
    return LrSweep(
        rates=tuple(rates),
        losses=tuple(losses),
        smoothed=tuple(smoothed),
        stopped=stopped,
        suggestions=suggest_rates(rates, smoothed) if falls_beyond_chance(losses, smoothed) else {},
    )


def suggest_rates(rates: Iterable[float], smoothed: Iterable[float]) -> dict[str, float]:
    """Reads learning rates off a sweep.

    Args:
        rates: Learning rates, ascending.
        smoothed: Smoothed losses at these rates. What is not finite is dropped first, and then the first ten: these
            averages are of so few batches that they jump.

    Returns:
        `valley`: two thirds down the longest run in which the loss falls; `steep`: where it falls fastest for the
        logarithm of the rate; `minimum`: a tenth of the rate at the lowest loss; `slide`: the highest rate at which it
        still falls at half its fastest. Empty where the loss has no clear valley.
    """
    pairs = [(r, loss) for r, loss in zip(rates, smoothed, strict=True) if math.isfinite(loss)][FIRST_BEST_STEP:]
    if len(pairs) < 2:
        return {}
    rate, loss = (np.array(values) for values in zip(*pairs, strict=True))
    first, last = _longest_fall(loss)
    if loss[first] - loss[last] < CLEAR_FALL * abs(loss[first]):
        return {}
    slope = _slope(loss, np.log(rate))
    lowest = int(loss.argmin())
    # a loss that blew up falls steeply too, at rates that are far too high
    steepest = int(slope[: lowest + 1].argmin())
    falling = [index for index in range(steepest, lowest + 1) if slope[index] <= slope[steepest] / 2]
    return {
        "valley": float(rate[first + round((last - first) * 2 / 3)]),
        "steep": float(rate[steepest]),
        "minimum": float(rate[lowest] / 10),
        "slide": float(rate[max(falling, default=steepest)]),
    }


def _slope(loss: np.ndarray, log_rate: np.ndarray) -> np.ndarray:
    """How fast the loss changes with the logarithm of the rate, over a few steps: neighbours show noise."""
    index = np.arange(len(loss))
    before, after = np.maximum(index - SLOPE_REACH, 0), np.minimum(index + SLOPE_REACH, len(loss) - 1)
    return np.asarray((loss[after] - loss[before]) / (log_rate[after] - log_rate[before]))


def falls_beyond_chance(losses: Sequence[float], smoothed: Sequence[float]) -> bool:
    """Whether the smoothed loss falls by more than the batches' differences alone would make it fall.

    A network that is trained already has no valley, only noise, and a rate read off noise is absurd.

    Args:
        losses: Loss of each step's batch.
        smoothed: Debiased exponential average of the losses.

    Returns:
        True where the longest fall is at least three standard errors deep; the noise is taken from the differences of
        neighbouring batches.
    """
    if len(losses) < FIRST_BEST_STEP + 2:
        return False
    loss = np.array(smoothed)
    first, last = (FIRST_BEST_STEP + index for index in _longest_fall(loss[FIRST_BEST_STEP:]))
    noise = math.sqrt(np.mean(np.square(np.diff(losses[: last + 1]))) / 2)  # a difference has twice a loss's variance
    error = noise * math.hypot(_average_error(first), _average_error(last))
    return float(loss[first] - loss[last]) > STANDARD_ERRORS * error


def _average_error(step: int) -> float:
    """Standard error of the debiased average at a step, for losses whose standard deviation is 1."""
    kept = SMOOTHING ** (step + 1)
    return math.sqrt((1 - SMOOTHING) / (1 + SMOOTHING) * (1 + kept) / (1 - kept))


def _longest_fall(loss: np.ndarray) -> tuple[int, int]:
    """First and last index of the longest run of falling values; the later of two equally long ones."""
    best, start = (0, 0), 0
    for index in range(1, len(loss)):
        if loss[index] >= loss[index - 1]:
            start = index
        elif index - start >= best[1] - best[0]:
            best = (start, index)
    return best
