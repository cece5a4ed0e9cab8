"""What decisions do to a head: fitted with the labels as they were and as decided, both judged on the same pictures."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats
from unfreeze.errors import CollectionError
from unfreeze.evaluation.heads import HeldFeatures
from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.images.amended import amended
from unfreeze.images.table import ImageRow
from unfreeze.serve.review.command import full_command, leaves_out
from unfreeze.serve.review.decisions import Event
from unfreeze.serve.review.opened import OpenedRun
from unfreeze.serve.review.words import compared, yardstick
from unfreeze.training.head import LinearHead, one_thread
from unfreeze.training.objective import Targets

Right = npt.NDArray[np.bool_]

RUN, BEFORE, AFTER = "the run's model", "a head, labels as they were", "a head, labels as decided"


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A run's pictures with the labels that were decided.

    Attributes:
        rows: All rows of the run, in the table's order, those that were relabelled with their new labels.
        is_left: Whether each of them was not left out, shape (N,).
        command: The command that trains a run with them.
    """

    rows: Sequence[ImageRow]
    is_left: Right
    command: str


class Retraining:
    """Fits heads on a run's activations; the run's own model stays as it is.

    Args:
        run: The run.
        features: Gives pooled activations (N, D) of its pictures, in the table's order.
    """

    def __init__(self, run: OpenedRun, features: Callable[[], Floats]) -> None:
        self._run = run
        self._features = features
        self._before: LinearHead | None = None
        self._lock = threading.Lock()

    def decided(self, corrections: Path, events: Sequence[Event]) -> Decided:
        """Applies decisions as `unfreeze train` does; each picture stays on its side of the split.

        Args:
            corrections: The file of decisions.
            events: The decisions in force that it was made of.

        Returns:
            The pictures.

        Raises:
            CollectionError: If nothing is left to train or to validate with.
        """
        run = self._run
        layout = amended(
            run.layout,
            relabel=corrections,
            exclude=corrections if leaves_out(events) else (),
            label_separator=run.settings.label_separator,
        )
        names = {file.path: file.class_names for file in layout.files}
        numbers = {name: label for label, name in enumerate(run.table.classes)}
        rows = [_relabelled(row, names.get(row.path), numbers) for row in run.table.rows]
        left = np.array([row.path in names for row in rows])
        for split, what in (("train", "trains"), ("valid", "validates")):
            if not any(row.split == split and is_left for row, is_left in zip(rows, left, strict=True)):
                message = f"{corrections}: no picture is left that {what}; leave fewer of them out"
                raise CollectionError(message, subject=corrections)
        return Decided(rows=rows, is_left=left, command=full_command(run, corrections, events))

    def __call__(self, decided: Decided) -> dict[str, Any]:
        """What a head comes to with the decisions, and what it came to without them.

        Args:
            decided: The pictures as decided.

        Returns:
            Plain values: accuracies on the labels as they were and as decided, the paired comparison, in words too,
            and the command that trains all of it again.
        """
        with self._lock:
            began = time.perf_counter()
            right = self._right(decided)
        counts = _counts(self._run.table.rows, decided)
        return {
            "models": [{"name": name, **_figures(*found)} for name, found in right.items()],
            "measure": self._run.data.objective.measure,
            "counts": counts,
            "verdict": compared(right[BEFORE][1], right[AFTER][1]),
            "notes": yardstick(counts, trained_its_body=self._run.trained_its_body),
            "command": decided.command,
            "seconds": time.perf_counter() - began,
        }

    def _right(self, decided: Decided) -> dict[str, tuple[Right, Right]]:
        """For each model which validation pictures it answers rightly, by the labels as they were and as decided."""
        run, features = self._run, self._features()
        objective, old = run.data.objective, run.data.targets(run.table.rows)
        new = run.data.targets(decided.rows)
        train, valid = (np.array([row.split == split for row in decided.rows]) for split in ("train", "valid"))
        if self._before is None:
            self._before = self._fitted(features[train], old[train])
        after = self._fitted(features[train & decided.is_left], new[train & decided.is_left])
        asked = np.flatnonzero(valid & decided.is_left).tolist()
        with one_thread():
            said = {
                RUN: self._said([decided.rows[index].path for index in asked]),
                **{
                    name: objective.answers(objective.probabilities(head.logits(features[asked])))
                    for name, head in ((BEFORE, self._before), (AFTER, after))
                },
            }
        return {
            name: (objective.agree(found, old[asked]), objective.agree(found, new[asked]))
            for name, found in said.items()
        }

    def _fitted(self, features: Floats, targets: Targets) -> LinearHead:
        head = LinearHead.at_zero(features.shape[1], len(self._run.table.classes))
        head.objective = self._run.data.objective
        head.fit_exactly(HeldFeatures(features, targets))
        return head

    def _said(self, paths: Sequence[str]) -> npt.NDArray[np.int64]:
        """What the run's own model says of validation pictures."""
        table = self._run.predictions
        places = {path: place for place, path in enumerate(table.paths)}
        return table.predicted[[places[path] for path in paths]]


def _relabelled(row: ImageRow, names: Sequence[str] | None, numbers: Mapping[str, int]) -> ImageRow:
    return row if names is None else replace(row, labels=tuple(sorted(numbers[name] for name in names)))


def _counts(old: Sequence[ImageRow], decided: Decided) -> dict[str, int]:
    """How many pictures of each split were relabelled, and how many left out."""
    counts = {f"{what}_{split}": 0 for what in ("relabelled", "left_out") for split in ("train", "valid", "test")}
    for before, after, is_left in zip(old, decided.rows, decided.is_left.tolist(), strict=True):
        counts[f"left_out_{before.split}"] += not is_left
        counts[f"relabelled_{before.split}"] += is_left and before.labels != after.labels
    return counts


def _figures(old: Right, new: Right) -> dict[str, Any]:
    return {
        name: {
            "right": int(right.sum()),
            "count": len(right),
            "interval": wilson_interval(int(right.sum()), len(right)),
        }
        for name, right in (("before", old), ("after", new))
    }
