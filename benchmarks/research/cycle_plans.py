"""The schedules that the study of cycles compares: each with one cycle of as many epochs."""

from dataclasses import dataclass

from unfreeze.training.cycles import cycle_ends

WHOLE = 2 * 2 * 3 * 5 * 7
"""Steps of an imagined epoch in which the ends of all plans' cycles fall on whole steps."""


@dataclass(frozen=True, kw_only=True)
class CyclePlan:
    """Arguments of `Learner.fit`.

    Attributes:
        cycles: Number of cycles; of epochs at a constant rate without a length.
        length: Length of the first cycle in epochs; None for a constant rate.
        mult: Each cycle is this many times as long as the one before.
    """

    cycles: int
    length: float | None = None
    mult: int = 1

    @property
    def epochs(self) -> float:
        """Number of epochs.

        >>> CyclePlan(cycles=4, length=0.5, mult=2).epochs
        7.5
        """
        if self.length is None:
            return self.cycles
        ends = cycle_ends(self.cycles, cycle_len=self.length, cycle_mult=self.mult, epoch_steps=WHOLE)
        return ends[-1] / WHOLE

    @property
    def reference(self) -> "CyclePlan":
        """One cycle of as many epochs."""
        return CyclePlan(cycles=1, length=self.epochs)

    @property
    def name(self) -> str:
        """The plan in words, the same for the same plan.

        >>> CyclePlan(cycles=3, length=1, mult=2).name
        '3 cycles, 1 + 2 + 4'
        """
        if self.length is None:
            return f"constant, {self.cycles:g}"
        if self.cycles == 1:
            return f"one cycle of {self.length:g}"
        if self.mult == 1:
            return f"{self.cycles} cycles of {self.length:g}"
        return f"{self.cycles} cycles, {' + '.join(f'{self.length * self.mult**k:g}' for k in range(self.cycles))}"


def equal_cycles(epochs: int, lengths: tuple[float, ...]) -> list[CyclePlan]:
    """A constant rate, and cycles of each length that fill so many epochs."""
    return [CyclePlan(cycles=epochs), *(CyclePlan(cycles=round(epochs / each), length=each) for each in lengths)]


HEAD_PLANS = (
    *equal_cycles(3, (0.25, 0.5, 1, 1.5)),
    CyclePlan(cycles=2, length=1, mult=2),
    *equal_cycles(8, (0.25, 0.5, 1, 2, 4)),
    CyclePlan(cycles=4, length=0.5, mult=2),
    CyclePlan(cycles=3, length=1, mult=2),
    *equal_cycles(15, (1, 5)),
    CyclePlan(cycles=4, length=1, mult=2),
)
"""Step 4 takes 3 epochs unless told otherwise, step 8 at most 15; 1 + 2 + 4 epochs are not 8: each has its own
reference."""

FULL_PLANS = (
    *equal_cycles(3, (0.25, 0.5, 1)),
    CyclePlan(cycles=2, length=1, mult=2),
    CyclePlan(cycles=7, length=1),
    CyclePlan(cycles=3, length=1, mult=2),
)


def with_references(plans: tuple[CyclePlan, ...]) -> list[CyclePlan]:
    """The plans and what they are compared with, each once, references first."""
    return list(dict.fromkeys([*(plan.reference for plan in plans), *plans]))
