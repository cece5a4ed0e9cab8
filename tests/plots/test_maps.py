"""The figure of maps: a picture each, titled, names taken as they are."""

import numpy as np

from unfreeze.evaluation.activation_maps import ActivationMaps
from unfreeze.plots.maps import COLUMNS, plot_activation_maps


def test_each_picture_has_its_place_and_title() -> None:
    count = COLUMNS + 1
    evidence = np.zeros((count, 1, 2), np.float32)
    evidence[0, 0] = 3, -3
    found = ActivationMaps(
        squares=np.full((count, 3, 32, 32), 128, np.uint8),
        classes=np.zeros(count, np.int64),
        evidence=evidence,
        logits=np.zeros((count, 2), np.float32),
        exact=True,
    )
    figure = plot_activation_maps(found, titles=["$cat", *"abcd"])
    assert [axes.get_title() for axes in figure.axes] == ["$cat", *"abcd"]
    first, second = (np.asarray(axes.images[0].get_array(), int) for axes in figure.axes[:2])
    assert first[0, 0, 0] > first[0, 0, 2]
    assert first[0, -1, 0] < first[0, -1, 2]
    assert (second == 128).all()
    figure.canvas.draw()
    assert [axes.get_title() for axes in plot_activation_maps(found).axes] == [""] * count
