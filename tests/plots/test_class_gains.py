"""The plot of what more pictures of each class would bring."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from unfreeze.evaluation.class_gains import ClassGain, ClassGains
from unfreeze.plots.class_gains import plot_class_gains


def test_the_class_that_would_gain_most_stands_at_the_top() -> None:
    gains = tuple(
        ClassGain(label=label, pictures=9, gain=gain, low=-0.01, high=0.05) for label, gain in ((1, 0.02), (0, 0))
    )
    found = ClassGains(added=50, gains=gains, too_small=(2,), best=1)
    axes = plot_class_gains(found, ["a$", "b", "c"], Figure().add_subplot())
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b", r"a\$"]
    assert axes.get_ylim() == (1.5, -0.5)
    assert np.asarray(axes.lines[1].get_xdata()) == pytest.approx([2, 0])
    assert axes.get_xlabel() == "points of accuracy with 50 more"
    only = plot_class_gains(found, ["a", "b", "c"], Figure().add_subplot(), shown=1)
    assert [label.get_text() for label in only.get_yticklabels()] == ["b"]
