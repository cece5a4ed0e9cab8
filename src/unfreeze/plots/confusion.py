"""The plot of the confusion matrix."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELLS_WITH_NUMBERS = 20
"""A confusion matrix of more classes is drawn without numbers in its cells."""


def plot_confusion(matrix: npt.NDArray[np.int64], classes: Sequence[str], axes: "Axes") -> "Axes":
    """How many pictures of each true class were given each class.

    Args:
        matrix: Counts, shape (C, C), true classes in rows.
        classes: The C class names.
        axes: Where to draw.

    Returns:
        The axes.
    """
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(classes) <= CELLS_WITH_NUMBERS:
        for (row, column), count in np.ndenumerate(matrix):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize="small")
    short = [name if len(name) <= 24 else f"{name[:22]}…" for name in map(_plain_text, classes)]
    ticks = range(len(classes))
    axes.set_xticks(ticks, short, rotation=45, ha="right")
    axes.set_yticks(ticks, short)
    axes.set(xlabel="predicted", ylabel="true")
    return axes


def _plain_text(name: str) -> str:
    """A name as matplotlib should show it: dollar signs are no formulas, and what cannot be encoded is escaped."""
    return name.encode("utf-8", errors="backslashreplace").decode().replace("$", r"\$")
