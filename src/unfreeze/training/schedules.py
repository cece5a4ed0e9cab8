"""Learning-rate schedules as pure functions of the step: they can be drawn without training."""

from dataclasses import dataclass
from typing import Protocol

from unfreeze.training.cycles import check_ends, check_whole, cosine, cycle_at, cycle_ends
from unfreeze.training.loop import MOMENTUM

FIRST_FACTOR, LAST_FACTOR = 1 / 25, 1e-5
HIGH_MOMENTUM, LOW_MOMENTUM = 0.95, 0.85
"""Of a one-cycle schedule: momentum is lowest where the rate is highest."""


class Schedule(Protocol):
    """What part of the highest rate applies at each step, and with what momentum.

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

    def momentum(self, step: int) -> float:
        """SGD's momentum at a step, counted from 0."""
        ...


@dataclass(frozen=True)
class ConstantRate:
    """The same rate throughout.

    Attributes:
        cycle_ends: Number of steps done at the end of each cycle.
    """

    cycle_ends: tuple[int, ...]

    def __post_init__(self) -> None:
        check_ends(self.cycle_ends)

    def factor(self, step: int) -> float:
        """Always 1."""
        cycle_at(step, self.cycle_ends)
        return 1.0

    def momentum(self, step: int) -> float:  # noqa: ARG002 - schedules are called alike
        """Always 0.9."""
        return MOMENTUM


@dataclass(frozen=True)
class CosineRestarts:
    """Cosine annealing with warm restarts (SGDR, Loshchilov and Hutter 2017, arXiv 1608.03983).

    At step i of a cycle of n steps the factor is (1 + cos(pi * i / n)) / 2: 1 at a cycle's first step, never quite 0.

    Attributes:
        cycle_ends: Number of steps done at the end of each cycle.
    """

    cycle_ends: tuple[int, ...]

    def __post_init__(self) -> None:
        check_ends(self.cycle_ends)

    def factor(self, step: int) -> float:
        """The factor at a step, counted from 0 over all cycles.

        >>> [round(CosineRestarts((2, 6)).factor(step), 3) for step in range(6)]
        [1.0, 0.5, 1.0, 0.854, 0.5, 0.146]
        """
        start, end = cycle_at(step, self.cycle_ends)
        return cosine(1.0, 0.0, (step - start) / (end - start))

    def momentum(self, step: int) -> float:  # noqa: ARG002 - schedules are called alike
        """Always 0.9."""
        return MOMENTUM


@dataclass(frozen=True)
class OneCycle:
    """A rise and a longer fall (Smith and Topin 2018, arXiv 1708.07120), both along a cosine, as PyTorch has them.

    The factor goes from 1/25 up to 1 and, over three quarters of the steps, down to 1/100,000 at the last step;
    momentum from 0.95 down to 0.85 and up again. The peak lies at step n / 4 - 1 of n, between two steps where 4 does
    not divide n.

    Attributes:
        steps: Number of steps.
    """

    steps: int

    def __post_init__(self) -> None:
        check_whole("steps", self.steps, least=1)

    @property
    def cycle_ends(self) -> tuple[int]:
        """The number of steps: one cycle."""
        return (self.steps,)

    def factor(self, step: int) -> float:
        """The factor at a step, counted from 0.

        >>> [round(OneCycle(12).factor(step), 3) for step in range(12)]
        [0.04, 0.52, 1.0, 0.97, 0.883, 0.75, 0.587, 0.413, 0.25, 0.117, 0.03, 0.0]
        """
        rises, share = self._place(step)
        return cosine(FIRST_FACTOR if rises else 1.0, 1.0 if rises else LAST_FACTOR, share)

    def momentum(self, step: int) -> float:
        """The momentum at a step, counted from 0.

        >>> [OneCycle(12).momentum(step) for step in (0, 2, 11)]
        [0.95, 0.85, 0.95]
        """
        rises, share = self._place(step)
        ends = (HIGH_MOMENTUM, LOW_MOMENTUM) if rises else (LOW_MOMENTUM, HIGH_MOMENTUM)
        return cosine(*ends, share)

    def _place(self, step: int) -> tuple[bool, float]:
        """Whether the rate rises at a step, and what part of the rise or fall is done; the peak is at steps / 4 - 1."""
        cycle_at(step, self.cycle_ends)
        behind = 4 * (step + 1) - self.steps  # four times the way from the peak, a whole number
        return behind < 0, 4 * step / (self.steps - 4) if behind < 0 else behind / (3 * self.steps)


