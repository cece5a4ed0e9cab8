"""A plot of the report, for the page and for files."""

from dataclasses import dataclass

from unfreeze.plots.drawing import Drawing
from unfreeze.report.page_text import seen


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A plot of the report.

    Attributes:
        drawing: The plot.
        description: What it shows, for who cannot see it.
    """

    drawing: Drawing
    description: str

    @property
    def element(self) -> str:
        """An `<svg>` element for a page; safe there, since what comes from names is escaped in it."""
        return self.drawing.element(seen(self.description))
