"""What the weights at the ends of cycles are worth together."""

from collections.abc import Sequence
from dataclasses import dataclass

from unfreeze.evaluation.predictions import Probabilities
from unfreeze.evaluation.tta import average_views
from unfreeze.learner.fitting import Fitting
from unfreeze.learner.state import Snapshot
from unfreeze.learner.weights import Weights, average_weights
from unfreeze.training.loop import StepSums
from unfreeze.training.objective import EXCLUSIVE, Objective, Targets


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
    data = fitting.source.data
    targets = data.targets(data.table.of_split("valid"))
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
        ensemble=scored(ensemble_probabilities(state.snapshots, data.objective), targets, data.objective),
        average=sums[0],
        average_weights=average,
    )


def ensemble_probabilities(snapshots: Sequence[Snapshot], objective: Objective) -> Probabilities:
    """The mean of what snapshots say of the validation pictures, shape (N, C)."""
    logits = [found.valid_logits for found in snapshots]
    return average_views(logits, plain_weight=1 / len(snapshots), objective=objective)


def scored(probabilities: Probabilities, targets: Targets, objective: Objective = EXCLUSIVE) -> StepSums:
    """What probabilities come to.

    Args:
        probabilities: Shape (N, C).
        targets: Class indices (N,), or (N, C) where there are several labels.
        objective: What the probabilities are of.

    Returns:
        Sums of losses (nats) and of correct answers.

    >>> import numpy as np
    >>> scored(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1])).correct
    2
    """
    right = objective.agree(objective.answers(probabilities), targets)
    return StepSums(len(targets), float(objective.losses_of(probabilities, targets).sum()), int(right.sum()))
