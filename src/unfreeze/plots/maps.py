"""Pictures with what in them spoke for a class, side by side on a figure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unfreeze.evaluation.activation_maps import ActivationMaps
from unfreeze.evaluation.explanations import shares, spread
from unfreeze.plots.heat import overlay

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 4
INCHES = 2.2


def plot_activation_maps(found: ActivationMaps, *, titles: Sequence[str] = ()) -> "Figure":
    """Draws each picture's evidence over the square that the network saw: orange for its class, blue against it.

    Args:
        found: The maps.
        titles: What stands above each picture.

    Returns:
        A figure of its own, which a notebook shows.
    """
    from matplotlib.figure import Figure

    count = len(found.squares)
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(INCHES * columns, (INCHES + 0.2) * rows), layout="constrained")
    drawn = shares(spread(found.evidence, found.squares.shape[-1]))
    for index in range(count):
        axes = figure.add_subplot(rows, columns, index + 1)
        axes.imshow(overlay(found.squares[index], drawn[index]))
        axes.set_axis_off()
        if titles:
            axes.set_title(titles[index], fontsize="small", parse_math=False)
    return figure
