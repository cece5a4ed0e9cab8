"""Where the cycles of step 8 end so that the rate has fallen when the time is over; arithmetic alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from unfreeze.recipe.rungs import shortened

LEAST_SHARE = 0.5
"""Part of an epoch that is still begun where no whole one fits."""


@dataclass(frozen=True, kw_only=True)
class EpochTime:
    """What an epoch takes.

    Attributes:
        steps: Its steps.
        step_seconds: What a step takes.
        validation_seconds: What validation takes, after each epoch and after the last step.
    """

    steps: int
    step_seconds: float
    validation_seconds: float


def ends_in_time(
    wanted: Sequence[int], current: Sequence[int], *, done: int, seconds: float, epoch: EpochTime
) -> tuple[int, ...]:
    """Plans the cycles anew: those that are over stay, the one in work may become shorter, later ones may come or go.

    Whole epochs are trained as far as they fit. Where the time is too short for the end of the epoch in work, the cycle
    ends within it.

    Args:
        wanted: Where all cycles that are asked for would end, in steps.
        current: Where they were to end so far.
        done: Steps taken.
        seconds: What is left for training.
        epoch: What an epoch takes.

    Returns:
        Where each cycle ends, in steps, ascending; the last is not before what was done.

    >>> epoch = EpochTime(steps=10, step_seconds=1, validation_seconds=2)
    >>> ends_in_time((10, 30, 70), (10, 30, 70), done=10, seconds=30, epoch=epoch)  # two epochs of 12 seconds fit
    (10, 30)
    >>> ends_in_time((10, 30, 70), (10, 30), done=14, seconds=5, epoch=epoch)  # three steps and validation
    (10, 17)
    >>> ends_in_time((10, 30, 70), (10, 30), done=30, seconds=26, epoch=epoch)  # there is time for more
    (10, 30, 50)
    """
    total = min(_last_step(done, seconds, epoch), wanted[-1])
    past = [end for end in current if end <= done]
    if done == (past[-1] if past else 0):
        return (*past, *(end for end in shortened(wanted, total) if end > done)) if total > done else tuple(past)
    running = min(end for end in current if end > done)
    if total <= running:
        return (*past, total)
    return (*past, running, *(end for end in shortened(wanted, total) if end > running))


def _last_step(done: int, seconds: float, epoch: EpochTime) -> int:
    """The step that training may go on to."""
    number, into = divmod(done, epoch.steps)
    spare = max(0.0, seconds) + into * epoch.step_seconds
    whole = int(spare / (epoch.steps * epoch.step_seconds + epoch.validation_seconds))
    if whole:
        return (number + whole) * epoch.steps
    steps = max(0, int((seconds - epoch.validation_seconds) / epoch.step_seconds))
    if into or not done:
        return done + max(1, steps)
    return done + steps if steps >= LEAST_SHARE * epoch.steps else done
