"""The plot of what more training pictures of each class would bring."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from unfreeze.evaluation.class_gains import ClassGains
from unfreeze.plots.colours import COLOURS
from unfreeze.plots.text import plain_text, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 12


def plot_class_gains(found: ClassGains, classes: Sequence[str], axes: "Axes", *, shown: int = SHOWN) -> "Axes":
    """By how much the accuracy would rise with more pictures of each class, with 95 % intervals, the most first.

    Args:
        found: What more pictures of each class would bring.
        classes: The C class names.
        axes: Where to draw.
        shown: How many classes are drawn.

    Returns:
        The axes.
    """
    gains = found.gains[:shown]
    middle = np.array([100 * gain.gain for gain in gains])
    ends = np.array([[100 * gain.low, 100 * gain.high] for gain in gains]).reshape(-1, 2)
    errors = np.maximum(0, [middle - ends[:, 0], ends[:, 1] - middle])
    places = np.arange(len(gains))
    axes.axvline(0, color=COLOURS["train"], linewidth=1)
    axes.errorbar(middle, places, xerr=errors, fmt="o", color=COLOURS["head"], capsize=3)
    axes.set_yticks(places, [shortened(plain_text(classes[gain.label])) for gain in gains])
    axes.set(xlabel=f"points of accuracy with {found.added} more", ylim=(len(gains) - 0.5, -0.5))
    return axes
