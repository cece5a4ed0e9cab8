"""The plot of the confusion matrix."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.confused import confusion_shares
from unfreeze.plots.text import plain_text, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELLS_WITH_NUMBERS = 20
"""A confusion matrix of more classes is drawn without numbers in its cells."""

NAMED = 40
"""Of more classes no names are drawn, which nobody could read."""

STRONGEST = (0.06, 0.30, 0.51)
DARK = 0.7
"""A cell of a larger share has white figures."""

Numbers = Literal["counts", "true", "predicted"]


def plot_confusion(
    matrix: npt.NDArray[np.int64], classes: Sequence[str], axes: "Axes", *, numbers: Numbers = "counts"
) -> "Axes":
    """How many pictures of each true class were given each class; the shade is the share of the true class.

    Args:
        matrix: Counts, shape (C, C), true classes in rows.
        classes: The C class names.
        axes: Where to draw.
        numbers: What stands in the cells: "counts"; or shares in percent, of the "true" class's pictures, or of those
            that were said to be of the "predicted" class, by which the cells are shaded then.

    Returns:
        The axes.
    """
    shares = np.nan_to_num(confusion_shares(matrix, of="said" if numbers == "predicted" else "true"))
    # From nothing to blue: the page behind it may be light or dark.
    axes.imshow(np.dstack([*np.broadcast_to(np.array(STRONGEST)[:, None, None], (3, *shares.shape)), shares]))
    axes.grid(visible=False)
    if len(classes) <= CELLS_WITH_NUMBERS:
        for (row, column), share in np.ndenumerate(shares):
            text = str(matrix[row, column]) if numbers == "counts" else f"{100 * share:.0f}"
            look: dict[str, Any] = {"color": "white"} if share > DARK else {}
            axes.text(column, row, text, ha="center", va="center", fontsize="small", **look)
    names = [shortened(plain_text(name)) for name in classes]
    ticks = range(len(classes)) if len(classes) <= NAMED else ()
    axes.set_xticks(ticks, names[: len(ticks)], rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, names[: len(ticks)])
    axes.set(xlabel="predicted", ylabel="true")
    return axes
