"""Copies of pictures: which of them leak over a split, contradict one another, or count twice; and what a leak does."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Protocol

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.audit.findings import Finding, Kind
from unfreeze.audit.pictures import class_names
from unfreeze.evaluation.heads import wrong_answers
from unfreeze.evaluation.metrics import mcnemar, wilson_interval
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.images.ties import first_of_each

MOST_COMPARED = 50
"""Copies of one picture whose shapes are held against one another; of a film of like frames none is stretched."""

SAME_SHAPE = 1.03
"""Shapes that differ by less than this are one: sides are whole pixels."""


class Pair(Protocol):
    """Two pictures that show the same."""

    @property
    def first(self) -> str:
        """Path of one."""
        ...

    @property
    def second(self) -> str:
        """Path of the other."""
        ...

    @property
    def kind(self) -> str:
        """How the one was made from the other, in words."""
        ...

    @property
    def likeness(self) -> float:
        """How alike they are, between 0 and 1."""
        ...


def copy_findings(table: ImageTable, pairs: Sequence[Pair]) -> list[Finding]:
    """What pictures that show the same mean for a collection.

    Of all copies of a picture one is kept: one that tests before one that validates before one that trains, then one
    that is not stretched, then the largest. So nothing leaks any more once every picture that is called a leak has been
    left out.

    Args:
        table: The pictures.
        pairs: Which of them show the same; copies of copies need not be paired.

    Returns:
        A finding for each copy that is not kept: its path is the picture to leave out, `related` the one to keep.
    """
    known = {frozenset((pair.first, pair.second)): pair for pair in pairs}
    findings: list[Finding] = []
    for rows in _clusters(table, pairs):
        stretched = _stretched(rows, known)
        keep = max(rows, key=lambda row: _worth(row, row.path in stretched))
        others = (row for row in rows if row is not keep)
        findings += [_finding(table, row, keep, known.get(frozenset((row.path, keep.path)))) for row in others]
    return findings


def _finding(table: ImageTable, drop: ImageRow, keep: ImageRow, pair: Pair | None) -> Finding:
    kind, what = Kind.DUPLICATE, pair.kind if pair else "a copy of a copy"
    if drop.split != keep.split:
        kind, what = Kind.LEAK, f"{what}; one is in {drop.split}, the other in {keep.split}"
    if drop.labels != keep.labels:
        kind, what = Kind.CONTRADICTION, f"{what}; labelled {class_names(table, drop)} and {class_names(table, keep)}"
    return Finding(kind, drop.path, drop.split, keep.path, pair.likeness if pair else None, what)


def _worth(row: ImageRow, is_stretched: bool) -> tuple[int, bool, int, str]:
    """What is kept of copies: the one that measures before the one that trains, then its own shape, then the larger."""
    return ("train", "valid", "test").index(row.split), not is_stretched, row.width * row.height, row.path


def _stretched(rows: Sequence[ImageRow], known: Mapping[frozenset[str], Pair]) -> set[str]:
    """Paths of the copies that show the whole of another picture in another shape, and are the ones that were changed.

    Of two shapes, fewer of the copies have the changed one; where as many have it, the square is the changed one:
    pictures are made square for networks and previews, and seldom anything else. Where neither tells, nothing is said.
    """
    found = set()
    for one, other in permutations(rows if len(rows) <= MOST_COMPARED else (), 2):
        pair = known.get(frozenset((one.path, other.path)))
        if not pair or "cropped" in pair.kind or _alike(_shape(one), _shape(other)):
            continue
        have, others = (sum(_alike(_shape(row), _shape(each)) for row in rows) for each in (one, other))
        if have < others or (have == others and _alike(_shape(one), 1.0)):
            found.add(one.path)
    return found


def _shape(row: ImageRow) -> float:
    return row.width / row.height


def _alike(one: float, other: float) -> bool:
    return max(one, other) <= SAME_SHAPE * min(one, other)


@dataclass(frozen=True, kw_only=True)
class Leak:
    """What training pictures that validate as well do to the accuracy of a head.

    Attributes:
        copied: Validation pictures of which training has a copy.
        pictures: All validation pictures.
        right_with: How many of them a head gets right that was fitted to all training pictures.
        right_without: How many one gets right that was fitted without the copies.
        chance: How likely a difference as large as this is by chance, by McNemar's exact test.
    """

    copied: int
    pictures: int
    right_with: int
    right_without: int
    chance: float

    def in_words(self) -> str:
        """Both accuracies with their intervals."""
        told = "which cannot be told from chance" if self.chance >= 0.05 else f"p = {self.chance:.2g}"
        return (
            f"training has copies of {self.copied} of {self.pictures} validation pictures; a head gets "
            f"{_accuracy(self.right_with, self.pictures)} of them right with the copies in training, "
            f"{_accuracy(self.right_without, self.pictures)} without ({told})"
        )


def leak(table: ImageTable, features: Floats, pairs: Sequence[Pair]) -> Leak | None:
    """Measures what copies of validation pictures in training do to the accuracy, on the same validation pictures.

    Args:
        table: The pictures.
        features: Pooled activations (N, D), in the table's order.
        pairs: Pictures that show the same.

    Returns:
        The accuracies; None where training has no copy, or nothing of a class without the copies.
    """
    splits = np.array([row.split for row in table.rows])
    names = np.array(copy_names(table, pairs))
    train, valid = splits == "train", splits == "valid"
    copied = valid & np.isin(names, names[train])
    clean = train & ~np.isin(names, names[valid])
    labels = np.array([row.label for row in table.rows], np.int64)
    if not copied.any() or set(labels[clean]) != set(labels[train]):
        return None
    asked = features[valid], labels[valid]
    right = [
        wrong_answers((features[rows], labels[rows]), asked, classes=len(table.classes)) == 0 for rows in (clean, train)
    ]
    return Leak(
        copied=int(copied.sum()),
        pictures=int(valid.sum()),
        right_with=int(right[1].sum()),
        right_without=int(right[0].sum()),
        chance=mcnemar(*right),
    )


def copy_names(table: ImageTable, pairs: Iterable[Pair]) -> list[str]:
    """A name for each picture, in the table's order, that its copies share, and copies of these."""
    return _joined([row.path for row in table.rows], _ties(table, pairs))


