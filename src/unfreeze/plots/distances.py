"""The plot of how strange pictures are to a model, with the bound above which it says 'none of these'."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unfreeze.plots.colours import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 40
HEADROOM = 1.18
"""So much higher than its highest bar is the plot, so that what is written at its top hides none."""


def plot_distances(
    distances: npt.NDArray[np.floating], axes: "Axes", *, bound: float | None = None, refused: str = "none of these"
) -> "Axes":
    """How many pictures lie how far from those that the model was trained on.

    Args:
        distances: Scores of 'none of these', shape (N,); those not finite are not drawn.
        axes: Where to draw.
        bound: Above which a picture is refused; None where none is.
        refused: What is written beyond the bound.

    Returns:
        The axes.
    """
    finite = distances[np.isfinite(distances)].astype(np.float64)
    ends = [*finite.tolist(), *([bound] if bound is not None and np.isfinite(bound) else [])] or [0.0, 1.0]
    edges = np.linspace(0, 1.04 * max(max(ends), 1e-6), BINS + 1)
    counts, _, _ = axes.hist(finite, edges.tolist(), color=COLOURS["head"])
    height = HEADROOM * max(1.0, float(np.max(counts)))
    axes.set(
        xlabel="distance to the training pictures (cosine)", ylabel="pictures", xlim=(0, edges[-1]), ylim=(0, height)
    )
    if bound is not None and np.isfinite(bound):
        axes.axvline(bound, color=COLOURS["late"], linestyle="--", linewidth=1.6)
        axes.axvspan(bound, edges[-1], color=COLOURS["late"], alpha=0.12, linewidth=0, zorder=0)
        beyond = bound < 0.6 * edges[-1]
        axes.annotate(
            f"{refused} from {bound:.3f}",
            (bound, 1),
            xycoords=("data", "axes fraction"),
            xytext=(5 if beyond else -5, -4),
            textcoords="offset points",
            ha="left" if beyond else "right",
            va="top",
            fontsize="small",
        )
    return axes
