"""The plot of distances."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from unfreeze.plots.distances import plot_distances


def test_all_finite_distances_are_counted_and_the_bound_is_marked() -> None:
    distances = np.array([0.1, 0.2, 0.2, 0.9, np.inf], np.float32)
    axes = plot_distances(distances, Figure().add_subplot(), bound=0.5)
    assert sum(patch.get_height() for patch in axes.patches[:-1]) == 4  # type: ignore[attr-defined]
    assert np.asarray(axes.lines[0].get_xdata()) == pytest.approx([0.5, 0.5])
    assert axes.texts[0].get_text() == "none of these from 0.500"
    assert axes.get_ylim()[1] > 2


@pytest.mark.parametrize("bound", [None, np.inf])
def test_without_a_bound_none_is_drawn(bound: float | None) -> None:
    axes = plot_distances(np.zeros(0, np.float32), Figure().add_subplot(), bound=bound)
    assert not axes.lines
    assert not axes.texts
