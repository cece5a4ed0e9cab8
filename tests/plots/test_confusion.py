"""The plot of a confusion matrix."""

from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure

from unfreeze.plots.confusion import plot_confusion
from unfreeze.plots.picture import picture_bytes


@pytest.mark.parametrize(("classes", "cells"), [(3, 9), (21, 0)])
def test_the_confusion_matrix_is_numbered_while_it_can_be_read(classes: int, cells: int) -> None:
    axes = plot_confusion(np.eye(classes, dtype=np.int64), [f"c{i}" for i in range(classes)], Figure().add_subplot())
    assert len(axes.texts) == cells


def test_a_class_name_is_no_formula() -> None:
    svg = picture_bytes(partial(plot_confusion, np.eye(2, dtype=np.int64), ["$\\frac{1$", "b\udcff"])).decode()
    assert "frac" in svg
