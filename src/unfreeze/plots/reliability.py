"""The reliability diagram: how often what is said to be sure is right."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unfreeze.evaluation.reliability import ReliabilityBin
from unfreeze.plots.colours import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_reliability(after: Sequence[ReliabilityBin], axes: "Axes", *, before: Sequence[ReliabilityBin] = ()) -> "Axes":
    """The part of the answers that is right against how sure the model was, with the diagonal where both are alike.

    Marks are the larger the more answers they stand for; bars are 95 % intervals.

    Args:
        after: Answers in bins of confidence, after calibration, or as they are.
        axes: Where to draw.
        before: The same before calibration; none is drawn where there was none.

    Returns:
        The axes.
    """
    axes.plot([0, 100], [0, 100], ":", color=COLOURS["train"], linewidth=1.2, label="as sure as right")
    if before:
        _plot(before, axes, colour=COLOURS["late"], mark="s", label="before calibration", bars=False)
    _plot(after, axes, colour=COLOURS["head"], mark="o", label="after calibration" if before else "answers", bars=True)
    everything = [*after, *before]
    least = min((min(group.confidence, group.accuracy) for group in everything), default=0.0)
    start = 100 * max(0.0, np.floor(10 * least - 0.5) / 10)
    axes.set(xlabel="confidence (%)", ylabel="right (%)", xlim=(start, 101.5), ylim=(start, 103))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)  # above: inside, it would hide a mark
    return axes


def _plot(bins: Sequence[ReliabilityBin], axes: "Axes", *, colour: str, mark: str, label: str, bars: bool) -> None:
    across = np.array([100 * group.confidence for group in bins])
    up = np.array([100 * group.accuracy for group in bins])
    counts = np.array([group.count for group in bins], float)
    areas = 14 + 110 * counts / max(counts.max(initial=1), 1)
    axes.plot(across, up, "-", color=colour, linewidth=1, alpha=0.6)
    if bars:
        ends = np.array([[100 * end for end in group.interval] for group in bins]).reshape(-1, 2)
        axes.vlines(across, ends[:, 0], ends[:, 1], color=colour, linewidth=1.4, alpha=0.8)
    filled: dict[str, Any] = {"color": colour} if bars else {"facecolors": "none"}
    axes.scatter(
        across,
        up,
        areas,
        marker=mark,
        edgecolors=colour,
        linewidths=1.2,
        label=label,
        zorder=3,
        **filled,
    )
