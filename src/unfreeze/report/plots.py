"""Plots of a run. Each draws on axes that it is given and returns them, so that a notebook can arrange them."""

import io
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unfreeze.training.history import EpochRecord, StepRecord
from unfreeze.training.lr_find import LrSweep

COLOURS = {"early": "#7a5195", "late": "#ef8636", "head": "#1f77b4", "train": "#8a8f98", "valid": "#1f77b4"}
FIRST_STEPS = 20
"""The height of a sweep's plot is set by the losses of so many steps at its beginning."""

CELLS_WITH_NUMBERS = 20
"""A confusion matrix of more classes is drawn without numbers in its cells."""


def plot_lr_find(sweep: LrSweep, axes: Axes) -> Axes:
    """The loss against the learning rate, with the suggestions marked.

    Args:
        sweep: What the finder saw.
        axes: Where to draw.

    Returns:
        The axes.
    """
    axes.plot(sweep.rates, sweep.losses, color=COLOURS["train"], alpha=0.4, linewidth=0.8, label="loss of the batch")
    axes.plot(sweep.rates, sweep.smoothed, color=COLOURS["head"], label="smoothed")
    for (rule, rate), mark in zip(sweep.suggestions.items(), "ov^s", strict=False):
        height = np.interp(np.log(rate), np.log(sweep.rates), sweep.smoothed)
        axes.plot([rate], [height], mark, label=f"{rule} {rate:.2g}")
    top = 1.5 * max(sweep.smoothed[:FIRST_STEPS], default=1.0)  # a diverging loss would hide the valley
    axes.set(xscale="log", xlabel="learning rate of the head", ylabel="training loss", ylim=(0, top))
    axes.legend(fontsize="small")
    return axes


def plot_schedule(steps: Sequence[StepRecord], axes: Axes) -> Axes:
    """The learning rate of each layer group over all steps.

    Args:
        steps: The steps taken.
        axes: Where to draw.

    Returns:
        The axes.
    """
    numbers = [record.step for record in steps]
    for group in steps[0].rates if steps else ():
        axes.plot(numbers, [record.rates[group] for record in steps], color=COLOURS.get(group), label=group)
    axes.set(xlabel="step (mini-batch)", ylabel="learning rate", ylim=(0, None))
    axes.legend(fontsize="small")
    return axes


def plot_losses(epochs: Sequence[EpochRecord], axes: Axes, *, kept: int | None = None) -> Axes:
    """Training and validation loss of each epoch, with overfitting shaded and the kept weights marked.

    Args:
        epochs: The epochs.
        axes: Where to draw.
        kept: Number of the epoch whose weights were kept.

    Returns:
        The axes.
    """
    numbers = [record.epoch + 1 for record in epochs]
    axes.plot(numbers, [r.train_loss for r in epochs], "o-", color=COLOURS["train"], label="training, as trained")
    axes.plot(numbers, [r.valid_loss for r in epochs], "o-", color=COLOURS["valid"], label="validation")
    label: str | None = "overfitting"
    for record in epochs:
        if record.overfitting:
            axes.axvspan(record.epoch + 0.5, record.epoch + 1.5, color=COLOURS["late"], alpha=0.12, lw=0, label=label)
            label = None
    for record in epochs:
        if record.epoch == kept:
            axes.plot([record.epoch + 1], [record.valid_loss], "*", color="#c1121f", markersize=14, label="kept")
    axes.set(xlabel="epoch", ylabel="loss (nats)", xticks=numbers, ylim=(0, None))
    axes.legend(fontsize="small")
    return axes


def plot_confusion(matrix: npt.NDArray[np.int64], classes: Sequence[str], axes: Axes) -> Axes:
    """How many pictures of each true class were given each class.

    Args:
        matrix: Counts, shape (C, C), true classes in rows.
        classes: The C class names.
        axes: Where to draw.

    Returns:
        The axes.
    """
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(classes) <= CELLS_WITH_NUMBERS:
        for (row, column), count in np.ndenumerate(matrix):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize="small")
    short = [name if len(name) <= 24 else f"{name[:22]}…" for name in map(_plain_text, classes)]
    ticks = range(len(classes))
    axes.set_xticks(ticks, short, rotation=45, ha="right")
    axes.set_yticks(ticks, short)
    axes.set(xlabel="predicted", ylabel="true")
    return axes


def to_svg(draw: Callable[[Axes], Axes], *, width: float = 7.0, height: float = 3.6) -> str:
    """Draws on new axes and returns the picture as SVG, the same bytes for the same data.

    Args:
        draw: One of the plots, its other arguments bound.
        width: Width in inches.
        height: Height in inches.

    Returns:
        An `<svg>` element.
    """
    with rc_context({"svg.hashsalt": "unfreeze", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.add_subplot())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _plain_text(name: str) -> str:
    """A name as matplotlib should show it: dollar signs are no formulas, and what cannot be encoded is escaped."""
    return name.encode("utf-8", errors="backslashreplace").decode().replace("$", r"\$")
