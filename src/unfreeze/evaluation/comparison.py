"""Two models on the same pictures: which answers changed, and whether that can be more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from unfreeze.errors import RunError
from unfreeze.evaluation.metrics import mcnemar
from unfreeze.evaluation.paired import paired_interval
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.training.objective import EXCLUSIVE, INDEPENDENT, Objective

SIGNIFICANT = 0.05
FEWEST_CHANGES = 6
"""Fewer changes between right and wrong never reach 5 % in McNemar's exact test: all five one way are 6.25 %."""

NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What two models answered for the N pictures that both were asked about.

    Where a picture may have several labels, an answer is right if all of them are.

    Attributes:
        classes: The C class names, in the order of the first table.
        paths: Path of each picture.
        targets: Index of each true class, shape (N,); or 1 for each label that a picture has, shape (N, C).
        first: The first model's answers, in the form of the targets.
        second: The second model's answers.
        first_sure: The probability that the first model gave its answer, shape (N,); of several labels that of the one
            that it is least sure of.
        second_sure: The same of the second model.
        only_first: Pictures that only the first was asked about.
        only_second: Pictures that only the second was asked about.
        relabelled: Paths of pictures whose true class, or labels, differ between the tables; they are not among the N.
    """

    classes: tuple[str, ...]
    paths: tuple[str, ...]
    targets: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    first_sure: npt.NDArray[np.float32]
    second_sure: npt.NDArray[np.float32]
    only_first: int
    only_second: int
    relabelled: tuple[str, ...]

    @property
    def objective(self) -> Objective:
        """What the models have learned: one class a picture, or any number of labels."""
        return EXCLUSIVE if self.targets.ndim == 1 else INDEPENDENT

    @property
    def first_right(self) -> npt.NDArray[np.bool_]:
        """Whether the first model is right about each picture."""
        return self.objective.agree(self.first, self.targets)

    @property
    def second_right(self) -> npt.NDArray[np.bool_]:
        """Whether the second model is right about each picture."""
        return self.objective.agree(self.second, self.targets)

    def names(self, answer: npt.NDArray[np.int64]) -> tuple[str, ...]:
        """The class, or the labels, that one answer or one picture's target names."""
        return tuple(self.classes[label] for label in self.objective.labels_of(answer))

    @property
    def gained(self) -> list[int]:
        """Pictures that only the second model is right about, those of which it is surest first."""
        return self._ordered(self.second_right & ~self.first_right)

    @property
    def lost(self) -> list[int]:
        """Pictures that only the first model is right about, those of which the second is surest first."""
        return self._ordered(self.first_right & ~self.second_right)

    @property
    def otherwise_wrong(self) -> list[int]:
        """Pictures that both are wrong about, each in its own way."""
        same = self.objective.agree(self.first, self.second)
        return self._ordered(~self.first_right & ~self.second_right & ~same)

    @property
    def difference(self) -> float:
        """The second model's accuracy less the first's."""
        return float(self.second_right.mean() - self.first_right.mean())

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Where the difference lies on other pictures of the same kind, with 95 % confidence."""
        return paired_interval(len(self.gained), len(self.lost), len(self.paths))

    @cached_property
    def chance(self) -> float:
        """How likely a difference as large as this would be between models that are equally good; McNemar's test."""
        return mcnemar(self.first_right, self.second_right)

    @property
    def second_is_better(self) -> bool:
        """Whether the second model is better, and not by chance."""
        return self.chance < SIGNIFICANT and self.difference > 0

    @property
    def second_is_worse(self) -> bool:
        """Whether the second model is worse, and not by chance."""
        return self.chance < SIGNIFICANT and self.difference < 0

    def _ordered(self, chosen: npt.NDArray[np.bool_]) -> list[int]:
        rows = np.flatnonzero(chosen)
        return [int(row) for row in rows[np.argsort(-self.second_sure[rows], kind="stable")]]


