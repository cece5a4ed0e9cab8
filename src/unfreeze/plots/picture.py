"""A plot as the bytes of a picture file."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = ("svg", "png", "pdf")
NO_DATES: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
DOTS_PER_INCH = 150


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
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "unfreeze", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.add_subplot())
        buffer = io.BytesIO()
        dpi: float | str = DOTS_PER_INCH if file_format == "png" else "figure"
        figure.savefig(buffer, format=file_format, dpi=dpi, metadata=NO_DATES[file_format])
    return buffer.getvalue()
