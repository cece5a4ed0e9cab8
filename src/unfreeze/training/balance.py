"""Makes up for classes of different sizes: rare ones count more, or are shown more often."""

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.training.objective import Targets


def answer_weights(targets: Targets, classes: int) -> Floats:
    """How much each answer has to count for all to count alike over the training pictures.

    An answer that n of N pictures have, one of K that occur, weighs N / (K n), as scikit-learn's "balanced" does (King
    and Zeng 2001): the mean over the pictures is 1. One that does not occur weighs 1.

    Args:
        targets: What the training pictures are: class indices (N,), or (N, C), 1 where a picture has a label.
        classes: Number of classes or labels, C.

    Returns:
        Shape (C,) for classes; (2, C) for no and yes of each label. float32.

    >>> answer_weights(np.array([0, 0, 0, 1]), 2).astype(float).round(2).tolist()
    [0.67, 2.0]
    """
    if targets.ndim == 1:
        return _balanced(np.bincount(targets, minlength=classes)[:, np.newaxis])[:, 0]
    yes = targets.sum(0, dtype=np.float64)
    return _balanced(np.stack([len(targets) - yes, yes]))  # (2, C)


def balanced_order(labels: Targets, *, seed: int, epoch: int) -> list[int]:
    """The pictures of one training epoch in which every class comes as often as any other.

    An epoch stays as long as it is, so a large class does not come whole in each. A class's pictures come equally
    often, give or take one; which of them come once more, and the order, are decided by seed and epoch.

    Args:
        labels: Class indices, shape (N,).
        seed: The run's seed.
        epoch: Number of the epoch.

    Returns:
        N indices.
    """
    draw = np.random.Generator(np.random.PCG64([seed, epoch]))
    found: list[int] = []
    present = draw.permutation(np.unique(labels))
    for number, label in enumerate(present):
        own = np.flatnonzero(labels == label)
        wanted = len(labels) * (number + 1) // len(present) - len(labels) * number // len(present)
        rounds = [draw.permutation(own) for _ in range(-(-wanted // len(own)))]
        found += np.concatenate(rounds)[:wanted].tolist() if rounds else []
    return [found[place] for place in draw.permutation(len(found))]


def _balanced(counts: np.ndarray) -> Floats:
    """Weights of answers (K, C) from how many pictures have each, a column by itself."""
    occur = (counts > 0).sum(0)
    weights = counts.sum(0) / (occur * np.maximum(counts, 1))
    return np.asarray(np.where(counts > 0, weights, 1), np.float32)
