"""The plot of a sweep."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from unfreeze.plots.sweep import plot_lr_find
from unfreeze.training.lr_find import LrSweep


def test_the_finders_curve_and_its_suggestions(sweep: LrSweep) -> None:
    axes = Figure().add_subplot()
    assert plot_lr_find(sweep, axes) is axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]  # type: ignore[union-attr]
    assert labels[:2] == ["loss of the batch", "smoothed"]
    assert labels[2:] == [f"{rule} {rate:.2g}" for rule, rate in sweep.suggestions.items()]
    assert axes.get_xscale() == "log"
    assert axes.lines[1].get_ydata() == pytest.approx(sweep.smoothed)
    mark = axes.lines[3]
    assert np.interp(np.log(mark.get_xdata()), np.log(sweep.rates), sweep.smoothed) == pytest.approx(mark.get_ydata())
