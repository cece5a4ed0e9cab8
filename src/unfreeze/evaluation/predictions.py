"""The one table that everything said about a model is derived from."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from unfreeze.errors import RunError
from unfreeze.evaluation.csv_lines import Line, csv_lines
from unfreeze.evaluation.names import joined, separated
from unfreeze.files import write_whole
from unfreeze.training.objective import EXCLUSIVE, INDEPENDENT, Objective, Targets

FIXED_COLUMNS = ("path", "split", "target", "predicted", "loss")
SEVERAL_COLUMNS = ("path", "split", "targets", "predicted", "loss")
"""The first columns where a picture may have several labels: `targets` tells such a file from the other kind."""

DISTANCE_COLUMN = "distance"
"""Stands after the loss where a model can tell strange pictures."""

PLAIN_PREFIX, TTA_PREFIX = "p:", "tta:"

ROUNDING = 1e-6
"""What a sum of probabilities in single precision may lie above 1."""

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, repr=False)
class PredictionTable:
    """Predictions for N pictures of C classes, keyed by path.

    Attributes:
        classes: The C class names.
        paths: Path of each picture below the collection's root.
        splits: Split of each picture.
        targets: Index of each picture's true class, shape (N,); or, where pictures have any number of labels, 1 for
            each that a picture has and 0 for the others, shape (N, C). int64.
        probabilities: Probabilities on the plain view, shape (N, C), float32.
        losses: Cross-entropy of each picture in nats, the mean over its labels where there are several, shape (N,),
            float64.
        tta: Probabilities averaged over augmented views, shape (N, C), float32; None where they were not computed.
        distances: How strange each picture is to the training pictures (`Novelty.scores`), shape (N,), float32; None
            where that is not known.
    """

    classes: tuple[str, ...]
    paths: tuple[str, ...]
    splits: tuple[str, ...]
    targets: npt.NDArray[np.int64]
    probabilities: Probabilities
    losses: npt.NDArray[np.float64]
    tta: Probabilities | None = None
    distances: npt.NDArray[np.float32] | None = None

    def __repr__(self) -> str:
        right = f", {int(self.correct.sum()):,} right" if self.paths else ""
        return f"PredictionTable({len(self.paths):,} pictures of {len(self.classes)} classes{right})"

    @property
    def objective(self) -> Objective:
        """What was learned of the pictures: one class each, or any number of labels."""
        return EXCLUSIVE if self.targets.ndim == 1 else INDEPENDENT

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """Index of the most probable class of each picture, shape (N,); or 1 for each label above 0.5, shape (N, C)."""
        return self.objective.answers(self.probabilities)

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether each picture is answered rightly, shape (N,): its class, or all of its labels."""
        return self.objective.agree(self.predicted, self.targets)

    def true_names(self, index: int) -> tuple[str, ...]:
        """The class, or the labels, of a row's picture."""
        return self._names(self.targets[index])

    def predicted_names(self, index: int) -> tuple[str, ...]:
        """What is said of a row's picture."""
        return self._names(self.objective.answers(self.probabilities[index : index + 1])[0])

    def _names(self, answer: npt.NDArray[np.int64]) -> tuple[str, ...]:
        return tuple(self.classes[label] for label in self.objective.labels_of(answer))

    def of_split(self, split: str) -> "PredictionTable":
        """The rows of one split."""
        return self.rows([index for index, found in enumerate(self.splits) if found == split])

    def rows(self, indices: Sequence[int]) -> "PredictionTable":
        """Some rows, in the order given."""
        chosen = np.asarray(indices, np.int64)
        return replace(
            self,
            paths=tuple(self.paths[index] for index in indices),
            splits=tuple(self.splits[index] for index in indices),
            targets=self.targets[chosen],
            probabilities=self.probabilities[chosen],
            losses=self.losses[chosen],
            tta=None if self.tta is None else self.tta[chosen],
            distances=None if self.distances is None else self.distances[chosen],
        )

    def with_tta(self, tta: Probabilities) -> "PredictionTable":
        """The same table with probabilities (N, C) averaged over augmented views."""
        return replace(self, tta=tta)

    def with_distances(self, distances: npt.NDArray[np.float32]) -> "PredictionTable":
        """The same table with how strange its pictures are, shape (N,)."""
        return replace(self, distances=distances)

    def write(self, path: Path) -> None:
        """Writes the table as CSV, so that reading it gives the same table to the last bit.

        Args:
            path: The CSV file.

        Raises:
            RunError: If the file cannot be written.
        """
        text = io.StringIO(newline="")
        # Before Python 3.13 a carriage return in a name is quoted only where lines end in one.
        writer = csv.writer(text, lineterminator="\r\n")
        several, distances, tta = self.objective.several, self.distances is not None, self.tta is not None
        writer.writerow(_header(self.classes, several=several, distances=distances, tta=tta))
        writer.writerows(self._csv_row(index) for index in range(len(self.paths)))
        write_whole(path, text.getvalue().encode("utf-8", errors="surrogateescape"))

    def _csv_row(self, index: int) -> list[str]:
        target, predicted = (
            joined(names) if self.objective.several else names[0]
            for names in (self.true_names(index), self.predicted_names(index))
        )
        numbers = [
            *(self.distances[index : index + 1] if self.distances is not None else ()),
            *self.probabilities[index],
            *(self.tta[index] if self.tta is not None else ()),
        ]
        fixed = [self.paths[index], self.splits[index], target, predicted, str(self.losses[index])]
        return [*fixed, *(str(number) for number in numbers)]


