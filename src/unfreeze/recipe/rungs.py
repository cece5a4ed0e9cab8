"""What a run with a time budget may do, from the least to all that it was asked for: a ladder of rungs.

Each rung does what the one below it does and something more, so a longer budget never means less training.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from unfreeze.recipe.settings import TrainSettings

HEAD_STEPS, BODY_STEPS = (1, 2, 3), (5, 6, 8)
FINDS_AGAIN, AUGMENTED, FULL = 7, 4, 8
EPOCHS_BEFORE_A_SWEEP = 3
"""The whole network's sweep costs an epoch or more: so many at least are trained at the default rate before it is
worth that, and as many as it costs."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    """What is done.

    Attributes:
        size_px: Side of the squares, in pixels.
        steps: Which of the eight steps.
        curve: Whether it is measured what more pictures would bring.
        augmented_cycles: Cycles of step 4.
        tta_views: Views of test-time augmentation.
        full_epochs: Epochs of step 8, at most.
        full_size_px: Side of the training squares of step 8, in pixels; None for what the settings say.
    """

    size_px: int
    steps: tuple[int, ...]
    curve: bool = False
    augmented_cycles: int = 0
    tta_views: int = 0
    full_epochs: int = 0
    full_size_px: int | None = None

    def trains(self) -> bool:
        """Whether anything is trained."""
        return any(step in self.steps for step in (3, AUGMENTED, FULL))

    def settings(self, asked: TrainSettings) -> TrainSettings:
        """The settings that do no more than this.

        Args:
            asked: The settings that the user gave.

        Returns:
            The same with other steps, cycles, views and sizes, its own among them. How long step 8 is, is no setting.
        """
        sizes = asked.sizes if FULL in self.steps else ()
        if self.full_size_px:
            sizes = (self.full_size_px,)
        cycles = self.augmented_cycles or asked.augmented_cycles
        return replace(
            asked,
            size=self.size_px,
            steps=self.steps,
            sizes=sizes,
            augmented_cycles=cycles,
            tta_views=self.tta_views,
        )

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Rung":
        """A rung from the values of its attributes as JSON gives them."""
        return cls(**{**plain, "steps": tuple(plain["steps"])})

    def is_within(self, other: "Rung") -> bool:
        """Whether the other does all that this does."""
        smaller = self.full_size_px or self.size_px, other.full_size_px or other.size_px
        return (
            set(self.steps) <= set(other.steps)
            and self.size_px <= other.size_px
            and self.augmented_cycles <= other.augmented_cycles
            and self.tta_views <= other.tta_views
            and self.curve <= other.curve
            and self.full_epochs <= other.full_epochs
            and (not self.full_epochs or smaller[0] <= smaller[1])
        )


def ladder(
    asked: TrainSettings, *, size_px: int, smaller_px: Sequence[int], most_epochs: int, sweep_epochs: int = 1
) -> list[Rung]:
    """All rungs that settings allow.

    Args:
        asked: The settings that the user gave.
        size_px: Side of the squares, in pixels.
        smaller_px: Smaller sides that would do as well, where time is short.
        most_epochs: Epochs of step 8 that all its cycles have together.
        sweep_epochs: Epochs that have as many steps as step 7.

    Returns:
        The rungs that train, the least first; none where nothing is to be trained. Steps 5 to 7 come with step 8 alone.

    >>> rungs = ladder(TrainSettings(augmented_cycles=1), size_px=224, smaller_px=(128,), most_epochs=3)
    >>> [(rung.size_px, rung.augmented_cycles, rung.tta_views, rung.full_epochs, rung.full_size_px) for rung in rungs]
    ... # doctest: +NORMALIZE_WHITESPACE
    [(128, 0, 0, 0, None), (224, 0, 0, 0, None), (224, 0, 0, 0, None), (224, 1, 0, 0, None), (224, 1, 4, 0, None),
     (224, 1, 4, 1, 128), (224, 1, 4, 1, None), (224, 1, 4, 2, None), (224, 1, 4, 3, None), (224, 1, 4, 3, None)]
    """
    least = Rung(size_px=size_px, steps=tuple(step for step in asked.steps if step in HEAD_STEPS))
    smaller = sorted(size for size in smaller_px if size < size_px)
    rungs = [replace(least, size_px=size) for size in smaller]
    rungs += [least, replace(least, curve=True)]
    rungs += _augmented(asked, rungs[-1])
    if asked.tta_views:
        rungs.append(replace(rungs[-1], tta_views=asked.tta_views))
    if FULL in asked.steps:
        rungs += _full(
            asked, rungs[-1], smaller, min(max(EPOCHS_BEFORE_A_SWEEP, sweep_epochs), most_epochs), most_epochs
        )
    return [rung for rung in rungs if rung.trains()]


def shortened(ends: Sequence[int], total: int) -> tuple[int, ...]:
    """Cycles that end in time: whole ones as far as they fit, and a last one that is shorter or longer.

    What is left after the last whole cycle makes one of its own if it is half as long as that was to be, and is added
    to the cycle before it otherwise.

    Args:
        ends: Where each cycle was to end, in steps or epochs, ascending.
        total: Where the last one has to end, at least 1.

    Returns:
        Where each cycle ends, the last at `total`, or where they were to end if that is earlier.

    >>> [shortened((1, 3, 7, 15), total) for total in (1, 2, 3, 4, 5, 9, 20)]
    [(1,), (1, 2), (1, 3), (1, 4), (1, 3, 5), (1, 3, 9), (1, 3, 7, 15)]
    """
    whole = [end for end in ends if end <= total]
    if len(whole) == len(ends) or (whole and whole[-1] == total):
        return tuple(whole)
    start = whole[-1] if whole else 0
    alone = 2 * (total - start) >= ends[len(whole)] - start
    return (*(whole if alone else whole[:-1]), total)


def _augmented(asked: TrainSettings, rung: Rung) -> Iterator[Rung]:
    if AUGMENTED in asked.steps:
        steps = tuple(sorted({*rung.steps, AUGMENTED}))
        for cycles in range(1, asked.augmented_cycles + 1):
            yield replace(rung, steps=steps, augmented_cycles=cycles)


def _full(
    asked: TrainSettings, rung: Rung, smaller: Sequence[int], epochs_without: int, most_epochs: int
) -> Iterator[Rung]:
    """Epochs of step 8, first without step 7 and then with it."""
    steps = tuple(sorted({*rung.steps, *(step for step in BODY_STEPS if step in asked.steps)}))
    first = replace(rung, steps=steps, full_epochs=1)
    if not asked.sizes and asked.unfreeze == "all" and 5 in asked.steps:
        yield from (replace(first, full_size_px=size) for size in smaller)
    swept = tuple(sorted({*steps, FINDS_AGAIN}))
    turns = epochs_without if FINDS_AGAIN in asked.steps else most_epochs
    yield from (replace(first, full_epochs=epochs) for epochs in range(1, turns + 1))
    if FINDS_AGAIN in asked.steps:
        yield from (replace(first, steps=swept, full_epochs=epochs) for epochs in range(turns, most_epochs + 1))
