"""The plot of the learning curve."""

from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure

from unfreeze.evaluation.learning_curve import LearningCurve
from unfreeze.plots.learning_curve import plot_learning_curve
from unfreeze.plots.picture import picture_bytes


def curve(*errors: int) -> LearningCurve:
    """Sizes 10, 20, 40 and so on; at each so many of 50 pictures are wrong."""
    wrong = np.stack([[np.arange(50) < count for count in errors]] * 2).astype(np.int8)
    return LearningCurve(sizes=tuple(10 * 2**index for index in range(len(errors))), wrong=wrong)


def test_the_curve_goes_on_to_twice_the_pictures() -> None:
    axes = plot_learning_curve(curve(20, 14, 10, 8), Figure().add_subplot())
    solid, dashed = axes.get_lines()[:2]
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert np.asarray(dashed.get_xdata())[[0, -1]] == pytest.approx([80, 160])
    assert np.asarray(dashed.get_ydata())[0] == pytest.approx(np.asarray(solid.get_ydata())[-1])
    assert 80 < np.asarray(dashed.get_ydata())[-1] < 100
    assert "160" in [label.get_text() for label in axes.get_xticklabels()]


def test_too_few_sizes_are_drawn_without_a_curve() -> None:
    axes = plot_learning_curve(curve(20, 14), Figure().add_subplot())
    assert "--" not in [line.get_linestyle() for line in axes.get_lines()]
    svg = picture_bytes(partial(plot_learning_curve, curve(20, 14))).decode()
    assert "training pictures" in svg
    assert "if it goes on" not in svg
    assert "if it goes on" in picture_bytes(partial(plot_learning_curve, curve(20, 14, 10, 8))).decode()
