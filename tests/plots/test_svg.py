"""A plot as an element of a page."""

from functools import partial

from unfreeze.plots.losses import plot_losses
from unfreeze.plots.svg import to_svg
from unfreeze.training.history import History


def test_the_same_data_gives_the_same_bytes(history: History) -> None:
    draw = partial(plot_losses, history.epochs)
    assert to_svg(draw) == to_svg(draw)
    assert to_svg(draw).startswith("<svg")
    assert to_svg(draw).rstrip().endswith("</svg>")
