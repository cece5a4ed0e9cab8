"""Labels that may be wrong, and classes that look like one, from out-of-fold predictions."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from unfreeze.audit.findings import Finding, Kind
from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.images.table import ImageTable

BEYOND_DOUBT = 0.85
"""Probability of another class from which on a label is suspected, however few such pictures there are."""

ALIKE_SHARE = 0.75
"""Two classes look like one where even the upper end of the interval of telling them apart lies below this."""

LEAST_TOLD = 10
"""Pictures of each class that it takes to say so."""

Probabilities = npt.NDArray[np.float64]
"""Shape (N, C)."""


def label_findings(table: ImageTable, probabilities: Probabilities) -> list[Finding]:
    """Pictures whose label is likely to be wrong, by confident learning.

    How many labels of each class belong to each other class is estimated from the pictures that are as likely to be of
    that class as those that carry its label are on average; so many, the least likely ones first, are suspected
    (Northcutt, Jiang and Chuang 2021, "Confident learning", pruning by noise rate), as cleanlab has it. That is blind
    to a few wrong labels among many: so pictures that look like another class beyond doubt are suspected in any case.

    Args:
        table: The pictures, one label each.
        probabilities: Of each picture in the table's order by a head that was trained without it, shape (N, C).

    Returns:
        A finding a suspect: `related` is the class that it looks like, the score 1 less the probability of its label.
    """
    from cleanlab.filter import find_label_issues

    labels = np.array([row.label for row in table.rows], np.int64)
    assert len(set(labels.tolist())) == probabilities.shape[1], "each class has pictures"
    suspected = find_label_issues(labels, probabilities, filter_by="prune_by_noise_rate", n_jobs=1)
    own = probabilities[np.arange(len(labels)), labels]
    suspected |= (probabilities.argmax(1) != labels) & (probabilities.max(1) >= BEYOND_DOUBT)
    ranked = sorted(np.flatnonzero(suspected).tolist(), key=lambda index: own[index])
    return [_suspect(table, index, probabilities[index]) for index in ranked]


def least_likely(
    table: ImageTable, probabilities: Probabilities, suspects: Sequence[Finding], *, count: int
) -> list[Finding]:
    """The labels that come next after the suspected ones: a single wrong one among many may be no more than that.

    Args:
        table: The pictures, one label each.
        probabilities: Of each picture in the table's order by a head that was trained without it, shape (N, C).
        suspects: What `label_findings` found.
        count: How many to give at most.

    Returns:
        The least likely ones of which another class is likelier, as `label_findings` gives them.
    """
    labels, known = np.array([row.label for row in table.rows], np.int64), {found.path for found in suspects}
    own = probabilities[np.arange(len(labels)), labels]
    contested = np.flatnonzero(probabilities.argmax(1) != labels).tolist()
    others = [index for index in contested if table.rows[index].path not in known]
    ranked = sorted(others, key=lambda index: own[index])
    return [_suspect(table, index, probabilities[index]) for index in ranked[:count]]


def _suspect(table: ImageTable, index: int, probabilities: npt.NDArray[np.float64]) -> Finding:
    row, likely = table.rows[index], int(probabilities.argmax())
    given, found = table.classes[row.label], table.classes[likely]
    own, other = float(probabilities[row.label]), float(probabilities[likely])
    detail = f"labelled {given} ({own:.1%}), looks like {found} ({other:.1%})"
    return Finding(Kind.LABEL, row.path, row.split, found, 1 - own, detail)


def alike_findings(table: ImageTable, probabilities: Probabilities) -> list[Finding]:
    """Pairs of classes that a head can hardly tell from one another.

    Of the pictures of two classes, each is given to the more probable one of the two; the share that is right, averaged
    over both classes, is a half where they look the same.

    Args:
        table: The pictures, one label each.
        probabilities: Of each picture in the table's order by a head that was trained without it, shape (N, C).

    Returns:
        A finding a pair, its score how far the share is from certainty: 1 at a half, 0 at 1.
    """
    labels = np.array([row.label for row in table.rows], np.int64)
    counts = np.bincount(labels, minlength=len(table.classes))
    enough = np.flatnonzero(counts >= LEAST_TOLD).tolist()
    findings = []
    own = {label: probabilities[labels == label] for label in enough}
    for first, second in ((a, b) for a in enough for b in enough if a < b):
        told = [_told(own[one], one, other) for one, other in ((first, second), (second, first))]
        share = sum(right / count for right, count in told) / 2
        _, high = balanced_interval(told)
        if high < ALIKE_SHARE:
            names = f"{table.classes[first]!r} and {table.classes[second]!r}"
            detail = f"{names}: {share:.0%} told apart, 50 % is guessing (at most {high:.0%}, 95 % interval)"
            findings.append(
                Finding(Kind.ALIKE, related=table.classes[second], score=min(1.0, 2 - 2 * share), detail=detail)
            )
    return findings


def _told(own: Probabilities, one: int, other: int) -> tuple[int, int]:
    """How many pictures of a class, with probabilities (N, C), are given to it rather than to another, and all."""
    return int((own[:, one] > own[:, other]).sum()), len(own)


def balanced_interval(right_of: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """The 95 % interval of an accuracy that is averaged over classes.

    Wilson's intervals of the classes are put together by the method of variance estimates recovery (Zou and Donner
    2008, "Construction of confidence limits about effect measures").

    Args:
        right_of: For each class how many pictures are right, and how many there are.

    Returns:
        Lower and upper end.

    >>> [round(end, 3) for end in balanced_interval([(9, 10), (9, 10)])]
    [0.685, 0.958]
    """
    shares = [right / count for right, count in right_of]
    ends = [wilson_interval(right, count) for right, count in right_of]
    middle = sum(shares) / len(shares)
    below = sum((share - low) ** 2 for share, (low, _) in zip(shares, ends, strict=True)) ** 0.5 / len(shares)
    above = sum((high - share) ** 2 for share, (_, high) in zip(shares, ends, strict=True)) ** 0.5 / len(shares)
    return middle - below, middle + above
