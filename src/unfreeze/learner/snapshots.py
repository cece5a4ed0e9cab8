"""What the weights at the ends of cycles are worth together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unfreeze.evaluation.predictions import Probabilities
from unfreeze.evaluation.tta import average_views
from unfreeze.learner.state import Snapshot
from unfreeze.learner.weights import Weights
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
