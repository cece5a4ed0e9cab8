"""Areas under the ROC and the precision-recall curve of one score, and what each picture does to them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Areas:
    """Two areas of one score over N pictures, each with its pulls.

    A picture's pull is the derivative of the area with respect to the weight that the picture has; pulls sum to 0. The
    sum of their squares is the area's variance (the infinitesimal jackknife of Jaeckel 1972); of the ROC area it is
    that of DeLong, DeLong and Clarke-Pearson (1988) with variances of n instead of n - 1 pictures.

    Attributes:
        roc: Area under the ROC curve; NaN unless there are pictures of both kinds.
        precision: Average precision; NaN where no picture is positive.
        roc_pulls: Shape (N,); NaN where the area is.
        precision_pulls: Shape (N,); NaN where the average precision is.
    """

    roc: float
    precision: float
    roc_pulls: Doubles
    precision_pulls: Doubles


def areas(scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]) -> Areas:
    """How well a score puts the positive pictures before the others, whatever the threshold.

    The ROC area is how often a positive picture has a higher score than another one, a tie counting half. Average
    precision is the precision at each threshold, weighed by the recall that it adds (Manning, Raghavan and Schütze
    2008, "Introduction to Information Retrieval", 8.4); pictures of equal scores share a threshold. By chance it is the
    positive pictures' part of all.

    Args:
        scores: Shape (N,).
        positive: Whether each picture is positive, shape (N,).

    Returns:
        Both areas; they are computed from one sorting.

    >>> found = areas(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]))
    >>> found.roc, round(found.precision, 4)
    (0.5, 0.8333)
    """
    nothing = np.full(len(scores), np.nan)
    if not positive.any():
        return Areas(roc=np.nan, precision=np.nan, roc_pulls=nothing, precision_pulls=nothing)
    bins = _bins(scores, positive)
    steps = _Steps(bins, positive)
    precision, pulls = steps.average_precision()
    precision_pulls = _chosen(pulls, bins, positive)
    if positive.all():
        return Areas(roc=np.nan, precision=precision, roc_pulls=nothing, precision_pulls=precision_pulls)
    roc, pulls = steps.roc()
    roc_pulls = _chosen(pulls, bins, positive)
    return Areas(roc=roc, precision=precision, roc_pulls=roc_pulls, precision_pulls=precision_pulls)


def _bins(scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Where each picture's score lies among the positive pictures' scores, (N,): 0 above all, 1 at the highest.

    Odd numbers are at a positive picture's score, even ones between two. Where a negative picture lies within its bin
    changes neither area, so that sorting the positive pictures is enough.
    """
    known = np.unique(scores[positive])
    place = np.searchsorted(known, scores)
    equal = known[np.minimum(place, len(known) - 1)] == scores
    return np.asarray(2 * len(known) - (2 * place + equal), np.int64)


class _Steps:
    """T bins of scores, from the highest down.

    Args:
        bins: The bin of each picture, shape (N,).
        positive: Whether it is positive, shape (N,).
    """

    def __init__(self, bins: npt.NDArray[np.int64], positive: npt.NDArray[np.bool_]) -> None:
        all_, own = np.bincount(bins), np.bincount(bins[positive])
        self._own = np.pad(own, (0, len(all_) - len(own))).astype(np.float64)  # positive pictures in each, (T,)
        self._above = np.cumsum(self._own)  # positive pictures down to each, (T,)
        self._seen = np.cumsum(all_).astype(np.float64)  # all pictures there; the first bin may be empty
        self._positives = float(self._above[-1])

    def roc(self) -> tuple[float, tuple[Doubles, Doubles]]:
        """The area under the ROC curve, and the pulls of a negative and of a positive picture at each threshold."""
        others = self._seen - self._above
        own, negatives = np.diff(others, prepend=0), float(others[-1])
        beaten = (negatives - others + own / 2) / negatives  # part of the negative pictures below a positive one
        beating = (self._above - self._own / 2) / self._positives
        area = float((self._own * beaten).sum()) / self._positives
        return area, ((beating - area) / negatives, (beaten - area) / self._positives)

    def average_precision(self) -> tuple[float, tuple[Doubles, Doubles]]:
        """Average precision, and the pulls of a negative and of a positive picture at each threshold."""
        seen = np.maximum(self._seen, 1)
        precisions = self._above / seen
        mean = float((self._own * precisions).sum()) / self._positives
        # A picture counts in the precision of its own threshold and of all that follow.
        raised = np.cumsum((self._own / seen)[::-1])[::-1]
        lowered = np.cumsum((self._own * precisions / seen)[::-1])[::-1]
        return mean, (-lowered / self._positives, (precisions - mean + raised - lowered) / self._positives)


def _chosen(pulls: tuple[Doubles, Doubles], bins: npt.NDArray[np.int64], positive: npt.NDArray[np.bool_]) -> Doubles:
    """The pull of each picture, (N,), by its bin and its kind."""
    found = pulls[0][bins]
    found[positive] = pulls[1][bins[positive]]
    return found
