"""A plot as an SVG element that lies inside a page."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from unfreeze.plots.picture import picture_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def to_svg(draw: "Callable[[Axes], Axes]", *, width: float = 7.0, height: float = 3.6) -> str:
    """Draws on new axes and returns the picture as SVG, the same bytes for the same data.

    Args:
        draw: One of the plots, its other arguments bound.
        width: Width in inches.
        height: Height in inches.

    Returns:
        An `<svg>` element.
    """
    text = picture_bytes(draw, width=width, height=height).decode()
    return text[text.index("<svg") :]