@dataclass(frozen=True)
class FlatCosine:
    """The highest rate for three quarters of the steps, rounded down, then cosine annealing over the rest.

    Attributes:
        steps: Number of steps.
    """

    steps: int

    def __post_init__(self) -> None:
        check_whole("steps", self.steps, least=1)

    @property
    def cycle_ends(self) -> tuple[int]:
        """The number of steps: one cycle."""
        return (self.steps,)

    @property
    def flat_steps(self) -> int:
        """Steps before the annealing."""
        return 3 * self.steps // 4

    def factor(self, step: int) -> float:
        """The factor at a step, counted from 0.

        >>> [round(FlatCosine(7).factor(step), 3) for step in range(7)]
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5]
        """
        cycle_at(step, self.cycle_ends)
        annealed = max(0, step - self.flat_steps)
        return cosine(1.0, 0.0, annealed / (self.steps - self.flat_steps))

    def momentum(self, step: int) -> float:  # noqa: ARG002 - schedules are called alike
        """Always 0.9."""
        return MOMENTUM


@dataclass(frozen=True)
class WarmUp:
    """A linear ramp up to the first rate of another schedule, which then goes its own way.

    At step i of w warm-up steps the factor is (i + 1) / (w + 1) of the other schedule's first.

    Attributes:
        warmup_steps: Length of the ramp.
        then: The schedule that begins after it.
    """

    warmup_steps: int
    then: Schedule

    def __post_init__(self) -> None:
        check_whole("warmup_steps", self.warmup_steps, least=0)

    @property
    def cycle_ends(self) -> tuple[int, ...]:
        """The other schedule's, later by the ramp, which belongs to its first cycle."""
        return tuple(self.warmup_steps + end for end in self.then.cycle_ends)

    def factor(self, step: int) -> float:
        """The factor at a step, counted from 0.

        >>> [WarmUp(3, CosineRestarts((2,))).factor(step) for step in range(4)]
        [0.25, 0.5, 0.75, 1.0]
        """
        cycle_at(step, (self.warmup_steps + self.then.cycle_ends[-1],))
        ramp = min(1.0, (step + 1) / (self.warmup_steps + 1))
        return ramp * self.then.factor(max(0, step - self.warmup_steps))

    def momentum(self, step: int) -> float:
        """The other schedule's; during the ramp, that of its first step."""
        return self.then.momentum(max(0, step - self.warmup_steps))


def schedule_for(
    n_cycle: int, *, cycle_len: float | None = None, cycle_mult: float = 1, epoch_steps: int, warmup_steps: int = 0
) -> Schedule:
    """The schedule of `fit(lr, n_cycle, cycle_len, cycle_mult)`.

    Args:
        n_cycle: Number of cycles; without `cycle_len`, of epochs at a constant rate.
        cycle_len: Length of the first cycle in epochs.
        cycle_mult: Each cycle is this many times as long as the one before.
        epoch_steps: Steps in an epoch.
        warmup_steps: Steps of a linear ramp before the first cycle; they come on top.

    Returns:
        A constant schedule without `cycle_len`, else cosine annealing with warm restarts.

    Raises:
        SettingsError: If a number is not positive or a cycle would end between two steps.

    >>> schedule_for(3, cycle_len=1, cycle_mult=2, epoch_steps=10).cycle_ends
    (10, 30, 70)
    """
    schedule: Schedule
    if cycle_len is None:
        schedule = ConstantRate(cycle_ends(n_cycle, cycle_len=1, cycle_mult=1, epoch_steps=epoch_steps))
    else:
        ends = cycle_ends(n_cycle, cycle_len=cycle_len, cycle_mult=cycle_mult, epoch_steps=epoch_steps)
        schedule = CosineRestarts(ends)
    return WarmUp(warmup_steps, schedule) if warmup_steps else schedule
