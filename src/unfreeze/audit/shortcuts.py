"""The shortcut probe: how well things that have nothing to do with the object tell the class."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unfreeze.audit.findings import Finding, Kind
from unfreeze.audit.labels import balanced_interval
from unfreeze.images.look import Look
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.images.turns import by_turns

TREES = 50
MOST_PICTURES = 5000
MOST_VALUES = 30
STRONG_SHARE = 0.5
"""A probe is called a shortcut where the lower end of its interval lies at least this part of the way from guessing to
certainty."""

Columns = npt.NDArray[np.float64]
Seen = tuple[ImageRow, Look]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How well one thing alone tells the class.

    Attributes:
        name: What was looked at.
        accuracy: Recall of the classes by a forest that saw nothing else, averaged, on pictures
            that it was not trained on.
        interval: Lower and upper end of the 95 % interval.
        chance: What guessing comes to.
    """

    name: str
    accuracy: float
    interval: tuple[float, float]
    chance: float

    @property
    def strength(self) -> float:
        """How far the interval's lower end lies on the way from guessing, 0, to certainty, 1."""
        return max(0.0, (self.interval[0] - self.chance) / (1 - self.chance))

    @property
    def is_shortcut(self) -> bool:
        """Whether it tells the class so well that a model may learn it instead of the object."""
        return self.strength >= STRONG_SHARE

    def in_words(self) -> str:
        """The figure with its interval, against guessing."""
        low, high = self.interval
        return (
            f"{self.name} alone gets {self.accuracy:.0%} of the classes right ({low:.0%} to {high:.0%}), "
            f"guessing {self.chance:.0%}"
        )


def probe_shortcuts(table: ImageTable, folds: npt.NDArray[np.int64]) -> list[Probe]:
    """Tries to tell the classes by file size, shape, camera, format, mean colour and border alone.

    A forest of extremely randomised trees (Geurts, Ernst and Wehenkel 2006) is fitted to each of them, classes weighing
    alike, and judged out of fold.

    Args:
        table: The pictures, one label each, with what the scan saw of them.
        folds: The part of each picture in the table's order, shape (N,).

    Returns:
        A probe for each thing that differs between pictures; of very many pictures as many of each
        class as there are, by their content.
    """
    by_content = sorted(range(len(table.rows)), key=lambda index: table.rows[index].content)
    turns = by_turns(np.array([table.rows[index].label for index in by_content], np.int64))
    chosen = [by_content[place] for place in turns[:MOST_PICTURES]]
    seen = [(row, table.looks[row.path]) for row in (table.rows[index] for index in chosen)]
    labels = np.array([row.label for row, _ in seen], np.int64)
    probes = []
    for name, measure in MEASURES.items():
        columns = measure(seen)
        if columns.size and (columns != columns[0]).any():
            probes.append(_probe(name, columns, labels, folds[chosen]))
    return probes


def shortcut_findings(probes: Sequence[Probe]) -> list[Finding]:
    """A finding for each probe that is a shortcut."""
    return [
        Finding(Kind.SHORTCUT, related=probe.name, score=probe.accuracy, detail=probe.in_words())
        for probe in probes
        if probe.is_shortcut
    ]


def _probe(name: str, columns: Columns, labels: npt.NDArray[np.int64], folds: npt.NDArray[np.int64]) -> Probe:
    from sklearn.ensemble import ExtraTreesClassifier

    found = np.full(len(labels), -1, np.int64)
    for part in np.unique(folds):
        inside = folds == part
        forest = ExtraTreesClassifier(TREES, min_samples_leaf=3, class_weight="balanced", random_state=0)
        found[inside] = forest.fit(columns[~inside], labels[~inside]).predict(columns[inside])
    right_of = [(int((found[labels == c] == c).sum()), int((labels == c).sum())) for c in np.unique(labels)]
    share = sum(right / count for right, count in right_of) / len(right_of)
    return Probe(name=name, accuracy=share, interval=balanced_interval(right_of), chance=1 / len(right_of))


def _sizes(seen: Sequence[Seen]) -> Columns:
    return np.log([[look.size_bytes] for _, look in seen])


def _shapes(seen: Sequence[Seen]) -> Columns:
    return np.log([[row.width, row.height, row.width / row.height] for row, _ in seen])


def _colours(seen: Sequence[Seen]) -> Columns:
    return np.array([look.colour for _, look in seen])


def _borders(seen: Sequence[Seen]) -> Columns:
    return np.array([look.border for _, look in seen])


def _cameras(seen: Sequence[Seen]) -> Columns:
    return _one_hot([look.camera for _, look in seen])


def _formats(seen: Sequence[Seen]) -> Columns:
    return _one_hot([f"{look.format} {look.mode}" for _, look in seen])


def _one_hot(values: Sequence[str]) -> Columns:
    """A column for each of the most frequent values, 1 where a picture has it."""
    names = [name for name, _ in Counter(sorted(values)).most_common(MOST_VALUES)]
    return np.array([[float(value == name) for name in names] for value in values])


MEASURES: dict[str, Callable[[Sequence[Seen]], Columns]] = {
    "the file size": _sizes,
    "the shape": _shapes,
    "the camera": _cameras,
    "the format": _formats,
    "the mean colour": _colours,
    "the border's colour": _borders,
}
"""What is tried, by its name in a sentence."""
