"""Tries crop, squash and pad on the same pictures: heads on stored activations, judged on pictures they did not see."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats
from unfreeze.activations.extract import Extractor
from unfreeze.audit.folds import fold_numbers, out_of_fold
from unfreeze.evaluation.metrics import mcnemar, wilson_interval
from unfreeze.evaluation.paired import paired_interval
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.images.turns import by_turns
from unfreeze.training.batches import StoredActivations
from unfreeze.training.head import PENALTY
from unfreeze.training.objective import targets_of
from unfreeze.transforms.squares import Square

LEAST_OF_A_CLASS = 5
"""Pictures that a class needs, and a second one, for a comparison to be worth its name."""

SIGNIFICANT = 0.05
"""Chance of a difference where there is none, over all pairs together (each pair's is divided by their number)."""

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two ways of making squares on the same pictures.

    Attributes:
        first: One way.
        second: The other.
        only_first: How many pictures only the first gets right.
        only_second: How many only the second does.
        chance: How likely a difference as large is by chance, by McNemar's exact test.
        significant: Whether that is too little for chance, with as many tests as there are pairs.
        gain: Accuracy of the second less that of the first.
        interval: Where the gain lies on other pictures of the same kind, with 95 % confidence for all pairs together.
    """

    first: Square
    second: Square
    only_first: int
    only_second: int
    chance: float
    significant: bool
    gain: float
    interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class SquareTrial:
    """What heads said of N pictures that they were not fitted on.

    Attributes:
        rows: The pictures.
        predicted: For each way of making squares the class that was said, as index, shape (N,).
    """

    rows: tuple[ImageRow, ...]
    predicted: Mapping[Square, Labels]

    def correct(self, square: Square) -> npt.NDArray[np.bool_]:
        """Whether each picture is classified correctly, shape (N,)."""
        return np.asarray(self.predicted[square] == [row.label for row in self.rows], np.bool_)

    def accuracy(self, square: Square) -> float:
        """Part of the pictures that are classified correctly."""
        return float(self.correct(square).mean())

    def interval(self, square: Square) -> tuple[float, float]:
        """Wilson's interval of 95 % for the accuracy."""
        return wilson_interval(int(self.correct(square).sum()), len(self.rows))

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Each pair of ways."""
        pairs = list(combinations(self.predicted, 2))
        return tuple(self._difference(*pair, level=SIGNIFICANT / len(pairs)) for pair in pairs)

    def _difference(self, first: Square, second: Square, *, level: float) -> Difference:
        before, after = self.correct(first), self.correct(second)
        lost, gained = int((before & ~after).sum()), int((after & ~before).sum())
        chance = mcnemar(before, after)
        return Difference(
            first=first,
            second=second,
            only_first=lost,
            only_second=gained,
            chance=chance,
            significant=chance < level,
            gain=(gained - lost) / len(self.rows),
            interval=paired_interval(gained, lost, len(self.rows), level=level),
        )


def trial_rows(table: ImageTable, *, sample: int) -> tuple[ImageRow, ...]:
    """Chooses different pictures of the training and validation splits, of each class alike as far as there are.

    A picture that is there twice is taken once, under its first path. The test split is left alone.

    Args:
        table: A table of single labels.
        sample: How many at most.

    Returns:
        The same rows for the same contents, whatever their order and names.
    """
    first: dict[str, ImageRow] = {}
    for row in table.rows:
        if row.split != "test":
            first.setdefault(row.content, row)
    rows = [row for _, row in sorted(first.items())]
    return tuple(rows[index] for index in by_turns(np.array([row.label for row in rows], np.int64))[:sample])


def obstacle(rows: Sequence[ImageRow]) -> str:
    """Why pictures cannot be compared in folds; empty where they can.

    Args:
        rows: What `trial_rows` chose.

    Returns:
        A clause, or nothing.
    """
    units = {row.group or row.content: row.label for row in rows}
    enough = sum(count >= LEAST_OF_A_CLASS for count in Counter(units.values()).values())
    if enough >= 2:
        return ""
    chosen = f"of {len(rows):,} pictures, {'one class' if enough else 'no class'} has {LEAST_OF_A_CLASS} different ones"
    return f"{chosen} where two classes need them; add pictures, or raise --sample if it holds them back"


def compare_squares(
    extractor: Extractor,
    rows: Sequence[ImageRow],
    squares: Sequence[Square],
    *,
    progress: Callable[[str, int, int], None],
) -> SquareTrial:
    """Classifies each picture by heads that were fitted exactly to four fifths of the others.

    Args:
        extractor: Brings pooled activations of the body into a store; its transform's own way is not looked at.
        rows: What `trial_rows` chose, without an `obstacle`.
        squares: The ways to try.
        progress: Called with the task, and the number of activations that are there and that are needed.

    Returns:
        What was said of each picture.

    Raises:
        CollectionError: If a picture was removed or changed since the scan.
        RunError: If the store cannot be written.
    """
    labels = [row.label for row in rows]
    folds = fold_numbers(labels, [row.group or row.content for row in rows])
    predicted: dict[Square, Labels] = {}
    for square in squares:
        task = f"activations of {len(rows)} pictures, {square}"
        one = replace(extractor, transform=replace(extractor.transform, square=square))
        features = _pooled(one, rows, partial(progress, task))
        predicted[square] = out_of_fold(features, labels, folds, penalty=PENALTY).argmax(1)
    return SquareTrial(rows=tuple(rows), predicted=predicted)


def _pooled(extract: Extractor, rows: Sequence[ImageRow], progress: Callable[[int, int], None]) -> Floats:
    """Features (N, D) of the plain view."""
    extract(rows, progress=progress)

    def refill(indices: Sequence[int]) -> None:
        extract([rows[index] for index in indices])

    stored = StoredActivations(extract.store, extract.keys(rows, 0), targets_of(extract.table, rows), refill)
    ((features, _),) = stored.batches([range(len(rows))])
    return np.asarray(features, np.float32)
