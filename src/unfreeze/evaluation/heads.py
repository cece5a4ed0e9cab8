"""Heads that are fitted to some features and asked about others; the only place where anything is fitted to judge."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unfreeze.training.batches import Batch
from unfreeze.training.head import LEAST_FALL, PENALTY, LinearHead
from unfreeze.training.objective import Targets

Wrong = npt.NDArray[np.int8]

QUICK_FALL = 1e-5
"""A fit that ends so early answers one picture in several hundred otherwise, in half the time or less:
docs/decisions/0016-more-pictures.md."""


@dataclass(frozen=True)
class HeldFeatures:
    """Features and labels that are held in memory, as the head takes them.

    Attributes:
        features: Shape (N, D), float32.
        targets: Class indices, shape (N,).
    """

    features: npt.NDArray[np.float32]
    targets: Targets

    def batches(self, indices: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Features (N, D) and labels (N,) of each group of indices."""
        for group in indices:
            chosen = np.asarray(group, np.int64)
            yield self.features[chosen], self.targets[chosen]


def fitted_head(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    *,
    classes: int,
    penalty: float = PENALTY,
    least_fall: float = LEAST_FALL,
    start: LinearHead | None = None,
) -> LinearHead:
    """A head that was fitted exactly.

    Args:
        features: Shape (N, D), float32.
        labels: Class indices, shape (N,).
        classes: Number of classes.
        penalty: How strongly large weights are held back: see `LinearHead.fit_exactly`.
        least_fall: The fit ends when an iteration lowers the loss by a smaller part.
        start: Where the fit begins, which decides how long it takes and hardly where it ends; at zero unless said
            otherwise.

    Returns:
        The head.
    """
    head = LinearHead.at_zero(features.shape[1], classes)
    if start:
        head.restore((start.weight, start.bias))
    head.fit_exactly(HeldFeatures(features, labels), penalty=penalty, least_fall=least_fall)
    return head


def wrong_answers(train: Batch, valid: Batch, *, classes: int) -> Wrong:
    """Which validation pictures a head is wrong about that was fitted to some training pictures.

    Args:
        train: Features (N, D), float32, and labels (N,).
        valid: Features (V, D) and labels (V,).
        classes: Number of classes.

    Returns:
        1 where the answer is wrong, shape (V,), int8.
    """
    return mistakes(fitted_head(*train, classes=classes), valid)


def mistakes(head: LinearHead, valid: Batch) -> Wrong:
    """Which validation pictures, features (V, D) and labels (V,), a head is wrong about: 1 for each, shape (V,)."""
    return np.asarray(head.logits(valid[0]).argmax(1) != valid[1], np.int8)
