"""Plots of learning rates by step: those of the steps taken, and those that a schedule plans."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unfreeze.plots.colours import COLOURS, LINES
from unfreeze.training.history import EpochRecord, StepRecord
from unfreeze.training.schedules import Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEADROOM, MARGIN = 1.08, 0.01
"""A plan's plot is so much higher than its highest rate, and wider at both sides: marks of cycles' ends show."""

MOST_CYCLE_MARKS = 100
"""Ends of more cycles than these would be a grey wall; they are left out."""

RESTARTED = 1.5
"""A rate that is so many times that of the step before has not climbed, but started again."""

MOST_EPOCH_TICKS = 16
"""Of more epochs not each one is numbered."""


def plot_schedule(steps: Sequence[StepRecord], axes: "Axes", *, epochs: Sequence[EpochRecord] = ()) -> "Axes":
    """The learning rate of each layer group over the steps taken.

    Args:
        steps: The steps taken.
        axes: Where to draw.
        epochs: Their epochs, which are counted on a second axis above. Warm restarts are marked then, and the rate of a
            group is drawn while it is not frozen.

    Returns:
        The axes.
    """
    numbers = [record.step for record in steps]
    frozen = {record.epoch: record.frozen for record in epochs}
    for group in steps[0].rates if steps else ():
        rates = [math.nan if group in frozen.get(record.epoch, ()) else record.rates[group] for record in steps]
        if not all(map(math.isnan, rates)):
            axes.plot(numbers, rates, LINES.get(group, "-"), color=COLOURS.get(group), linewidth=1.6, label=group)
    axes.set(xlabel="step (mini-batch)", ylabel="learning rate", ylim=(0, None))
    if steps:
        _mark_restarts(restarts(steps), axes)
        _count_taken_epochs(steps, epochs, axes)
        _legend_below(axes)
    return axes


def restarts(steps: Sequence[StepRecord]) -> list[int]:
    """The steps at which a learning rate that fell or stood still is much higher: it starts again from its highest.

    Args:
        steps: The steps taken.

    Returns:
        Their numbers; where a rate only climbs, as in a warm-up, there is none.
    """
    return [
        record.step
        for first, second, record in zip(steps, steps[1:], steps[2:], strict=False)
        if _restarts(first, second, record)
    ]


def _restarts(first: StepRecord, second: StepRecord, third: StepRecord) -> bool:
    """Whether the rate of any group starts again at the third of three steps."""
    for group, rate in third.rates.items():
        earlier, before = (record.rates.get(group, rate) for record in (first, second))
        if before <= earlier and rate > RESTARTED * before:
            return True
    return False


def _mark_restarts(marks: Sequence[int], axes: "Axes") -> None:
    for index, step in enumerate(marks if len(marks) <= MOST_CYCLE_MARKS else ()):
        label = "_" if index else "warm restart"  # an underscore keeps a line out of the legend
        axes.axvline(step, color=COLOURS["train"], linewidth=0.9, linestyle=(0, (2, 2)), zorder=1, label=label)


def _count_taken_epochs(steps: Sequence[StepRecord], epochs: Sequence[EpochRecord], axes: "Axes") -> None:
    """Numbers epochs where they end, on an axis above."""
    ends = {record.epoch: record.step + 1 for record in steps}  # behind the last step of each epoch
    ended = [(record.epoch, ends[record.epoch]) for record in epochs if record.epoch in ends]
    if not ended:
        return
    above = axes.secondary_xaxis("top")
    every = -(-len(ended) // MOST_EPOCH_TICKS)
    numbered = ended[every - 1 :: every]
    above.set_xticks([end for _, end in numbered], [str(epoch + 1) for epoch, _ in numbered])
    above.set_xlabel("epochs done")


def _legend_below(axes: "Axes", *others: "Axes") -> None:
    """Below the axes: inside, it would hide one curve or another."""
    handles = [handle for part in (axes, *others) for handle in part.get_legend_handles_labels()[0]]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=len(handles), columnspacing=1.2)


def plot_planned(schedule: Schedule, rates: Mapping[str, float] | float, axes: "Axes", *, epoch_steps: int) -> "Axes":
    """The learning rate at each step of a schedule, without training, with the ends of its cycles marked.

    Epochs are counted on a second axis above; momentum, where it changes, has an axis of its own on the right.

    Args:
        schedule: What is planned.
        rates: The highest rate of each named layer group, or one rate.
        axes: Where to draw.
        epoch_steps: Steps in an epoch.

    Returns:
        The axes.
    """
    steps = range(schedule.cycle_ends[-1])
    factors = [schedule.factor(step) for step in steps]
    named = rates if isinstance(rates, Mapping) else {"learning rate": rates}
    for name, rate in named.items():
        colour = COLOURS.get(name, COLOURS["head"])
        axes.plot(steps, [rate * factor for factor in factors], LINES.get(name, "-"), color=colour, label=name)
    across, up = (-MARGIN * len(steps), (1 + MARGIN) * len(steps)), (0, HEADROOM * max(named.values()))
    axes.set(xlabel="step (mini-batch)", ylabel="learning rate", xlim=across, ylim=up)
    _count_epochs(axes, epoch_steps)
    _mark_cycle_ends(schedule, axes)
    _legend_below(axes, *_plot_momentum(schedule, axes))
    return axes


def _count_epochs(axes: "Axes", epoch_steps: int) -> None:
    def to_epochs(steps: npt.ArrayLike) -> npt.ArrayLike:
        return np.asarray(steps) / epoch_steps

    def to_steps(epochs: npt.ArrayLike) -> npt.ArrayLike:
        return np.asarray(epochs) * epoch_steps

    axes.secondary_xaxis("top", functions=(to_epochs, to_steps)).set_xlabel("epoch")


def _mark_cycle_ends(schedule: Schedule, axes: "Axes") -> None:
    ends = schedule.cycle_ends if len(schedule.cycle_ends) <= MOST_CYCLE_MARKS else ()
    for index, end in enumerate(ends):
        label = "_" if index else "end of a cycle"  # an underscore keeps a line out of the legend
        axes.axvline(end, color=COLOURS["train"], linewidth=1, linestyle="--", zorder=1, label=label)


def _plot_momentum(schedule: Schedule, axes: "Axes") -> "list[Axes]":
    """The momentum on an axis of its own, if it changes; those axes, or none."""
    momenta = [schedule.momentum(step) for step in range(schedule.cycle_ends[-1])]
    if min(momenta) == max(momenta):
        return []
    twin = axes.twinx()
    twin.plot(range(len(momenta)), momenta, color=COLOURS["momentum"], linestyle=":", label="momentum")
    twin.set_ylabel("momentum")
    return [twin]
