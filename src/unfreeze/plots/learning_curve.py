"""The plot of accuracy against the number of training pictures."""

from typing import TYPE_CHECKING

import numpy as np

from unfreeze.evaluation.learning_curve import LearningCurve
from unfreeze.plots.colours import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 40


def plot_learning_curve(curve: LearningCurve, axes: "Axes", *, times: float = 2.0) -> "Axes":
    """Accuracy at each size with its interval, the curve through it, and where it would go on.

    Args:
        curve: What was measured.
        axes: Where to draw.
        times: The curve is drawn up to so many times as many pictures as there are.

    Returns:
        The axes.
    """
    sizes, accuracies = np.array(curve.sizes), 100 * curve.accuracies
    low, high = (100 * np.array(ends) for ends in zip(*curve.intervals, strict=True))
    if curve.can_be_extrapolated:
        for start, end, style, label in (
            (sizes[0], sizes[-1], "-", None),
            (sizes[-1], times * sizes[-1], "--", "if it goes on like this"),
        ):
            along = np.geomspace(start, end, POINTS)
            band = 100 * (1 - np.percentile(curve.drawn_laws.at(along), (2.5, 97.5), axis=0))
            axes.fill_between(along, *np.clip(band, 0, 100), color=COLOURS["valid"], alpha=0.15, linewidth=0)
            line = 100 * (1 - curve.law.at(along)[0])
            axes.plot(along, line, style, color=COLOURS["valid"], linewidth=1.2, label=label)
    errors = np.maximum(0, [accuracies - low, high - accuracies])
    axes.errorbar(sizes, accuracies, errors, fmt="o", color=COLOURS["head"], capsize=3, label="measured, 95 % interval")
    axes.axvline(sizes[-1], color=COLOURS["train"], linewidth=0.8, linestyle=":")
    ticks = [*sizes[::-2][::-1], *([round(times * sizes[-1])] if curve.can_be_extrapolated else [])]
    axes.set(xscale="log", xlabel="training pictures", ylabel="validation accuracy (%)")
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=2, columnspacing=1.2
    )  # above: inside, it would hide a bar
    return axes
