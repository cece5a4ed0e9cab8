"""The plots of a report: made once, shown in the page and written beside it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unfreeze.errors import RunError
from unfreeze.evaluation import metrics
from unfreeze.evaluation.learning_curve import in_words as curve_in_words
from unfreeze.files import write_whole
from unfreeze.plots.class_gains import SHOWN, plot_class_gains
from unfreeze.plots.confusion import CELLS_WITH_NUMBERS, NAMED, Numbers, plot_confusion
from unfreeze.plots.distances import plot_distances
from unfreeze.plots.drawing import Drawing, Margins
from unfreeze.plots.learning_curve import plot_learning_curve
from unfreeze.plots.losses import plot_losses
from unfreeze.plots.reliability import plot_reliability
from unfreeze.plots.schedule import plot_schedule, restarts
from unfreeze.plots.sweep import plot_lr_find
from unfreeze.plots.text import shortened
from unfreeze.report.calibration import calibration_view
from unfreeze.report.content import ReportContent
from unfreeze.report.plot import Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOMY = Margins(left=0.78, bottom=0.8, top=0.52)
"""For a schedule, which has a second axis above and its legend below."""

LEGEND_ABOVE = Margins(top=0.58)

LETTER = 0.085
"""Width of a letter of a tick's label, in inches."""


def report_plots(content: ReportContent) -> dict[str, Plot]:
    """All plots that there is something to draw of, by name.

    Args:
        content: What the report shows.

    Returns:
        Plots, which are drawn when they are first asked for.
    """
    if not content.drawn:
        for part in (_sweeps, _training, _confusion, _certainty, _growth):
            content.drawn.update(part(content))
    return content.drawn


def write_plots(folder: Path, content: ReportContent) -> None:
    """Writes each plot as PNG and SVG; those that the page has drawn are not drawn again.

    Args:
        folder: Where to; it is made if it is not there.
        content: What the report shows.

    Raises:
        RunError: If a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made ({error.strerror})", subject=folder) from error
    for name, plot in report_plots(content).items():
        for file_format in ("svg", "png"):
            write_whole(folder / f"{name}.{file_format}", plot.drawing.encoded(file_format))


def followed(content: ReportContent, step: int) -> str:
    """The rule whose suggestion was used after a sweep; empty where the rate was given, or is the default."""
    used = content.rates.get(step, "")
    return next((rule for rule in content.sweeps[step].suggestions if f"the {rule} suggestion" in used), "")


def _sweeps(content: ReportContent) -> dict[str, Plot]:
    found = {}
    for step, sweep in content.sweeps.items():
        rule = followed(content, step)
        read = ", ".join(f"{name} {rate:.2g}" for name, rate in sweep.suggestions.items()) or "no clear valley"
        text = f"Training loss against the learning rate in step {step}. Suggestions: {read}."
        draw = partial(plot_lr_find, sweep, used=rule)
        found[f"lr_find_{step}"] = _plot(draw, f"lr_find_{step}", f"{text} Used: {content.rates.get(step, rule)}.")
    return found


def _training(content: ReportContent) -> dict[str, Plot]:
    epochs, steps = content.history.epochs, content.history.steps
    if not epochs:
        return {}
    kept = content.figures.get("kept_epoch")
    losses = (
        f"Losses of {len(epochs)} epochs: training from {epochs[0].train_loss:.3g} to {epochs[-1].train_loss:.3g}, "
        f"validation from {epochs[0].valid_loss:.3g} to {epochs[-1].valid_loss:.3g}; overfitting in "
        f"{sum(record.overfitting for record in epochs)} of them"
        + (f"; the weights of epoch {kept + 1} were kept." if kept is not None else ".")
    )
    count = len(restarts(steps))
    rates = f"Learning rate of each layer group over {len(steps)} steps, with {count} warm restarts."
    return {
        "schedule": _plot(partial(plot_schedule, steps, epochs=epochs), "schedule", rates, height=3.5, margins=ROOMY),
        "losses": _plot(partial(plot_losses, epochs, kept=kept), "losses", losses, height=3.5, margins=LEGEND_ABOVE),
    }


def _confusion(content: ReportContent) -> dict[str, Plot]:
    table = content.judged
    if content.several or not table.paths:
        return {}
    matrix, classes = metrics.confusion(table), table.classes
    wrong = int((~table.correct).sum())
    text = f"Confusion matrix of {len(table.paths)} pictures of {len(classes)} classes; {wrong} are off the diagonal."
    names: dict[str, Numbers] = {"confusion": "counts", "confusion_of_true": "true", "confusion_of_said": "predicted"}
    few = len(classes) <= CELLS_WITH_NUMBERS
    shown = classes if len(classes) <= NAMED else ()
    room = 0.4 + LETTER * max((len(shortened(name)) for name in shown), default=0)
    side = min(7.0, 1.0 + 0.36 * len(classes))
    edges = Margins(left=room + 0.15, bottom=0.8 * room + 0.25)
    size = {"width": side + edges.left + edges.right, "height": side + edges.bottom + edges.top}
    return {
        name: _plot(partial(plot_confusion, matrix, classes, numbers=numbers), name, text, margins=edges, **size)
        for name, numbers in names.items()
        if few or name == "confusion"
    }


def _certainty(content: ReportContent) -> dict[str, Plot]:
    found, view = {}, calibration_view(content)
    if view:
        draw = partial(plot_reliability, view.after_bins, before=view.before_bins)
        text = "Part of the answers that is right against how sure the model was. " + view.sentence
        found["reliability"] = _plot(draw, "reliability", text, height=3.7, margins=LEGEND_ABOVE)
    distances, novelty = content.distances, content.certainty.novelty if content.certainty else None
    if distances is not None and novelty:
        beyond = int((distances > novelty.bound.value).sum())
        text = (
            f"Distances of {len(distances)} pictures to the training pictures; the middle one is "
            f"{float(np.median(distances)):.3f}, and {beyond} lie beyond the bound {novelty.bound.value:.3f}."
        )
        found["distances"] = _plot(partial(plot_distances, distances, bound=novelty.bound.value), "distances", text)
    return found


def _growth(content: ReportContent) -> dict[str, Plot]:
    found = {}
    if content.curve:
        text = f"Validation accuracy against the number of training pictures: {curve_in_words(content.curve)}."
        draw = partial(plot_learning_curve, content.curve)
        found["learning_curve"] = _plot(draw, "learning_curve", text, margins=Margins(top=0.4))
    if content.gains and content.gains.gains:
        shown, classes = content.gains.gains[:SHOWN], content.table.classes
        most = classes[shown[0].label]
        text = f"What {content.gains.added} more training pictures of each class would bring; most likely most: {most}."
        room = 0.3 + LETTER * max(len(shortened(classes[gain.label])) for gain in shown)
        draw = partial(plot_class_gains, content.gains, classes)
        size = {"height": 0.9 + 0.3 * max(2, len(shown))}
        found["class_gains"] = _plot(draw, "class_gains", text, margins=Margins(left=room), **size)
    return found


def _plot(
    draw: "Callable[[Axes], Axes]", name: str, text: str, *, margins: Margins | None = None, **size: float
) -> Plot:
    return Plot(drawing=Drawing(draw=draw, name=name, margins=margins or Margins(), **size), description=text)
