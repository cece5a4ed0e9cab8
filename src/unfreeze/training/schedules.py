"""Learning-rate schedules as pure functions of the step: they can be drawn without training."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from unfreeze.errors import SettingsError


class Schedule(Protocol):
    """What part of the highest rate applies at each step.

    Attributes:
        cycle_ends: Number of steps done at the end of each cycle; the last is the number of all steps.
    """

    @property
    def cycle_ends(self) -> tuple[int, ...]:
        """Number of steps done at the end of each cycle, ascending."""
        ...

    def factor(self, step: int) -> float:
        """The factor on every group's rate at a step, counted from 0."""
        ...


@dataclass(frozen=True)
class ConstantRate:
    """The same rate throughout.

    Attributes:
        cycle_ends: Number of steps done at the end of each cycle.
    """

    cycle_ends: tuple[int, ...]

    def factor(self, step: int) -> float:  # noqa: ARG002 - schedules are called alike
        """Always 1."""
        return 1.0


@dataclass(frozen=True)
class CosineRestarts:
    """Cosine annealing with warm restarts (SGDR, Loshchilov and Hutter 2017, arXiv 1608.03983).

    At step i of a cycle of n steps the factor is (1 + cos(pi * i / n)) / 2: 1 at a cycle's first step, never quite 0.

    Attributes:
        cycle_ends: Number of steps done at the end of each cycle.
    """

    cycle_ends: tuple[int, ...]

    def factor(self, step: int) -> float:
        """The factor at a step, counted from 0 over all cycles.

        >>> [round(CosineRestarts((2, 6)).factor(step), 3) for step in range(6)]
        [1.0, 0.5, 1.0, 0.854, 0.5, 0.146]
        """
        start = 0
        for end in self.cycle_ends:
            if step < end:
                return (1 + math.cos(math.pi * (step - start) / (end - start))) / 2
            start = end
        raise IndexError(f"step {step} lies behind the last cycle, which ends at {start}")


def schedule_for(
    n_cycle: int, *, cycle_len: float | None = None, cycle_mult: float = 1, epoch_steps: int
) -> ConstantRate | CosineRestarts:
    """The schedule of `fit(lr, n_cycle, cycle_len, cycle_mult)`.

    Args:
        n_cycle: Number of cycles; without `cycle_len`, of epochs at a constant rate.
        cycle_len: Length of the first cycle in epochs.
        cycle_mult: Each cycle is this many times as long as the one before.
        epoch_steps: Steps in an epoch.

    Returns:
        A constant schedule without `cycle_len`, else cosine annealing with warm restarts.

    Raises:
        SettingsError: If a number is not positive or a cycle would end between two steps.

    >>> schedule_for(3, cycle_len=1, cycle_mult=2, epoch_steps=10).cycle_ends
    (10, 30, 70)
    """
    if cycle_len is None:
        return ConstantRate(cycle_ends(n_cycle, cycle_len=1, cycle_mult=1, epoch_steps=epoch_steps))
    return CosineRestarts(cycle_ends(n_cycle, cycle_len=cycle_len, cycle_mult=cycle_mult, epoch_steps=epoch_steps))


def cycle_ends(n_cycle: int, *, cycle_len: float, cycle_mult: float, epoch_steps: int) -> tuple[int, ...]:
    """Steps done at the end of each cycle, cycle k being cycle_len * cycle_mult**k epochs long.

    Computed in exact fractions of the numbers as written: 1.5 epochs of 10 steps are 15 steps, and no rounding decides.

    Args:
        n_cycle: Number of cycles.
        cycle_len: Length of the first cycle in epochs.
        cycle_mult: Each cycle is this many times as long as the one before.
        epoch_steps: Steps in an epoch.

    Returns:
        Whole numbers of steps, ascending.

    Raises:
        SettingsError: If a number is not positive or a cycle would end between two steps.

    >>> cycle_ends(3, cycle_len=1, cycle_mult=1.5, epoch_steps=4)
    (4, 10, 19)
    """
    for name, value in (("n_cycle", n_cycle), ("cycle_len", cycle_len), ("cycle_mult", cycle_mult)):
        if not (math.isfinite(value) and value > 0):
            raise SettingsError(f"{name} is {value}; it must be above 0", subject=name)
    length, mult = Fraction(str(cycle_len)) * epoch_steps, Fraction(str(cycle_mult))
    ends, total = [], Fraction(0)
    for cycle in range(n_cycle):
        total += length * mult**cycle
        if total.denominator != 1:
            message = (
                f"cycle {cycle + 1} would end at step {float(total):g}, between two steps: cycle_len {cycle_len} and "
                f"cycle_mult {cycle_mult} do not divide epochs of {epoch_steps} steps"
            )
            raise SettingsError(message, subject="cycle_len")
        ends.append(int(total))
    return tuple(ends)
