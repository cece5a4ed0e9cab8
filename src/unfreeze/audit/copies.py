"""Copies of pictures: which of them leak over a split, contradict one another, or count twice; and what a leak does."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats
from unfreeze.audit.findings import Finding, Kind
from unfreeze.audit.folds import fitted_head
from unfreeze.audit.pictures import class_names
from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.training.head import PENALTY


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
    """What pairs of the same picture mean for a collection.

    Args:
        table: The pictures.
        pairs: Which of them show the same.

    Returns:
        A finding a pair; its path is the picture to leave out, `related` the one to keep.
    """
    rows = {row.path: row for row in table.rows}
    return [_finding(table, rows[pair.first], rows[pair.second], pair) for pair in pairs]


def _finding(table: ImageTable, first: ImageRow, second: ImageRow, pair: Pair) -> Finding:
    drop, keep = sorted((first, second), key=_worth)
    kind, what = Kind.DUPLICATE, pair.kind
    if drop.split != keep.split:
        kind, what = Kind.LEAK, f"{pair.kind}; one is in {drop.split}, the other in {keep.split}"
    if drop.labels != keep.labels:
        kind, what = Kind.CONTRADICTION, f"{what}; labelled {class_names(table, drop)} and {class_names(table, keep)}"
    return Finding(kind, drop.path, drop.split, keep.path, pair.likeness, what)


def _worth(row: ImageRow) -> tuple[int, int, str]:
    """What is kept of two copies: the one that measures before the one that trains, then the larger one."""
    return ("train", "valid", "test").index(row.split), row.width * row.height, row.path


@dataclass(frozen=True, kw_only=True)
class Leak:
    """What pictures on both sides of the split do to the accuracy of a head.

    Attributes:
        leaked: Validation pictures of which training has a copy.
        others: Validation pictures of which it has none.
        right_leaked: How many of the leaked ones the head gets right.
        right_others: How many of the others it gets right.
    """

    leaked: int
    others: int
    right_leaked: int
    right_others: int

    @property
    def with_leak(self) -> float:
        """Accuracy on all validation pictures."""
        return (self.right_leaked + self.right_others) / (self.leaked + self.others)

    @property
    def without_leak(self) -> float:
        """Accuracy on those that training has no copy of."""
        return self.right_others / self.others

    def in_words(self) -> str:
        """Both accuracies with their intervals."""
        count, right = self.leaked + self.others, self.right_leaked + self.right_others
        return (
            f"a head has {_accuracy(right, count)} on all {count} validation pictures, "
            f"{_accuracy(self.right_others, self.others)} on the {self.others} of which training has no copy"
        )


def leak(table: ImageTable, features: Floats, findings: Sequence[Finding]) -> Leak | None:
    """Measures what copies on both sides of the split do to the accuracy.

    A copy under another label counts as well: it flatters no figure, but its answer was seen.

    Args:
        table: The pictures.
        features: Pooled activations (N, D), in the table's order.
        findings: With those of `copy_findings`.

    Returns:
        The accuracies; None where nothing leaks, or nothing is left without it.
    """
    leaked = set(_leaked(table, findings))
    splits = np.array([row.split for row in table.rows])
    copied = np.array([row.path in leaked for row in table.rows])
    train, valid = splits == "train", splits == "valid"
    if not leaked or not (valid & ~copied).any():
        return None
    labels = np.array([row.label for row in table.rows], np.int64)
    head = fitted_head(features[train], labels[train], classes=len(table.classes), penalty=PENALTY)
    right: npt.NDArray[np.bool_] = head.logits(features).argmax(1) == labels
    return Leak(
        leaked=int((valid & copied).sum()),
        others=int((valid & ~copied).sum()),
        right_leaked=int(right[valid & copied].sum()),
        right_others=int(right[valid & ~copied].sum()),
    )


def _leaked(table: ImageTable, findings: Sequence[Finding]) -> Iterator[str]:
    """Paths of the validation pictures that training has a copy of."""
    splits = {row.path: row.split for row in table.rows}
    for found in findings:
        if found.kind in (Kind.LEAK, Kind.CONTRADICTION):
            sides = {splits[found.path]: found.path, splits[found.related]: found.related}
            if sides.keys() == {"train", "valid"}:
                yield sides["valid"]


def cluster_names(table: ImageTable, pairs: Sequence[Pair]) -> list[str]:
    """A name for each picture, in the table's order, that its copies share."""
    parent = {row.path: row.path for row in table.rows}
    find = _finder(parent)
    for pair in pairs:
        first, second = sorted((find(pair.first), find(pair.second)))
        parent[second] = first
    return [find(row.path) for row in table.rows]


def _finder(parent: dict[str, str]) -> Callable[[str], str]:
    def find(path: str) -> str:
        while parent[path] != path:
            parent[path] = path = parent[parent[path]]
        return path

    return find


def _accuracy(right: int, count: int) -> str:
    low, high = wilson_interval(right, count)
    return f"{right / count:.1%} ({low:.1%} to {high:.1%})"