def table_from_logits(
    logits: npt.NDArray[np.floating],
    *,
    classes: Sequence[str],
    paths: Sequence[str],
    splits: Sequence[str],
    targets: Targets | Sequence[int],
) -> PredictionTable:
    """Turns logits into a table, with probabilities and losses in float64.

    Args:
        logits: Shape (N, C).
        classes: The C class names.
        paths: N paths.
        splits: N splits.
        targets: N indices of true classes; or, of several labels, 1 where a picture has one and 0 where not, (N, C).

    Returns:
        The table, without test-time augmentation.
    """
    known = np.asarray(targets, np.int64)
    objective = EXCLUSIVE if known.ndim == 1 else INDEPENDENT
    return PredictionTable(
        classes=tuple(classes),
        paths=tuple(paths),
        splits=tuple(splits),
        targets=known,
        probabilities=objective.probabilities(logits).astype(np.float32),
        losses=objective.losses(logits, known),
    )


def read_predictions(path: Path) -> PredictionTable:
    """Reads a table that `PredictionTable.write` wrote.

    Args:
        path: The CSV file.

    Returns:
        The same table.

    Raises:
        RunError: If the file is missing or is no such table.
    """
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            text = file.read()
        if not text.endswith("\n"):
            raise ValueError("it breaks off")
        header = next(csv.reader(io.StringIO(text, newline="")))
        texts = len(FIXED_COLUMNS) + (header[len(FIXED_COLUMNS) :][:1] == [DISTANCE_COLUMN])
        _, *lines = csv_lines(text, first=texts)
        return _table(header, lines)
    except (OSError, ValueError, csv.Error) as error:
        message = f"{path}: not a table of predictions ({error}); make it again with unfreeze train"
        raise RunError(message, subject=path) from error


def _table(header: list[str], lines: list[Line]) -> PredictionTable:
    classes = tuple(name.removeprefix(PLAIN_PREFIX) for name in header if name.startswith(PLAIN_PREFIX))
    several = tuple(header[: len(SEVERAL_COLUMNS)]) == SEVERAL_COLUMNS
    distances = header[len(FIXED_COLUMNS) :][:1] == [DISTANCE_COLUMN]
    tta = bool(header) and not header[-1].startswith(PLAIN_PREFIX)
    if not classes or header != _header(classes, several=several, distances=distances, tta=tta):
        raise ValueError("its columns are others")
    _check_lines(header, lines, classes)
    objective = INDEPENDENT if several else EXCLUSIVE
    texts, count = [line.cells for line in lines], len(classes)
    losses = _numbers([cells[4] for cells in texts], 1, np.float64)[:, 0]
    numbers = _numbers([line.rest or "" for line in lines], count * (1 + tta), np.float32)
    strange = _numbers([cells[5] for cells in texts], 1, np.float32)[:, 0] if distances else None
    if np.isnan(losses).any() or (strange is not None and np.isnan(strange).any()):
        raise ValueError("a loss or a distance is no number")
    if not ((numbers >= 0) & (numbers <= 1 + ROUNDING)).all():
        raise ValueError("a probability does not lie between 0 and 1")
    return PredictionTable(
        classes=classes,
        paths=tuple(cells[0] for cells in texts),
        splits=tuple(cells[1] for cells in texts),
        targets=objective.targets(_labels(texts, classes, several=several), count).astype(np.int64),
        probabilities=numbers[:, :count],
        losses=losses,
        tta=numbers[:, count:] if tta else None,
        distances=strange,
    )


def _check_lines(header: list[str], lines: list[Line], classes: tuple[str, ...]) -> None:
    if len(set(classes)) < len(classes):
        raise ValueError("two of its classes have the same name")
    for number, line in enumerate(lines, 1):
        if line.columns != len(header):
            raise ValueError(f"picture {number} has {line.columns} columns, not {len(header)}")


def _labels(texts: list[list[str]], classes: tuple[str, ...], *, several: bool) -> list[list[int]]:
    """Indices of each picture's labels."""
    numbered = {name: label for label, name in enumerate(classes)}
    names = [separated(cells[2]) if several else (cells[2],) for cells in texts]
    unknown = sorted({name for own in names for name in own} - numbered.keys())
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of its classes")
    return [[numbered[name] for name in own] for own in names]


def _numbers(lines: list[str], columns: int, kind: type) -> npt.NDArray[Any]:
    """Numbers with commas between them, (N, K); one that is too large for its kind becomes infinite."""
    if not lines:
        return np.empty((0, columns), kind)
    with np.errstate(over="ignore"):
        found: npt.NDArray[Any] = np.loadtxt(lines, kind, delimiter=",", comments=None, ndmin=2)
    if found.shape != (len(lines), columns):  # a line without anything is passed over
        raise ValueError("a number is missing")
    return found


def _header(classes: Sequence[str], *, several: bool, distances: bool, tta: bool) -> list[str]:
    return [
        *(SEVERAL_COLUMNS if several else FIXED_COLUMNS),
        *([DISTANCE_COLUMN] if distances else []),
        *(PLAIN_PREFIX + name for name in classes),
        *(TTA_PREFIX + name for name in classes if tta),
    ]
