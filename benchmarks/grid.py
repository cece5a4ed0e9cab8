"""A grid search over learning rates, and how near to its best a suggestion comes."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from unfreeze.training.lr_band import LrBand

NEAR = 0.05
"""A rate is as good as the best one where its loss is higher by no more than this part."""

RULE_COLUMNS = (
    "rule",
    "median of all",
    "one seed",
    "three seeds",
    "of the best rate",
    "in the range",
    "seeds in it",
    "loss there",
)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Validation losses by rate and seed.

    Attributes:
        rates: The R rates tried, ascending.
        losses: One row a seed with R losses; infinite where training broke down.
    """

    rates: tuple[float, ...]
    losses: tuple[tuple[float, ...], ...]

    @property
    def medians(self) -> tuple[float, ...]:
        """Median loss of each rate over the seeds."""
        return tuple(statistics.median(found) for found in zip(*self.losses, strict=True))

    @property
    def best(self) -> int:
        """Index of the rate with the lowest median loss; the lower one of two."""
        return self.medians.index(min(self.medians))

    def near_best(self, part: float = NEAR) -> tuple[float, float]:
        """The stretch of rates around the best one whose median loss is next to as low.

        Args:
            part: How much higher a loss may be, as a part of the lowest.

        Returns:
            Lowest and highest rate of the stretch: where the loss, linear between neighbours for the logarithm of the
            rate, reaches the limit; a neighbour that broke down is not reached at all.
        """
        limit = self.medians[self.best] * (1 + part)
        return self._reach(range(self.best, -1, -1), limit), self._reach(range(self.best, len(self.rates)), limit)

    def _reach(self, indices: Sequence[int], limit: float) -> float:
        for near, far in pairwise(indices):
            low, high = self.medians[near], self.medians[far]
            if high > limit:
                share = (limit - low) / (high - low)  # nothing of the way where the neighbour's loss is infinite
                return float(self.rates[near] * (self.rates[far] / self.rates[near]) ** share)
        return self.rates[indices[-1]]


def half_decades(first: float, last: float) -> tuple[float, ...]:
    """Two rates a decade, both ends included.

    >>> [round(rate, 3) for rate in half_decades(0.01, 1)]
    [0.01, 0.032, 0.1, 0.316, 1.0]
    """
    return tuple(np.geomspace(first, last, 1 + round(2 * math.log10(last / first))).tolist())


def searched(rates: Sequence[float], seeds: int, loss: Callable[[float, int], float]) -> Grid:
    """Tries every rate with every seed.

    Args:
        rates: The rates, ascending.
        seeds: How many seeds, counted from 0.
        loss: Trains at a rate with a seed and gives the validation loss.

    Returns:
        The grid.
    """
    return Grid(rates=tuple(rates), losses=tuple(tuple(loss(rate, seed) for rate in rates) for seed in range(seeds)))


def refined(grid: Grid, parts: int, loss: Callable[[float, int], float]) -> Grid:
    """Tries rates between the best one and its neighbours too: a straight line over half a decade is a coarse guess.

    Args:
        grid: What was tried.
        parts: Into how many steps of equal factor either interval is split; 1 leaves the grid as it is.
        loss: As in `searched`.

    Returns:
        The grid with the rates between.
    """
    nearest = grid.rates[max(grid.best - 1, 0) : grid.best + 2]
    between = [low * (high / low) ** (part / parts) for low, high in pairwise(nearest) for part in range(1, parts)]
    found = searched(between, len(grid.losses), loss)
    order = sorted(range(len(grid.rates) + len(between)), key=[*grid.rates, *between].__getitem__)
    rows = [[*known, *new] for known, new in zip(grid.losses, found.losses, strict=True)]
    rates = (*grid.rates, *between)
    return Grid(
        rates=tuple(rates[index] for index in order),
        losses=tuple(tuple(row[index] for index in order) for row in rows),
    )


def table(name: str, grid: Grid, band: LrBand, followed: Mapping[str, float]) -> str:
    """The grid's best and what the finder makes of it, as Markdown.

    Args:
        name: What was trained.
        grid: The grid search.
        band: The finder's suggestions.
        followed: By rule, the median validation loss of training at what it suggests.

    Returns:
        A paragraph, the losses of the grid and a row a rule.
    """
    lowest, (low, high) = grid.medians[grid.best], grid.near_best()
    at_best = [row[grid.best] for row in grid.losses]
    clear = sum(sweep.clear for sweep in band.sweeps)
    lines = [
        f"### {name}, {len(grid.losses)} seeds",
        "",
        f"Best rate of the grid {grid.rates[grid.best]:.2g}: loss {lowest:.4f} (seeds {min(at_best):.4f} to "
        f"{max(at_best):.4f}); within {100 * NEAR:.0f} % of it from {low:.2g} to {high:.2g}. "
        f"{clear} of {len(band.sweeps)} sweeps have a clear valley.",
        "",
        *_columns(("rate", *(f"{rate:.2g}" for rate in grid.rates))),
        _row(("loss", *(f"{loss:.3g}" for loss in grid.medians))),
        "",
        *_columns(RULE_COLUMNS),
        *(_row(_of_rule(rule, grid, band, followed[rule])) for rule in band.suggestions),
    ]
    return "\n".join([*lines, *([] if band.clear else ["", "No clear valley."])])


def _of_rule(rule: str, grid: Grid, band: LrBand, loss: float) -> tuple[str, ...]:
    """The cells of a rule's row."""
    rate, (low, high) = band.suggestions[rule], grid.near_best()
    read = [sweep.suggestions[rule] for sweep in band.sweeps if sweep.clear]
    above = 100 * (loss / grid.medians[grid.best] - 1)
    return (
        rule,
        f"{rate:.2g}",
        _span(read),
        _span(medians_of_three(band, rule)),
        f"{rate / grid.rates[grid.best]:.2g} times",
        "yes" if low <= rate <= high else "no",
        f"{sum(low <= found <= high for found in read)} of {len(read)}",
        f"{loss:.4f} ({above:+.0f} %)",
    )


def medians_of_three(band: LrBand, rule: str) -> list[float]:
    """What a band of three seeds suggests, for as many bands without a seed in common as there are.

    Args:
        band: Any number of sweeps.
        rule: Which suggestion.

    Returns:
        One rate for each three sweeps that suggest anything together.
    """
    threes = [LrBand(band.sweeps[start : start + 3]) for start in range(0, len(band.sweeps) - 2, 3)]
    return [three.suggestions[rule] for three in threes if three.clear]


def _span(rates: Sequence[float]) -> str:
    return f"{min(rates):.2g} to {max(rates):.2g}" if rates else "-"


def _columns(names: Sequence[str]) -> tuple[str, str]:
    return _row(names), _row(["---"] * len(names))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
