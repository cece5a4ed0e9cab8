"""The plot of losses."""

from matplotlib.figure import Figure

from unfreeze.plots.losses import plot_losses
from unfreeze.training.history import History


def test_losses_mark_overfitting_and_the_kept_epoch(history: History) -> None:
    axes = plot_losses(history.epochs, Figure().add_subplot(), kept=2)
    spans = [patch for patch in axes.patches if patch.get_alpha() == 0.12]
    assert len(spans) == sum(record.overfitting for record in history.epochs) == 3
    star = next(line for line in axes.lines if line.get_label() == "kept")
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (3, 0.4)  # type: ignore[index]
