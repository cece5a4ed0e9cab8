"""Test-time augmentation: the average of what the model says of several views."""

from collections.abc import Sequence

import numpy as np

from unfreeze.evaluation.predictions import Probabilities
from unfreeze.training.objective import EXCLUSIVE, Objective


def average_views(
    logits: Sequence[np.ndarray], *, plain_weight: float | None = None, objective: Objective = EXCLUSIVE
) -> Probabilities:
    """Averages the probabilities of a picture's views.

    Args:
        logits: Logits (N, C) of the plain view, then of the augmented ones.
        plain_weight: What the plain view weighs; as much as each other one unless said otherwise.
        objective: What the logits are of.

    Returns:
        Probabilities (N, C), float32.

    >>> average_views([np.zeros((1, 2), np.float32)] * 5).tolist()
    [[0.5, 0.5]]
    """
    views = len(logits)
    plain = 1 / views if plain_weight is None else plain_weight
    weights = [plain] + [(1 - plain) / (views - 1)] * (views - 1) if views > 1 else [1.0]
    total = sum(weight * objective.probabilities(view) for weight, view in zip(weights, logits, strict=True))
    return np.asarray(total, np.float32)
