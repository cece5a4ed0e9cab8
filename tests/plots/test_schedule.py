"""Plots of the rates that were taken and of those that are planned."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from unfreeze.plots.colours import COLOURS
from unfreeze.plots.schedule import MOST_CYCLE_MARKS, plot_planned, plot_schedule, restarts
from unfreeze.training.history import History, StepRecord
from unfreeze.training.schedules import ConstantRate, CosineRestarts, FlatCosine, OneCycle, Schedule, WarmUp


def planned(schedule: Schedule, rates: float | dict[str, float] = 0.01, epoch_steps: int = 5) -> Axes:
    figure = Figure()
    axes = figure.add_subplot()
    assert plot_planned(schedule, rates, axes, epoch_steps=epoch_steps) is axes
    figure.draw_without_rendering()
    return axes


def curves(axes: Axes) -> dict[str, Line2D]:
    return {str(line.get_label()): line for line in axes.lines if len(np.asarray(line.get_xdata())) > 2}


def marks(axes: Axes) -> list[float]:
    """Where lines stand upright."""
    found = [np.asarray(line.get_xdata()) for line in axes.lines if len(np.asarray(line.get_xdata())) == 2]
    assert all(first == second for first, second in found)
    return [float(first) for first, _ in found]


def words_of_legend(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_the_schedule_has_a_line_a_group(history: History) -> None:
    axes = plot_schedule(history.steps, Figure().add_subplot())
    assert [line.get_label() for line in axes.lines[:3]] == ["early", "late", "head"]
    assert axes.lines[2].get_ydata() == pytest.approx([r.rates["head"] for r in history.steps])


def test_rates_of_frozen_groups_are_not_drawn_and_restarts_are_marked_where_they_happen(history: History) -> None:
    axes = plot_schedule(history.steps, Figure().add_subplot(), epochs=history.epochs)
    assert words_of_legend(axes) == ["head", "warm restart"]
    assert restarts(history.steps) == [5, 10, 15] == marks(axes)
    (epochs,) = axes.child_axes
    assert list(epochs.get_xticks()) == [5, 10, 15, 20]
    assert [label.get_text() for label in epochs.get_xticklabels()] == ["1", "2", "3", "4"]
    thawed = [replace(epoch, frozen=("early",) if epoch.epoch < 3 else ()) for epoch in history.epochs]
    axes = plot_schedule(history.steps, Figure().add_subplot(), epochs=thawed)
    early = np.asarray(axes.lines[0].get_ydata())
    assert np.isnan(early[:15]).all()
    assert (early[15:] == 0.001).all()


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (CosineRestarts((5, 10, 15)), [5, 10]),
        (CosineRestarts((5, 15, 35)), [5, 15]),
        (WarmUp(20, CosineRestarts((6, 12))), [26]),
        (ConstantRate((5, 10)), []),
        (OneCycle(400), []),
        (OneCycle(20), []),
    ],
)
def test_the_lessons_schedules_restart_where_their_cycles_begin(schedule: Schedule, expected: list[int]) -> None:
    factors = [schedule.factor(step) for step in range(schedule.cycle_ends[-1])]
    steps = [StepRecord(step=step, epoch=0, loss=1.0, rates={"head": factor}) for step, factor in enumerate(factors)]
    assert restarts(steps) == expected


def test_no_steps_are_drawn_without_a_warning() -> None:
    assert plot_schedule([], Figure().add_subplot()).get_legend() is None


def test_a_plan_shows_the_rate_of_each_step_and_where_cycles_end() -> None:
    schedule = CosineRestarts((5, 15, 35))
    axes = planned(schedule)
    (line,) = curves(axes).values()
    assert np.asarray(line.get_xdata()).tolist() == list(range(35))
    assert np.asarray(line.get_ydata()) == pytest.approx([0.01 * schedule.factor(step) for step in range(35)])
    assert marks(axes) == [5, 15, 35]
    assert axes.get_xlim()[0] <= 0 < 35 < axes.get_xlim()[1]  # the last mark does not lie on the frame
    assert axes.get_ylim()[0] == 0
    assert words_of_legend(axes) == ["learning rate", "end of a cycle"]


def test_epochs_are_counted_above() -> None:
    axes = planned(CosineRestarts((5, 15, 35)), epoch_steps=5)
    (epochs,) = axes.child_axes
    assert epochs.get_xlabel() == "epoch"
    assert np.array(epochs.get_xlim()) * 5 == pytest.approx(axes.get_xlim())
    assert {0.0, 1.0, 2.0, 7.0} <= {round(float(tick), 9) for tick in epochs.get_xticks()}


def test_each_group_of_a_plan_has_its_rate_and_its_colour() -> None:
    rates = {"early": 0.001, "late": 0.003, "head": 0.01}
    axes = planned(WarmUp(4, CosineRestarts((6,))), rates)
    for name, line in curves(axes).items():
        heights = np.asarray(line.get_ydata())
        assert heights.max() == pytest.approx(rates[name])
        assert heights[:4] == pytest.approx([rates[name] * part for part in (0.2, 0.4, 0.6, 0.8)])
        assert line.get_color() == COLOURS[name]
    assert words_of_legend(axes) == ["early", "late", "head", "end of a cycle"]


@pytest.mark.parametrize("schedule", [ConstantRate((6,)), CosineRestarts((6,)), FlatCosine(6)])
def test_momentum_that_never_changes_is_not_drawn(schedule: Schedule) -> None:
    figure = planned(schedule).figure
    assert isinstance(figure, Figure)
    assert len(figure.axes) == 1


def test_momentum_that_changes_has_an_axis_of_its_own() -> None:
    schedule = OneCycle(40)
    axes = planned(schedule)
    assert isinstance(axes.figure, Figure)
    (twin,) = (other for other in axes.figure.axes if other is not axes)
    (line,) = twin.lines
    assert twin.get_ylabel() == "momentum"
    assert np.asarray(line.get_ydata()) == pytest.approx([schedule.momentum(step) for step in range(40)])
    assert words_of_legend(axes) == ["learning rate", "end of a cycle", "momentum"]


@pytest.mark.parametrize(("cycles", "marked"), [(MOST_CYCLE_MARKS, MOST_CYCLE_MARKS), (MOST_CYCLE_MARKS + 1, 0)])
def test_ends_of_very_many_cycles_are_left_out(cycles: int, marked: int) -> None:
    axes = planned(CosineRestarts(tuple(range(3, 3 * cycles + 1, 3))))
    assert len(marks(axes)) == marked
    assert ("end of a cycle" in words_of_legend(axes)) == bool(marked)