def unit_names(table: ImageTable, pairs: Iterable[Pair]) -> list[str]:
    """A name for each picture, in the table's order, that all share which belong together: copies, and groups."""
    first: dict[str, str] = {}
    groups = [(first.setdefault(row.group, row.path), row.path) for row in table.rows if row.group]
    return _joined([row.path for row in table.rows], [*_ties(table, pairs), *groups])


def _clusters(table: ImageTable, pairs: Iterable[Pair]) -> list[list[ImageRow]]:
    found: dict[str, list[ImageRow]] = defaultdict(list)
    for row, name in zip(table.rows, copy_names(table, pairs), strict=True):
        found[name].append(row)
    return [rows for rows in found.values() if len(rows) > 1]


def _ties(table: ImageTable, pairs: Iterable[Pair]) -> list[tuple[str, str]]:
    """Paths of pictures that show the same, files of the same bytes among them."""
    first: dict[str, str] = {}
    same = [(first.setdefault(row.content, row.path), row.path) for row in table.rows]
    return [*same, *((pair.first, pair.second) for pair in pairs)]


def _joined(paths: Sequence[str], ties: Iterable[tuple[str, str]]) -> list[str]:
    """For each path the least one that ties lead to."""
    first = first_of_each(paths, ties)
    return [first[path] for path in paths]


def _accuracy(right: int, count: int) -> str:
    low, high = wilson_interval(right, count)
    return f"{right / count:.1%} ({low:.1%} to {high:.1%})"
