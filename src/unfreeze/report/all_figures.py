"""Every figure of the answers, each with its interval and how that was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unfreeze.evaluation.figure_text import PLAIN, figure_name, figure_text
from unfreeze.report.content import ReportContent


@dataclass(frozen=True, kw_only=True)
class FigureRow:
    """A row of the table.

    Attributes:
        name: What the figure is called.
        value: The figure.
        interval: Its 95 % interval.
        method: How the interval was found.
    """

    name: str
    value: str
    interval: str
    method: str


def all_figures_view(content: ReportContent) -> Mapping[str, Sequence[FigureRow]] | None:
    """The figures of each split.

    Args:
        content: What the report shows.

    Returns:
        Rows by the split's name; None where there are no figures.
    """
    found: Mapping[str, Any] = content.figures.get("figures") or {}
    return {split: [_row(*each) for each in own["overall"].items()] for split, own in found.items()} or None


def _row(key: str, figure: Mapping[str, Any]) -> FigureRow:
    value, interval = figure_text(figure, plain=key in PLAIN)
    return FigureRow(name=figure_name(key), value=value, interval=interval, method=figure["method"])
