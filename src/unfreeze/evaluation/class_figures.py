"""Every class's figures with their intervals, and their means over the classes, from one pass over the classes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.class_pulls import NAMES, ClassCounts, Pulled, class_counts, class_pulls
from unfreeze.evaluation.effective_size import alike_pictures
from unfreeze.evaluation.figure import DELONG, JACKKNIFE, Figure, counted_figure, f1_figure, pulled_figure
from unfreeze.evaluation.predictions import PredictionTable

AT_A_TIME = 16
"""Classes whose columns are copied at a time, so that each lies in one piece."""

Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ClassFigures:
    """Figures of one class against the rest; not defined is what too few pictures say nothing of.

    Attributes:
        name: The class.
        pictures: How many pictures are of it.
        precision: Part of those that were given it that are of it.
        recall: Part of those that are of it that were given it.
        f1: Harmonic mean of the two.
        roc_area: How often a picture of the class has a higher probability of it than another one.
        average_precision: How well its probabilities put its pictures first, whatever the threshold.
    """

    name: str
    pictures: int
    precision: Figure
    recall: Figure
    f1: Figure
    roc_area: Figure
    average_precision: Figure

    def plain(self) -> dict[str, Any]:
        """Its fields, as JSON has them."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: part.plain() if isinstance(part, Figure) else part for name, part in found.items()}


@dataclass(frozen=True, kw_only=True)
class MacroFigures:
    """The classes one by one, and on average.

    Attributes:
        classes: In the table's order.
        means: The mean of each of `NAMES` over the classes that have pictures and of which it is defined, each class
            counting alike. Precision of a class that was never given counts as 0.
    """

    classes: tuple[ClassFigures, ...]
    means: dict[str, Figure]


def macro_figures(table: PredictionTable) -> MacroFigures:
    """Figures of all classes.

    Args:
        table: N predictions.

    Returns:
        Each class, and the means. How much each picture pulls at a mean is the mean of how it pulls at the classes.
    """
    count = len(table.paths)
    sums = {name: _Sum(count) for name in NAMES}
    classes = []
    for name, truth, said, scores in _columns(table):
        counts = class_counts(truth, said)
        pulls = class_pulls(truth, said, scores) if counts.hits + counts.missed else {}
        for each, pulled in pulls.items():
            sums[each].add(pulled)
        classes.append(_figures(name, counts, pulls, count))
    # Pictures of several labels count once.
    alike = min(alike_pictures([found.pictures for found in classes if found.pictures]), count)
    means = {
        name: pulled_figure(*found.mean(), pictures=alike, method=_method(name), counted=name in NAMES[:3])
        for name, found in sums.items()
    }
    return MacroFigures(classes=tuple(classes), means=means)


def _columns(table: PredictionTable) -> Iterator[tuple[str, Truths, Truths, npt.NDArray[np.float32]]]:
    """Each class's name, which pictures are of it, which were given it, and their probabilities of it, (N,) each."""
    several, predicted = table.objective.several, table.predicted
    for start in range(0, len(table.classes), AT_A_TIME):
        part = slice(start, start + AT_A_TIME)
        scores = np.ascontiguousarray(table.probabilities[:, part].T)  # (16, N)
        for place, name in enumerate(table.classes[part]):
            label = start + place
            sides = (table.targets, predicted)
            truth, said = (side[:, label] > 0 if several else side == label for side in sides)
            yield name, np.asarray(truth), np.asarray(said), scores[place]


def _figures(name: str, counts: ClassCounts, pulls: dict[str, Pulled], count: int) -> ClassFigures:
    """A class's figures among N pictures; without pictures of it there are no pulls."""
    hits, missed, invented = counts
    pictures, nothing = hits + missed, Pulled(math.nan, np.zeros(count))
    # As many of either kind would say as much of an area as these do.
    alike = alike_pictures([pictures, count - pictures]) if 0 < pictures < count else pictures
    graded = {
        each: pulled_figure(*pulls.get(each, nothing)[:2], pictures=alike, method=_method(each)) for each in NAMES[3:]
    }
    return ClassFigures(
        name=name,
        pictures=pictures,
        precision=counted_figure(hits, hits + invented),
        recall=counted_figure(hits, pictures),
        f1=f1_figure(*counts),
        **graded,
    )


def _method(name: str) -> str:
    return DELONG if name == "roc_area" else JACKKNIFE


class _Sum:
    """Figures of classes that are added up, with their pulls, (N,), in one array."""

    def __init__(self, count: int) -> None:
        self._value, self._classes, self._pulls = 0.0, 0, np.zeros(count)

    def add(self, found: Pulled) -> None:
        """Adds a class; one of which the figure is not defined does not count."""
        if not math.isnan(found.value):
            self._value, self._classes = self._value + found.value, self._classes + 1
            if found.rows is None:
                self._pulls += found.pulls
            else:
                self._pulls[found.rows] += found.pulls

    def mean(self) -> tuple[float, npt.NDArray[np.float64]]:
        """The mean of the classes and its pulls, (N,); NaN of no classes."""
        return (self._value / self._classes if self._classes else math.nan), self._pulls / max(self._classes, 1)
