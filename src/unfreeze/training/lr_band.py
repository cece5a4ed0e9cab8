"""The finder over several orders of the batches: what most of its sweeps agree on, and how far they lie apart."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unfreeze.errors import SettingsError
from unfreeze.training.lr_find import LrSweep


@dataclass(frozen=True)
class LrBand:
    """Sweeps of one network that differ in nothing but chance; read like one sweep, of which it is the median.

    Attributes:
        sweeps: One sweep a seed, at least one.

    Raises:
        SettingsError: If there is no sweep.
    """

    sweeps: tuple[LrSweep, ...]

    def __post_init__(self) -> None:
        if not self.sweeps:
            message = "a band of learning rates needs a sweep, and there is none; ask for one seed or more"
            raise SettingsError(message, subject="seeds")

    @property
    def clear(self) -> bool:
        """Whether more than half of the sweeps have a clear valley."""
        return 2 * sum(sweep.clear for sweep in self.sweeps) > len(self.sweeps)

    @property
    def suggestions(self) -> dict[str, float]:
        """Rates by rule: the geometric median over the sweeps with a clear valley; empty where `clear` is False."""
        return {rule: geometric_median(rates) for rule, rates in self._read().items()}

    @property
    def band(self) -> dict[str, tuple[float, float]]:
        """Lowest and highest rate by rule, over the same sweeps; empty where `clear` is False."""
        return {rule: (min(rates), max(rates)) for rule, rates in self._read().items()}

    @property
    def rates(self) -> tuple[float, ...]:
        """Rates that all sweeps reached, ascending; those that ended at their first step do not count."""
        curves = self._curves()
        if not curves:
            return ()
        first, last = max(sweep.rates[0] for sweep in curves), min(sweep.rates[-1] for sweep in curves)
        return tuple(rate for rate in curves[0].rates if first <= rate <= last)

    @property
    def losses(self) -> tuple[float, ...]:
        """Median over the sweeps of the batch's loss at each of `rates`."""
        return self._median_curve([sweep.losses for sweep in self._curves()])

    @property
    def smoothed(self) -> tuple[float, ...]:
        """Median over the sweeps of the smoothed loss at each of `rates`."""
        return self._median_curve([sweep.smoothed for sweep in self._curves()])

    @property
    def stopped(self) -> str:
        """Why the sweeps ended, each reason once."""
        return "; ".join(dict.fromkeys(sweep.stopped for sweep in self.sweeps))

    def to_dict(self) -> dict[str, Any]:
        """The band as plain values, for JSON: what a sweep has, and the sweeps themselves."""
        return {
            "rates": self.rates,
            "losses": self.losses,
            "smoothed": self.smoothed,
            "stopped": self.stopped,
            "suggestions": self.suggestions,
            "band": self.band,
            "sweeps": [sweep.to_dict() for sweep in self.sweeps],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "LrBand":
        """The band from what `to_dict` gave."""
        return cls(tuple(LrSweep.from_dict(sweep) for sweep in plain["sweeps"]))

    def _read(self) -> dict[str, list[float]]:
        """What the sweeps with a clear valley suggest, by rule."""
        read = [sweep.suggestions for sweep in self.sweeps if sweep.clear] if self.clear else []
        return {rule: [found[rule] for found in read] for rule in (read[0] if read else ())}

    def _curves(self) -> list[LrSweep]:
        return [sweep for sweep in self.sweeps if sweep.rates]

    def _median_curve(self, heights: Sequence[Sequence[float]]) -> tuple[float, ...]:
        """Median of one curve a sweep at `rates`, interpolated for the logarithm of the rate."""
        if not heights:
            return ()
        places = np.log(self.rates)
        found = [
            np.interp(places, np.log(sweep.rates), height)
            for sweep, height in zip(self._curves(), heights, strict=True)
        ]
        return tuple(np.median(found, axis=0).tolist())


def geometric_median(rates: Iterable[float]) -> float:
    """The middle rate, or the geometric mean of the middle two: rates are apart by factors.

    Args:
        rates: Positive numbers, at least one.

    Returns:
        Their median on a logarithmic scale.

    >>> geometric_median([0.5, 0.001, 0.01])
    0.01
    >>> geometric_median([0.25, 1.0, 4.0, 100.0])
    2.0
    """
    ordered = sorted(rates)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low if low == high else math.sqrt(low * high)
