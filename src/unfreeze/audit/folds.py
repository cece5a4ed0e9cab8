"""What a head says of each picture when it was trained without it: out-of-fold predictions on stored activations."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats
from unfreeze.evaluation.heads import fitted_head
from unfreeze.training.head import one_thread

FOLDS = 5

DIVISIONS = 5
"""Ways of dividing the pictures that what is said of a label is averaged over."""

MOST_REPEATED = 20_000
"""Pictures that are divided more than once."""

PENALTY = 30.0
"""Of the head that judges labels: six times that of a head that is kept, so that it cannot learn wrong labels by
heart; docs/decisions/0009-doctor.md has the figures."""


def fold_numbers(
    classes: Sequence[int], clusters: Sequence[str], *, count: int = FOLDS, division: int = 0
) -> npt.NDArray[np.int64]:
    """Parts of a collection that have the same share of each class, copies of a picture in one part.

    Args:
        classes: Class index of each picture.
        clusters: A name for each picture that its copies share.
        count: Number of parts.
        division: Another number divides otherwise.

    Returns:
        The part of each picture, shape (N,), values 0..count-1; neither order nor chance decides it.

    >>> sorted(fold_numbers([0] * 4 + [1] * 4, list("abcdefgh"), count=2).tolist())
    [0, 0, 0, 0, 1, 1, 1, 1]
    """
    first_class = {name: label for label, name in sorted(zip(classes, clusters, strict=True), reverse=True)}
    by_class: dict[int, list[str]] = defaultdict(list)
    for name, label in first_class.items():
        by_class[label].append(name)
    part: dict[str, int] = {}
    for names in by_class.values():
        for name in sorted(names, key=partial(_rank, division)):
            part[name] = len(part) % count
    return np.array([part[name] for name in clusters], np.int64)


def out_of_fold(
    features: Floats, classes: Sequence[int], folds: npt.NDArray[np.int64], *, penalty: float = PENALTY
) -> npt.NDArray[np.float64]:
    """Probabilities of each picture's classes by a head that was fitted to the other parts.

    Args:
        features: Pooled activations (N, D).
        classes: Class index of each picture.
        folds: The part of each picture, shape (N,).
        penalty: How strongly large weights are held back: see `LinearHead.fit_exactly`.

    Returns:
        Probabilities, shape (N, C).
    """
    labels = np.asarray(classes, np.int64)
    found = np.zeros((len(labels), int(labels.max()) + 1))
    for part in np.unique(folds):
        inside = folds == part
        head = fitted_head(features[~inside], labels[~inside], classes=found.shape[1], penalty=penalty)
        with one_thread():
            found[inside] = head.objective.probabilities(head.logits(features[inside]))
    return found


def repeatedly_out_of_fold(
    features: Floats, classes: Sequence[int], clusters: Sequence[str], *, penalty: float = PENALTY
) -> npt.NDArray[np.float64]:
    """Probabilities as `out_of_fold` has them, averaged over several ways of dividing the pictures.

    What a head says of a picture on the edge depends on which others it was fitted to; an average does so less. Of very
    many pictures no few are left out that could turn it, and they are divided once.

    Args:
        features: Pooled activations (N, D).
        classes: Class index of each picture.
        clusters: A name for each picture that its copies share.
        penalty: How strongly large weights are held back.

    Returns:
        Probabilities, shape (N, C).
    """
    divisions = DIVISIONS if len(classes) <= MOST_REPEATED else 1
    found = [
        out_of_fold(features, classes, fold_numbers(classes, clusters, division=division), penalty=penalty)
        for division in range(divisions)
    ]
    return np.asarray(np.mean(found, axis=0), np.float64)


def _rank(division: int, name: str) -> bytes:
    text = f"fold {division} {name}" if division else f"fold {name}"
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest()
