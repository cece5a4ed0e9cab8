"""The plot of the learning-rate finder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from unfreeze.plots.colours import COLOURS
from unfreeze.plots.text import power_of_ten
from unfreeze.training.lr_band import LrBand
from unfreeze.training.lr_find import LrSweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIRST_STEPS = 20
"""The height of a sweep's plot is set by the losses of so many steps at its beginning."""


def plot_lr_find(sweep: LrSweep | LrBand, axes: "Axes", *, used: str = "") -> "Axes":
    """The loss against the learning rate, with the suggestions marked.

    Args:
        sweep: What the finder saw; of a band, the median curve and the median suggestions.
        axes: Where to draw.
        used: The rule whose suggestion was followed, which gets a line of its own; none unless said otherwise.

    Returns:
        The axes.
    """
    axes.plot(sweep.rates, sweep.losses, color=COLOURS["train"], alpha=0.5, linewidth=0.8, label="loss of the batch")
    axes.plot(sweep.rates, sweep.smoothed, color=COLOURS["head"], label="smoothed")
    for (rule, rate), mark in zip(sweep.suggestions.items(), "ov^s", strict=False):
        height = np.interp(np.log(rate), np.log(sweep.rates), sweep.smoothed)
        colour = COLOURS["kept"] if rule == used else COLOURS["momentum"]
        axes.plot([rate], [height], mark, color=colour, label=f"{rule} {rate:.2g}{', used' if rule == used else ''}")
        if rule == used:
            axes.axvline(rate, color=colour, linewidth=1.2, linestyle="--", zorder=1)
    if isinstance(sweep, LrBand) and used in sweep.band:
        axes.axvspan(*sweep.band[used], color=COLOURS["kept"], alpha=0.1, linewidth=0)
    top = 1.5 * max(sweep.smoothed[:FIRST_STEPS], default=1.0)  # a diverging loss would hide the valley
    axes.set(xscale="log", xlabel="learning rate of the head", ylabel="training loss (nats)", ylim=(0, top))
    powers = [power for power in 10.0 ** np.arange(-9, 4) if not sweep.rates or _near(power, sweep.rates)]
    axes.set_xticks(powers, [power_of_ten(power) for power in powers])
    axes.set_xticks([], minor=True)
    axes.legend(loc="lower left")
    return axes


def _near(power: float, rates: Sequence[float]) -> bool:
    return 0.9 * min(rates) <= power <= 1.1 * max(rates)
