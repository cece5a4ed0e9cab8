"""The learning rate that a sweep suggests, or that was given, and what is said of it."""

from dataclasses import dataclass

from unfreeze.training.lr_band import LrBand

RULE = "steep"
"""The suggestion that is followed: docs/decisions/0004-rates.md has the figures."""


@dataclass(frozen=True, slots=True)
class FoundRate:
    """The head's learning rate, and where it comes from.

    Attributes:
        value: The rate.
        given: Whether the user gave it.
        source: Which suggestion it follows; empty for one that was given, and for the default.
    """

    value: float
    given: bool
    source: str = ""

    def after(self, sweep: LrBand, default: float) -> "FoundRate":
        """The rate that a sweep suggests, unless one was given."""
        if self.given:
            return self
        if sweep.clear:
            return FoundRate(sweep.suggestions[RULE], given=False, source=f"the {RULE} suggestion")
        return FoundRate(default, given=False)

    def __str__(self) -> str:
        return f"{self.value:.2g}, {'as given' if self.given else self.source or 'the default rate'}"


def reading(sweep: LrBand) -> str:
    """All that a sweep suggests, in words."""
    bands = {rule: f" ({low:.2g} to {high:.2g})" if low < high else "" for rule, (low, high) in sweep.band.items()}
    read = ", ".join(f"{rule} {value:.2g}{bands[rule]}" for rule, value in sweep.suggestions.items())
    count = len(sweep.sweeps)
    return f"{'the sweep reads' if count == 1 else f'{count} sweeps read'}: {read or 'no clear valley'}"
