"""Plots draw what they are given, on axes that they are given."""

from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure

from unfreeze.report.plots import plot_confusion, plot_losses, plot_lr_find, plot_schedule, to_svg
from unfreeze.training.history import History
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


def test_the_schedule_has_a_line_a_group(history: History) -> None:
    axes = plot_schedule(history.steps, Figure().add_subplot())
    assert [line.get_label() for line in axes.lines] == ["early", "late", "head"]
    assert axes.lines[2].get_ydata() == pytest.approx([r.rates["head"] for r in history.steps])


def test_losses_mark_overfitting_and_the_kept_epoch(history: History) -> None:
    axes = plot_losses(history.epochs, Figure().add_subplot(), kept=2)
    spans = [patch for patch in axes.patches if patch.get_alpha() == 0.12]
    assert len(spans) == sum(record.overfitting for record in history.epochs) == 3
    star = next(line for line in axes.lines if line.get_label() == "kept")
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (3, 0.4)  # type: ignore[index]


@pytest.mark.parametrize(("classes", "cells"), [(3, 9), (21, 0)])
def test_the_confusion_matrix_is_numbered_while_it_can_be_read(classes: int, cells: int) -> None:
    axes = plot_confusion(np.eye(classes, dtype=np.int64), [f"c{i}" for i in range(classes)], Figure().add_subplot())
    assert len(axes.texts) == cells


def test_a_class_name_is_no_formula() -> None:
    svg = to_svg(partial(plot_confusion, np.eye(2, dtype=np.int64), ["$\\frac{1$", "b\udcff"]))
    assert "frac" in svg


def test_the_same_data_gives_the_same_bytes(history: History) -> None:
    draw = partial(plot_losses, history.epochs)
    assert to_svg(draw) == to_svg(draw)
    assert to_svg(draw).startswith("<svg")
