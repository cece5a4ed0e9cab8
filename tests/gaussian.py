"""Two classes whose features are normal: the error of a head on them is known exactly."""

import math

import numpy as np

from unfreeze.evaluation.heads import fitted_head
from unfreeze.training.batches import Batch

WIDTH = 20
DISTANCE = 1.0
"""Of each class's middle from the origin, in standard deviations, along the first feature."""


def drawn(count: int, generator: np.random.Generator) -> Batch:
    """Features (N, 20) and labels of two classes that are equally likely."""
    labels = generator.integers(0, 2, count)
    features = generator.normal(size=(count, WIDTH)).astype(np.float32)
    features[:, 0] += (2 * labels - 1) * DISTANCE
    return features, labels


def expected_error(count: int, *, models: int = 40) -> float:
    """How often heads that were fitted to so many pictures are wrong about new ones, by the normal distribution."""
    generator = np.random.default_rng(12345)
    errors = []
    for _ in range(models):
        features, labels = drawn(count, generator)
        head = fitted_head(features, labels, classes=2)
        slope, offset = (np.float64(part[1]) - part[0] for part in (head.weight, head.bias))
        length = float(np.linalg.norm(slope))
        margins = [(DISTANCE * slope[0] + sign * offset) / length for sign in (1, -1)]
        errors.append(np.mean([math.erfc(margin / math.sqrt(2)) / 2 for margin in margins]))
    return float(np.mean(errors))
