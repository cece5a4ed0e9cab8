"""The report: one page that opens from disk and fetches nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from PIL import Image

from unfreeze.errors import PictureError
from unfreeze.evaluation import metrics
from unfreeze.evaluation.labels import label_figures
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.evaluation.selections import most_incorrect, worst_first
from unfreeze.images.decode import decode
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.plots.confusion import plot_confusion
from unfreeze.plots.losses import plot_losses
from unfreeze.plots.schedule import plot_schedule
from unfreeze.plots.svg import to_svg
from unfreeze.plots.sweep import plot_lr_find
from unfreeze.report.page_text import rendered
from unfreeze.report.pictures import outlined, square_uri, thumbnail
from unfreeze.report.words import caption, verdict
from unfreeze.training.history import History
from unfreeze.training.lr_band import LrBand
from unfreeze.transforms.squares import seen_share
from unfreeze.transforms.transform import Transform

VIEWS_SHOWN = 3
MISTAKES_SHOWN = 24
QUARANTINED_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """All that the report shows.

    Attributes:
        title: Name of the collection.
        table: The pictures.
        predictions: What the model says of them.
        transform: How they became squares.
        history: What happened in training.
        sweeps: What the LR finder saw, by the number of the step.
        rates: The rate that was used after each sweep and where it came from, in words, by the number of the step.
        figures: The contents of `result.json`.
        facts: Tables of settings and receipt, by their titles.
    """

    title: str
    table: ImageTable
    predictions: PredictionTable
    transform: Transform
    history: History
    sweeps: Mapping[int, LrBand]
    rates: Mapping[int, str]
    figures: Mapping[str, Any]
    facts: Mapping[str, Mapping[str, Any]]


def report_page(content: ReportContent) -> str:
    """Renders the report.

    Args:
        content: All that it shows.

    Returns:
        HTML; whatever comes from file and class names is escaped.
    """
    valid = content.predictions.of_split("valid")
    rows = {row.path: row for row in content.table.rows}
    worst = worst_first(valid, most_incorrect(valid))
    return rendered(
        "report.html.jinja",
        content=content,
        figures=content.figures,
        verdict=verdict(valid, content.figures),
        several=valid.objective.several,
        class_figures=label_figures(valid) if valid.objective.several else metrics.class_figures(valid),
        plots=_plots(content, valid),
        mistakes=[_mistake(content, valid, index, rows) for index in worst[:MISTAKES_SHOWN]],
        wrong=int((~valid.correct).sum()),
        squares=_squares(content),
        seen=_seen(content),
        quarantined=content.table.quarantined[:QUARANTINED_SHOWN],
        views_shown=VIEWS_SHOWN,
    )


def _plots(content: ReportContent, valid: PredictionTable) -> dict[str, str]:
    """SVG elements by name."""
    history = content.history
    plots = {f"lr_find_{step}": to_svg(partial(plot_lr_find, sweep)) for step, sweep in content.sweeps.items()}
    if history.epochs:
        plots["schedule"] = to_svg(partial(plot_schedule, history.steps))
        plots["losses"] = to_svg(partial(plot_losses, history.epochs, kept=content.figures["kept_epoch"]))
    if valid.objective.several:
        return plots
    side = min(9.0, 3.0 + 0.35 * len(valid.classes))
    draw = partial(plot_confusion, metrics.confusion(valid), valid.classes)
    plots["confusion"] = to_svg(draw, width=side + 1, height=side)
    return plots


def _mistake(
    content: ReportContent, valid: PredictionTable, index: int, rows: Mapping[str, ImageRow]
) -> dict[str, str]:
    path = valid.paths[index]
    return {"path": path, "caption": caption(valid, index), "picture": _thumbnail(content.table, rows[path])}


def _thumbnail(table: ImageTable, row: ImageRow) -> str:
    """A thumbnail; empty where the picture has gone since."""
    image = _picture(table, row)
    return thumbnail(image) if image else ""


def _picture(table: ImageTable, row: ImageRow) -> Image.Image | None:
    """A picture; None where it has gone or changed since the scan."""
    try:
        return decode(table.read(row), path=row.path)
    except (OSError, PictureError):
        return None


def _squares(content: ReportContent) -> list[dict[str, Any]]:
    """For the first picture of the first classes: the picture, what the network sees of it, and training views."""
    shown: list[dict[str, Any]] = []
    train = content.table.of_split("train")
    for label in range(min(2, len(content.table.classes))):
        row = next(row for row in train if label in row.labels)
        if row.path in {square["path"] for square in shown}:
            continue  # a picture of both labels
        image = _picture(content.table, row)
        if image is None:
            continue
        transform = content.transform
        views = [transform(image, content=row.content, number=number) for number in range(1 + VIEWS_SHOWN)]
        outline = outlined(image, transform.window(image.width, image.height))
        shown.append({"path": row.path, "whole": outline, "views": [square_uri(view) for view in views]})
    return shown


def _seen(content: ReportContent) -> dict[str, float]:
    """How much of the pictures' areas the plain view shows: the mean and the least."""
    transform = content.transform
    shares = [
        seen_share(row.width, row.height, transform.square, crop_share=transform.crop_share)
        for row in content.table.rows
    ]
    return {"mean": sum(shares) / len(shares), "least": min(shares)}
