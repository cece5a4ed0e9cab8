"""The plot of losses by epoch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unfreeze.plots.colours import COLOURS
from unfreeze.training.history import EpochRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_TICKS = 16
"""Of more epochs not each one is numbered."""


def plot_losses(epochs: Sequence[EpochRecord], axes: "Axes", *, kept: int | None = None) -> "Axes":
    """Training and validation loss of each epoch, with overfitting shaded and the kept weights marked.

    Args:
        epochs: The epochs.
        axes: Where to draw.
        kept: Number of the epoch whose weights were kept.

    Returns:
        The axes.
    """
    numbers = [record.epoch + 1 for record in epochs]
    axes.plot(
        numbers, [r.train_loss for r in epochs], "s--", color=COLOURS["train"], ms=4, label="training, as trained"
    )
    axes.plot(numbers, [r.valid_loss for r in epochs], "o-", color=COLOURS["valid"], ms=5, label="validation")
    label: str | None = "overfitting"
    for record in epochs:
        if record.overfitting:
            axes.axvspan(record.epoch + 0.5, record.epoch + 1.5, color=COLOURS["late"], alpha=0.12, lw=0, label=label)
            label = None
    for record in epochs:
        if record.epoch == kept:
            axes.plot(
                [record.epoch + 1],
                [record.valid_loss],
                "*",
                color=COLOURS["kept"],
                markersize=15,
                label="kept",
                zorder=5,
            )
    every = -(-len(numbers) // MOST_TICKS)
    axes.set(xlabel="epoch", ylabel="loss (nats)", xticks=numbers[every - 1 :: every], ylim=(0, None))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)  # above: inside, it would hide a curve
    return axes
