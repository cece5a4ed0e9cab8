"""A plot as the bytes of a picture file."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from unfreeze.plots.drawing import NO_DATES, Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = tuple(NO_DATES)


def picture_bytes(
    draw: "Callable[[Axes], Axes]", *, file_format: str = "svg", width: float = 7.0, height: float = 3.6
) -> bytes:
    """Draws on new axes and returns the picture, the same bytes for the same data.

    Args:
        draw: One of the plots, its other arguments bound.
        file_format: "svg", "png" with 150 dots an inch, or "pdf".
        width: Width in inches.
        height: Height in inches.

    Returns:
        What a file of that format holds.
    """
    return Drawing(draw=draw, width=width, height=height, margins=None).encoded(file_format)
