"""What the weights at the ends of cycles are worth together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unfreeze.evaluation.predictions import Probabilities
from unfreeze.evaluation.tta import average_views
from unfreeze.learner.fitting import Fitting
from unfreeze.learner.state import Snapshot
from unfreeze.learner.weights import Weights, average_weights
from unfreeze.training.loop import StepSums


@dataclass(frozen=True, kw_only=True)
class SnapshotScores:
    """Validation figures of several cycles' weights together, beside those of the best epoch alone.

    Attributes:
        cycles: Number of cycles.
        best: Sums over the validation pictures under the best epoch's weights.
        ensemble: The same for the mean of the cycles' probabilities (snapshot ensemble, Huang et al. 2017,
            arXiv 1704.00109).
        average: The same under the mean of the cycles' weights.
        average_weights: That mean.
    """

    cycles: int
    best: StepSums
    ensemble: StepSums
    average: StepSums
    average_weights: Weights

    @property
    def average_is_better(self) -> bool:
        """Whether the averaged weights have the lower validation loss."""
        return self.average.mean_loss < self.best.mean_loss

    @property
    def ensemble_is_better(self) -> bool:
        """Whether the averaged predictions have a lower validation loss than both."""
        return self.ensemble.mean_loss < min(self.average.mean_loss, self.best.mean_loss)


def compare(fitting: Fitting) -> SnapshotScores | None:
    """What the weights at the ends of the last fit's cycles are worth together, on the validation pictures.

    Args:
        fitting: What trained; its model has the same weights afterwards.

    Returns:
        The figures; None of fewer than two cycles.
    """
    state, model = fitting.state, fitting.source.model
    if len(state.snapshots) < 2 or state.best is None:
        return None
    labels = [row.label for row in fitting.source.data.table.of_split("valid")]
    now, average = model.weights(momenta=True), average_weights([found.weights for found in state.snapshots])
    try:
        sums = []
        for weights in (average, state.best.weights):
            model.restore(weights)
            sums.append(fitting.validated(fitting.source.stored("valid", 0)))
    finally:
        model.restore(now)
    return SnapshotScores(
        cycles=len(state.snapshots),
        best=sums[1],
        ensemble=scored(ensemble_probabilities(state.snapshots), labels),
        average=sums[0],
        average_weights=average,
    )


def ensemble_probabilities(snapshots: Sequence[Snapshot]) -> Probabilities:
    """The mean of what snapshots say of the validation pictures, shape (N, C)."""
    return average_views([found.valid_logits for found in snapshots], plain_weight=1 / len(snapshots))


def scored(probabilities: Probabilities, labels: Sequence[int]) -> StepSums:
    """What probabilities come to.

    Args:
        probabilities: Shape (N, C).
        labels: Class indices, one a row.

    Returns:
        Sums of losses (nats) and of correct answers.

    >>> scored(np.array([[0.5, 0.5], [0.25, 0.75]]), [0, 1]).correct
    2
    """
    chosen = probabilities[np.arange(len(labels)), list(labels)].astype(np.float64)
    losses = -np.log(np.maximum(chosen, np.finfo(np.float32).tiny))
    return StepSums(len(labels), float(losses.sum()), int((probabilities.argmax(1) == np.asarray(labels)).sum()))
