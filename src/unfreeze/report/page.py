"""The report: one page that opens from disk and fetches nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from PIL import Image

from unfreeze.errors import PictureError
from unfreeze.evaluation import metrics
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.evaluation.selections import most_incorrect, worst_first
from unfreeze.images.decode import decode
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.plots.confusion import plot_confusion
from unfreeze.plots.losses import plot_losses
from unfreeze.plots.schedule import plot_schedule
from unfreeze.plots.svg import to_svg
from unfreeze.plots.sweep import plot_lr_find
from unfreeze.report.pictures import outlined, square_uri, thumbnail
from unfreeze.training.history import History
from unfreeze.training.lr_band import LrBand
from unfreeze.transforms.squares import seen_share
from unfreeze.transforms.transform import Transform

VIEWS_SHOWN = 3
MISTAKES_SHOWN = 24
FEW_PICTURES = 200
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
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(loader=PackageLoader("unfreeze.report"), autoescape=True, undefined=StrictUndefined)
    environment.filters["percent"] = lambda share: f"{100 * share:.1f} %"
    valid = content.predictions.of_split("valid")
    rows = {row.path: row for row in content.table.rows}
    worst = worst_first(valid, most_incorrect(valid))
    return environment.get_template("report.html.jinja").render(
        content=content,
        figures=content.figures,
        verdict=verdict(valid, content),
        class_figures=metrics.class_figures(valid),
        plots=_plots(content, valid),
        mistakes=[_mistake(content, valid, index, rows) for index in worst[:MISTAKES_SHOWN]],
        wrong=int((~valid.correct).sum()),
        squares=_squares(content),
        seen=_seen(content),
        quarantined=content.table.quarantined[:QUARANTINED_SHOWN],
        views_shown=VIEWS_SHOWN,
    )


def verdict(valid: PredictionTable, content: ReportContent) -> str:
    """What the result means, in a sentence or two.

    Args:
        valid: Predictions of the validation pictures.
        content: All that the report shows.

    Returns:
        Plain words.
    """
    correct, count = int(valid.correct.sum()), len(valid.paths)
    low, high = metrics.wilson_interval(correct, count)
    tested = [row for row in metrics.class_figures(valid) if row["pictures"]]
    worst = min(tested, key=lambda row: float(row["recall"]))
    text = (
        f"{correct} of {count} validation pictures are classified correctly: {100 * correct / count:.1f} %. "
        f"On other pictures of the same kind the accuracy lies between {100 * low:.1f} and {100 * high:.1f} % "
        f"(95 % interval). Weakest class: {worst['class']}, {100 * float(worst['recall']):.1f} % of it recognised."
    )
    if content.figures["kept"]:
        text += f" The weights kept ({content.figures['kept']}) are those with the lowest validation loss."
    if not content.figures["test_images"]:
        text += " The same pictures chose these weights, so the figure flatters a little; a test folder would not."
    if metrics.mean_loss(valid) > metrics.guessing_loss(valid):
        text += " The validation loss is worse than that of guessing: where this model errs, it is far too sure."
    if count < FEW_PICTURES:
        text += f" {count} validation pictures are few: the interval, not the figure, is the result."
    return text


def _plots(content: ReportContent, valid: PredictionTable) -> dict[str, str]:
    """SVG elements by name."""
    history = content.history
    plots = {f"lr_find_{step}": to_svg(partial(plot_lr_find, sweep)) for step, sweep in content.sweeps.items()}
    if history.epochs:
        plots["schedule"] = to_svg(partial(plot_schedule, history.steps))
        plots["losses"] = to_svg(partial(plot_losses, history.epochs, kept=content.figures["kept_epoch"]))
    side = min(9.0, 3.0 + 0.35 * len(valid.classes))
    draw = partial(plot_confusion, metrics.confusion(valid), valid.classes)
    plots["confusion"] = to_svg(draw, width=side + 1, height=side)
    return plots


def _mistake(
    content: ReportContent, valid: PredictionTable, index: int, rows: Mapping[str, ImageRow]
) -> dict[str, str | float]:
    target, predicted = valid.targets[index], valid.predicted[index]
    return {
        "path": valid.paths[index],
        "true": valid.classes[target],
        "predicted": valid.classes[predicted],
        "probability": float(valid.probabilities[index, predicted]),
        "true_probability": float(valid.probabilities[index, target]),
        "picture": _thumbnail(content.table, rows[valid.paths[index]]),
    }


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
    shown = []
    train = content.table.of_split("train")
    for label in range(min(2, len(content.table.classes))):
        row = next(row for row in train if row.label == label)
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
