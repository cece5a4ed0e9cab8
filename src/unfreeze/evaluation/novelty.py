"""'None of these': how strange a picture is to the pictures that a model was trained on."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.bounds import HeldOutBound, held_out_bound
from unfreeze.images.turns import by_turns

Floats = npt.NDArray[np.float32]

NEIGHBOURS = 5
MOST_REFERENCES = 2000
REFUSED = 0.05

ROUNDING = 1e-6
"""How much further a bound lies than the picture that sets it: sums in another order must not refuse that one."""

_ROWS_AT_A_TIME = 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Novelty:
    """What has to be kept to tell strange pictures: some of the training pictures' features, and a bound.

    A picture's score is its mean cosine distance to the nearest few of them: 0 for one of them, 1 for features at
    right angles to all. (Sun 2022, "Out-of-distribution detection with deep nearest neighbors", takes the Euclidean
    distance between unit vectors to the k-th; for one neighbour the order is the same.) It needs no classes, so that it
    serves models of one class and of several labels as well.

    Attributes:
        references: Features of unit length, shape (M, D), float16: 2.5 KB a picture of the packaged backbone.
        neighbours: How many of the nearest count.
        bound: The score above which a picture is none of these.
    """

    references: npt.NDArray[np.float16]
    neighbours: int
    bound: HeldOutBound

    def scores(self, features: Floats) -> Floats:
        """How strange pictures are.

        Args:
            features: Pooled features, shape (N, D).

        Returns:
            Scores, shape (N,), the higher the stranger; infinite where a feature is not finite.
        """
        groups = range(0, len(features), _ROWS_AT_A_TIME)
        found = [self._scores(features[start : start + _ROWS_AT_A_TIME]) for start in groups]
        return np.concatenate(found) if found else np.empty(0, np.float32)

    def strangers(self, features: Floats) -> npt.NDArray[np.bool_]:
        """Which pictures, by their pooled features (N, D), are none of these; shape (N,)."""
        return np.asarray(self.scores(features) > self.bound.value)

    def bounded(self, scores: Floats, *, refused: float = REFUSED) -> "Novelty":
        """The same with a bound set on held-out pictures.

        Args:
            scores: Those of pictures that the body was not trained on, shape (V,).
            refused: What part of new pictures of the known kinds may be taken for strange, between 0 and 1.

        Returns:
            With fewer than 1 / refused - 1 scores the bound is infinite: no picture is refused then.

        Raises:
            SettingsError: If the part is not between 0 and 1.
        """
        bound = held_out_bound(scores, share=refused)
        return replace(self, bound=replace(bound, value=bound.value + ROUNDING))

    def _scores(self, features: Floats) -> Floats:
        nearness = unit_length(features) @ self._directions  # (n, M)
        nearest = np.partition(nearness, -self.neighbours, axis=1)[:, -self.neighbours :]
        finite = np.isfinite(features).all(axis=1)
        distance = np.maximum(1 - nearest.mean(axis=1), 0)  # rounding must not bring anything nearer than 0
        return np.where(finite, distance, np.float32(np.inf)).astype(np.float32)

    @cached_property
    def _directions(self) -> Floats:
        return np.ascontiguousarray(self.references.T, np.float32)


def fit_novelty(
    training: Floats,
    held_out: Floats,
    *,
    labels: npt.NDArray[np.integer] | None = None,
    refused: float = REFUSED,
    seed: int = 0,
) -> Novelty:
    """Keeps some training pictures, and sets the bound on held-out ones.

    At most 2,000 pictures are kept, or five a class where that is more: as many of each class as there are, up to a
    number that is the same for all.

    Args:
        training: Pooled features of the training pictures, shape (N, D).
        held_out: Pooled features of pictures that the body was not trained on, shape (V, D), under the same weights.
        labels: Class of each training picture, shape (N,); left away, all are taken for one.
        refused: What part of new pictures of the known kinds may be taken for strange, between 0 and 1.
        seed: Decides which training pictures are kept.

    Returns:
        What has to be kept. Of fewer than 1 / refused - 1 held-out pictures the bound is infinite: no picture is
        refused then.

    Raises:
        SettingsError: If the part is not between 0 and 1.
    """
    classes = np.zeros(len(training), np.int64) if labels is None else labels
    found = kept_references(training[kept_rows(classes, seed=seed)])
    return found.bounded(found.scores(held_out), refused=refused)


def kept_rows(labels: npt.NDArray[np.integer], *, seed: int = 0) -> npt.NDArray[np.int64]:
    """Which training pictures `fit_novelty` keeps, so that only their features have to be read.

    Args:
        labels: Class of each training picture, shape (N,).
        seed: Decides which.

    Returns:
        Row numbers, ascending.
    """
    return even_rows(labels, max(MOST_REFERENCES, NEIGHBOURS * len(np.unique(labels))), seed=seed)


def kept_references(training: Floats) -> Novelty:
    """Makes references of pooled features (M, D) of training pictures, all of them; no picture is refused yet."""
    assert len(training), "a model is trained on pictures"
    kept = unit_length(training).astype(np.float16)
    return Novelty(
        references=kept,
        neighbours=min(NEIGHBOURS, len(kept)),
        bound=held_out_bound(np.empty(0), share=REFUSED),
    )


def even_rows(labels: npt.NDArray[np.integer], most: int, *, seed: int) -> npt.NDArray[np.int64]:
    """Some rows at random, as many of each class as of any other while there are that many.

    Args:
        labels: Class of each row, shape (N,).
        most: How many rows to take at most.
        seed: Decides which.

    Returns:
        Row numbers, ascending.

    >>> len(even_rows(np.array([0] * 100 + [1] * 4), 10, seed=0))
    10
    """
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(labels))
    return np.sort(order[by_turns(labels[order])][:most])


def unit_length(features: Floats) -> Floats:
    """Features (N, D) scaled to a Euclidean length of 1; those of length 0 stay, those not finite become 0."""
    finite = np.nan_to_num(features.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    lengths = np.sqrt(np.square(finite, dtype=np.float64).sum(axis=1, keepdims=True))
    return np.asarray(finite / np.where(lengths > 0, lengths, 1), np.float32)
