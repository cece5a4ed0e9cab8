"""What happened in training, as append-only plain data."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unfreeze.errors import RunError
from unfreeze.files import write_whole


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """One step.

    Attributes:
        step: Number of the step, counted from 0 over the learner's life.
        epoch: Number of its epoch, likewise.
        loss: Mean loss of its batch.
        rates: Learning rate of each named layer group.
    """

    step: int
    epoch: int
    loss: float
    rates: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """One epoch.

    Attributes:
        epoch: Number of the epoch, counted from 0 over the learner's life.
        stage: What the epoch belonged to, as the caller named it.
        cycle: Number of its cycle within the call of `fit`, from 0.
        ends_cycle: Whether a cycle ended in it.
        view: Number of the view that was trained on; 0 is the plain one.
        frozen: Names of the frozen layer groups.
        train_loss: Mean loss of the epoch's examples as they were trained, dropout on.
        train_accuracy: Part of them that was answered rightly; None where examples were mixed.
        eval_loss: Mean loss of a fixed sample of plain training pictures in eval mode; None where it would cost much.
        valid_loss: Mean loss of the validation pictures in eval mode, each counted once.
        valid_accuracy: Part of them that is answered rightly.
        measure: What that part is called: "accuracy"; "exact match" where all of a picture's labels have to be right.
    """

    epoch: int
    stage: str
    cycle: int
    ends_cycle: bool
    view: int
    frozen: tuple[str, ...]
    train_loss: float
    train_accuracy: float | None
    eval_loss: float | None
    valid_loss: float
    valid_accuracy: float
    measure: str = "accuracy"

    @property
    def overfitting(self) -> bool:
        """The lesson's rule: the validation loss lies above the training loss."""
        return self.valid_loss > self.train_loss


@dataclass
class History:
    """All steps and epochs of a learner, in order.

    Attributes:
        path: A file that gets a JSON line a record as it comes; None keeps them in memory only.
        steps: The steps so far.
        epochs: The epochs so far.
    """

    path: Path | None = None
    steps: list[StepRecord] = field(default_factory=list)
    epochs: list[EpochRecord] = field(default_factory=list)

    def add_step(self, record: StepRecord) -> None:
        """Appends a step; raises RunError if the file cannot be written."""
        self.steps.append(record)
        self._write(record)

    def add_epoch(self, record: EpochRecord) -> None:
        """Appends an epoch; raises RunError if the file cannot be written."""
        self.epochs.append(record)
        self._write(record)

    def to_dict(self) -> dict[str, Any]:
        """All records as plain values, for JSON."""
        return {"steps": [vars(record) for record in self.steps], "epochs": [vars(record) for record in self.epochs]}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Takes the records of `to_dict` instead of its own, in the file too; raises RunError if that fails."""
        self.steps[:] = [StepRecord(**record) for record in plain["steps"]]
        self.epochs[:] = [epoch_record(record) for record in plain["epochs"]]
        if self.path:
            write_whole(self.path, "".join(_line(record) for record in self._in_order()).encode())

    def _in_order(self) -> Iterator[StepRecord | EpochRecord]:
        """Steps and epochs as they came: an epoch's record follows its last step."""
        steps = iter(self.steps)
        following = next(steps, None)
        for record in self.epochs:
            while following and following.epoch <= record.epoch:
                yield following
                following = next(steps, None)
            yield record
        if following:
            yield following
        yield from steps

    def _write(self, record: StepRecord | EpochRecord) -> None:
        if not self.path:
            return
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_line(record))
        except OSError as error:
            raise RunError(f"{self.path}: cannot be written ({error.strerror})", subject=self.path) from error


def epoch_record(plain: Mapping[str, Any]) -> EpochRecord:
    """A record from the values of its attributes as JSON gives them."""
    return EpochRecord(**{**plain, "frozen": tuple(plain["frozen"])})


def _line(record: StepRecord | EpochRecord) -> str:
    """A record as a line of JSON."""
    if isinstance(record, StepRecord):
        return json.dumps({"kind": "step", **vars(record)}) + "\n"
    return json.dumps({"kind": "epoch", **vars(record), "overfitting": record.overfitting}) + "\n"


def stopped_improving(epochs: list[EpochRecord]) -> bool:
    """Whether the last cycle brought no better validation loss while the training loss still fell.

    Args:
        epochs: The epochs of one call of `fit`, in order; the last one ends a cycle.

    Returns:
        True where a whole cycle passed without improvement and training went on fitting.
    """
    last = [record for record in epochs if record.cycle == epochs[-1].cycle]
    before = epochs[: -len(last)]
    if not before:
        return False
    no_better = min(record.valid_loss for record in last) >= min(record.valid_loss for record in before)
    return no_better and last[-1].train_loss < before[-1].train_loss
