"""The reliability diagram."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from unfreeze.evaluation.reliability import reliability
from unfreeze.plots.reliability import plot_reliability

SURE = np.array([0.55, 0.55, 0.85, 0.85, 0.85, 0.95])
RIGHT = np.array([True, False, True, True, False, True])


def test_marks_stand_where_confidence_and_accuracy_meet_and_grow_with_the_answers() -> None:
    groups = reliability(SURE, RIGHT, bins="width", count=10)
    axes = plot_reliability(groups, Figure().add_subplot())
    (marks,) = (each for each in axes.collections if each.get_label() == "answers")
    found = np.asarray(marks.get_offsets())
    assert found == pytest.approx(np.array([[55, 50], [85, 200 / 3], [95, 100]]))
    sizes = np.asarray(marks.get_sizes())  # type: ignore[attr-defined]
    assert sizes.argsort().tolist() == [2, 0, 1]
    diagonal = axes.lines[0]
    assert np.asarray(diagonal.get_xdata()).tolist() == np.asarray(diagonal.get_ydata()).tolist() == [0, 100]
    assert axes.get_xlim()[0] == axes.get_ylim()[0] <= 50


def test_before_is_drawn_too_where_there_was_a_before() -> None:
    groups = reliability(SURE, RIGHT)
    axes = plot_reliability(groups, Figure().add_subplot(), before=groups)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]  # type: ignore[union-attr]
    assert labels == ["as sure as right", "before calibration", "after calibration"]


def test_no_answers_are_drawn_without_a_warning() -> None:
    assert plot_reliability([], Figure().add_subplot()).get_xlabel() == "confidence (%)"
