"""A plot that is drawn once and kept as SVG and as pixels."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from unfreeze.plots.style import STYLE
from unfreeze.plots.svg import svg_element

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NO_DATES: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
DOTS_PER_INCH = 150


@dataclass(frozen=True, kw_only=True)
class Margins:
    """Room for labels around the axes, in inches.

    Attributes:
        left: Left of the axes.
        bottom: Below them.
        right: Right of them.
        top: Above them.
    """

    left: float = 0.66
    bottom: float = 0.56
    right: float = 0.12
    top: float = 0.12


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A plot of some size. It is drawn when it is first asked for, and the same data give the same bytes.

    Room for labels is given and not measured: a layout that fits itself takes as long as all the rest.

    Attributes:
        draw: One of the plots, its other arguments bound.
        name: Tells the parts of this plot from those of others in the same page.
        width: Width in inches.
        height: Height in inches.
        margins: Room for labels; None measures it.
    """

    draw: "Callable[[Axes], Axes]"
    name: str = "unfreeze"
    width: float = 4.9
    height: float = 3.1
    margins: Margins | None = Margins()

    def encoded(self, file_format: str) -> bytes:
        """The drawing as "svg", "png" with 150 dots an inch, or "pdf"."""
        return self._svg if file_format == "svg" else self._encoded(file_format)

    def element(self, description: str) -> str:
        """The drawing as an `<svg>` element in the page's colours, with a description for who cannot see it."""
        return svg_element(self._svg.decode(), description)

    @cached_property
    def _svg(self) -> bytes:
        return self._encoded("svg")

    @cached_property
    def _figure(self) -> "Figure":
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        with rc_context(_settings()):
            figure = Figure(figsize=(self.width, self.height), layout=None if self.margins else "constrained")
            if self.margins:
                edges = self.margins
                figure.subplots_adjust(
                    left=edges.left / self.width,
                    bottom=edges.bottom / self.height,
                    right=1 - edges.right / self.width,
                    top=1 - edges.top / self.height,
                )
            self.draw(figure.add_subplot())
        return figure

    def _encoded(self, file_format: str) -> bytes:
        from matplotlib import rc_context

        figure, buffer = self._figure, io.BytesIO()
        with rc_context(_settings(self.name)):
            dpi: float | str = DOTS_PER_INCH if file_format == "png" else "figure"
            more: dict[str, Any] = {"pil_kwargs": {"compress_level": 4}} if file_format == "png" else {}
            figure.savefig(buffer, format=file_format, dpi=dpi, metadata=NO_DATES[file_format], **more)
        return buffer.getvalue()


def _settings(name: str = "") -> Any:
    """The style, and a seed of the names in an SVG file; typed loosely, since matplotlib types each key."""
    return {**STYLE, "svg.hashsalt": name}