def compare(first: PredictionTable, second: PredictionTable) -> Comparison:
    """Puts two tables of predictions side by side, by the paths of their pictures.

    Pictures whose true class was changed between the tables are left out and listed: no answer to them can be right
    by both.

    Args:
        first: What one model says.
        second: What the other says.

    Returns:
        The pictures that both know.

    Raises:
        RunError: If the tables know other classes, one has several labels a picture and the other one class, or they
            have no picture in common whose true class is the same.
    """
    if set(first.classes) != set(second.classes):
        message = f"the runs know other classes: {_other_classes(first, second)}; compare runs with the same classes"
        raise RunError(message, subject="classes")
    objective = first.objective
    if objective is not second.objective:
        message = "one run gives a picture one class and the other any number of labels; compare runs of one kind"
        raise RunError(message, subject="labels")
    rows = {path: row for row, path in enumerate(second.paths)}
    pairs = [(row, rows[path]) for row, path in enumerate(first.paths) if path in rows]
    here, there = np.array(pairs, np.int64).reshape(-1, 2).T
    targets, others = first.targets[here], _renamed(second.targets[there], second, first)
    same = objective.agree(others, targets)
    if not same.any():
        raise RunError(_nothing_in_common(first, second, relabelled=len(pairs)), subject="pictures")
    return Comparison(
        classes=first.classes,
        paths=tuple(first.paths[row] for row in here[same]),
        targets=targets[same],
        first=first.predicted[here[same]],
        second=_renamed(second.predicted[there[same]], second, first),
        first_sure=_sure(first)[here[same]],
        second_sure=_sure(second)[there[same]],
        only_first=len(first.paths) - len(pairs),
        only_second=len(second.paths) - len(pairs),
        relabelled=tuple(first.paths[row] for row in here[~same]),
    )


def verdict(comparison: Comparison, names: tuple[str, str] = ("the first", "the second")) -> str:
    """What a comparison comes to, in a sentence or two.

    Args:
        comparison: Two models on the same pictures.
        names: What to call them.

    Returns:
        Plain words.
    """
    gained, lost = len(comparison.gained), len(comparison.lost)
    low, high = comparison.interval
    moved = f"of {len(comparison.paths):,} pictures {gained:,} became right and {lost:,} wrong"
    range_ = f"on other pictures of this kind the difference lies between {points(low)} and {points(high)} points"
    chance = f"chance alone makes so large a difference in {_of_100(comparison.chance)} of 100 comparisons"
    if comparison.second_is_better or comparison.second_is_worse:
        better = names[1] if comparison.second_is_better else names[0]
        return f"{better} is better: {moved}; {chance}; {range_}."
    if gained + lost < FEWEST_CHANGES:
        chance = f"at least {FEWEST_CHANGES} have to change, all one way, before chance can be ruled out"
    return f"{names[0]} and {names[1]} cannot be told apart: {moved}; {chance}; {range_}."


def notes(comparison: Comparison, names: tuple[str, str] = ("the first", "the second")) -> list[str]:
    """Which pictures were left out of a comparison, a sentence each.

    Args:
        comparison: Two models on the same pictures.
        names: What to call them.

    Returns:
        Plain words; nothing where all pictures are in both tables.
    """
    found = []
    for name, count in zip(names, (comparison.only_first, comparison.only_second), strict=True):
        if count:
            found.append(f"left out, because only {name} was asked about them: {count:,} pictures")
    if comparison.relabelled:
        shown = ", ".join(comparison.relabelled[:NAMED]) + (", ..." if len(comparison.relabelled) > NAMED else "")
        found.append(
            f"left out, because their true class was changed: {len(comparison.relabelled):,} pictures ({shown})"
        )
    return found


def points(share: float) -> str:
    """A difference of two shares in percentage points, with its sign.

    >>> points(-0.0125)
    '-1.2'
    """
    return f"{100 * share + 0:+.1f}"


def _renamed(answers: npt.NDArray[np.int64], table: PredictionTable, other: PredictionTable) -> npt.NDArray[np.int64]:
    """Answers or targets of one table as another table with the same classes numbers them."""
    if table.objective.several:
        return answers[:, [table.classes.index(name) for name in other.classes]]
    return np.array([other.classes.index(name) for name in table.classes], np.int64)[answers]


def _sure(table: PredictionTable) -> npt.NDArray[np.float32]:
    """The probability that each answer was given, shape (N,); of several labels that of the least sure one."""
    if table.objective.several:
        return np.asarray(np.maximum(table.probabilities, 1 - table.probabilities).min(1))
    return np.asarray(table.probabilities.max(1))


def _of_100(share: float) -> str:
    if share < 1e-4:
        return "less than 0.01"
    return f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.2g}"


def _other_classes(first: PredictionTable, second: PredictionTable) -> str:
    """Names of classes that only one of two tables has."""
    found = []
    for which, one, other in (("first", first, second), ("second", second, first)):
        names = [name for name in one.classes if name not in other.classes]
        if names:
            shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
            found.append(f"only the {which} knows {shown}")
    return ", ".join(found)


def _nothing_in_common(first: PredictionTable, second: PredictionTable, *, relabelled: int) -> str:
    if relabelled:
        message = f"the runs have {relabelled} pictures in common, and none has the same true class in both"
        return f"{message}; compare runs on the same labels"
    examples = " and ".join(_example(table.paths) for table in (first, second))
    return f"the runs have no picture in common ({examples}); compare runs of the same pictures, split alike"


def _example(paths: Sequence[str]) -> str:
    return f"{len(paths)} such as {paths[0]}" if paths else "none at all"
