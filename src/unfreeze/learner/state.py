"""All that training has come to, as one thing that can be saved and gone on with."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.errors import RunError
from unfreeze.learner.weights import Weights
from unfreeze.training.averaging import WeightAverage
from unfreeze.training.checkpoints import read_weights, write_weights
from unfreeze.training.history import EpochRecord, History, epoch_record
from unfreeze.training.loop import NOTHING_YET, StepSums

STATE_FILE = "state.safetensors"
KEPT_FILE = re.compile(r"(epoch-\d+|average)-[0-9a-f]{8}\.safetensors")
FORMAT_VERSION = 1
LOGITS_OF = "valid_logits."
AVERAGE_OF = "average."


@dataclass(frozen=True, kw_only=True)
class BestWeights:
    """The weights with the lowest validation loss so far.

    Attributes:
        record: The epoch that they come from; for an average, of its last cycle, with the average's validation figures.
        weights: What they are.
        averaged: Number of cycles whose weights they are the average of; 0 for those of one epoch.
    """

    record: EpochRecord
    weights: Weights
    averaged: int = 0

    @property
    def name(self) -> str:
        """Which weights they are, in words."""
        if self.averaged:
            return f"the average of the weights at the ends of {self.averaged} cycles"
        return f"the weights of epoch {self.record.epoch + 1}"

    @property
    def file(self) -> str:
        """Name of the file that they are kept in."""
        return _file("average" if self.averaged else f"epoch-{self.record.epoch + 1:04d}", self.weights)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The weights right after the last step of a cycle.

    Attributes:
        cycle: Number of the cycle within its call of `fit`, from 0.
        epoch: Number of the epoch that the step belongs to.
        weights: What they are.
        valid_logits: What they say of the validation pictures, shape (N, C).
    """

    cycle: int
    epoch: int
    weights: Weights
    valid_logits: Floats

    @property
    def file(self) -> str:
        """Name of the file that they are kept in."""
        return _file(f"epoch-{self.epoch + 1:04d}", self.weights)


@dataclass(kw_only=True)
class FitProgress:
    """How far a call of `fit` has come.

    Attributes:
        plan: What it was asked for, as plain values.
        first_epoch: Number of its first epoch.
        steps: Steps taken.
        in_epoch: Those of them in the epoch that is in work.
        sums: What these came to.
    """

    plan: dict[str, Any]
    first_epoch: int
    steps: int = 0
    in_epoch: int = 0
    sums: StepSums = NOTHING_YET


@dataclass(kw_only=True)
class TrainingState:
    """All that training has come to, beside the weights as they are now, which the model has.

    Attributes:
        history: Steps and epochs.
        batch_size: Pictures in a training batch.
        precompute: Whether training reads the plain view's stored activations.
        stage: What epochs are said to belong to.
        augmented_epochs: Number of epochs on augmented views.
        best: The weights of the lowest validation loss.
        snapshots: Weights at the ends of the last fit's cycles.
        fit: The fit in work, if there is one.
        average: The running average of its weights, if one is asked for.
    """

    history: History
    batch_size: int
    precompute: bool
    stage: str = ""
    augmented_epochs: int = 0
    best: BestWeights | None = None
    snapshots: list[Snapshot] = field(default_factory=list)
    fit: FitProgress | None = None
    average: WeightAverage | None = None

    def save(self, folder: Path, *, now: Weights, about: Mapping[str, Any]) -> None:
        """Writes everything; whenever writing is stopped, the folder holds the state before or the new one, whole.

        Weights that do not change any more have files of their own, named after their content, and are written once.

        Args:
            folder: Where to write.
            now: The model's weights, with momenta.
            about: Plain values to save with it.

        Raises:
            RunError: If a file cannot be written.
        """
        kept = {found.file: found.weights for found in self.snapshots}
        if self.best:
            kept[self.best.file] = self.best.weights
        for name, weights in kept.items():
            if not (folder / name).exists():
                write_weights(folder / name, weights.arrays(), about={"first_trained": weights.first_trained})
        logits = {f"{LOGITS_OF}{number}": found.valid_logits for number, found in enumerate(self.snapshots)}
        facts = {"format": FORMAT_VERSION, "first_trained": now.first_trained, **self._facts(), "about": dict(about)}
        averages = {AVERAGE_OF + name: mean for name, mean in self.average.arrays().items()} if self.average else {}
        write_weights(folder / STATE_FILE, {**now.arrays(), **logits, **averages}, about=facts)
        for path in folder.iterdir():
            if KEPT_FILE.fullmatch(path.name) and path.name not in kept:
                path.unlink(missing_ok=True)

    def become(self, saved: "SavedState") -> None:
        """Takes over what was saved; raises RunError if the history's file cannot be written."""
        facts = saved.facts
        self.history.restore(facts["history"])
        self.batch_size, self.precompute, self.stage = facts["batch_size"], facts["precompute"], facts["stage"]
        self.augmented_epochs = facts["augmented_epochs"]
        self.best, self.snapshots = saved.best, list(saved.snapshots)
        fit = facts["fit"]
        self.fit = FitProgress(**{**fit, "sums": StepSums(**fit["sums"])}) if fit else None
        self.average = saved.average

    def _facts(self) -> dict[str, Any]:
        best = self.best
        return {
            "history": self.history.to_dict(),
            "batch_size": self.batch_size,
            "precompute": self.precompute,
            "stage": self.stage,
            "augmented_epochs": self.augmented_epochs,
            "best": best and {"file": best.file, "record": vars(best.record), "averaged": best.averaged},
            "snapshots": [{"file": s.file, "cycle": s.cycle, "epoch": s.epoch} for s in self.snapshots],
            "fit": self.fit and {**vars(self.fit), "sums": asdict(self.fit.sums)},
            **({"average": {"decay": self.average.decay, "updates": self.average.updates}} if self.average else {}),
        }


@dataclass(frozen=True, kw_only=True)
class SavedState:
    """What lies in a folder that a state was saved in.

    Attributes:
        facts: Plain values.
        now: The model's weights, with momenta.
        best: The weights with the lowest validation loss.
        snapshots: Weights at the ends of cycles.
        average: The running average of the weights of the fit in work.
    """

    facts: Mapping[str, Any]
    now: Weights
    best: BestWeights | None
    snapshots: Sequence[Snapshot]
    average: WeightAverage | None = None

    @property
    def about(self) -> Mapping[str, Any]:
        """Plain values that were saved with the state."""
        found: Mapping[str, Any] = self.facts["about"]
        return found

    def without_momenta(self) -> "SavedState":
        """The same for another optimizer, to which nothing of what this one remembered is of use."""
        best = self.best and replace(self.best, weights=self.best.weights.without_momenta())
        snapshots = [replace(each, weights=each.weights.without_momenta()) for each in self.snapshots]
        return replace(self, now=self.now.without_momenta(), best=best, snapshots=snapshots)


def read_state(folder: Path) -> SavedState:
    """Reads what `TrainingState.save` wrote.

    Args:
        folder: Where it was saved.

    Returns:
        All of it.

    Raises:
        RunError: If there is nothing saved, or it cannot be read.
    """
    arrays, facts = _arrays(folder, STATE_FILE)
    if facts.get("format") != FORMAT_VERSION:
        what = f"is of format {facts.get('format')}, this version reads {FORMAT_VERSION}"
        raise RunError(f"{folder / STATE_FILE}: {what}; use the version that wrote it", subject=folder)
    logits = [arrays.pop(f"{LOGITS_OF}{number}") for number in range(len(facts["snapshots"]))]
    average = _average(arrays, facts.get("average"))
    return SavedState(
        facts=facts,
        now=Weights.from_arrays(arrays, first_trained=facts["first_trained"]),
        best=_best(folder, facts["best"]),
        snapshots=_snapshots(folder, facts["snapshots"], logits),
        average=average,
    )


def _average(arrays: dict[str, np.ndarray], plain: Mapping[str, Any] | None) -> WeightAverage | None:
    """The running average, whose values are taken out of the arrays."""
    if not plain:
        return None
    names = [name for name in arrays if name.startswith(AVERAGE_OF)]
    average = WeightAverage(plain["decay"])
    average.restore({name.removeprefix(AVERAGE_OF): arrays.pop(name) for name in names}, updates=plain["updates"])
    return average


def _best(folder: Path, plain: Mapping[str, Any] | None) -> BestWeights | None:
    if not plain:
        return None
    weights = _kept(folder, plain["file"])
    return BestWeights(record=epoch_record(plain["record"]), weights=weights, averaged=plain["averaged"])


def _snapshots(folder: Path, plain: Sequence[Mapping[str, Any]], logits: Sequence[np.ndarray]) -> list[Snapshot]:
    return [
        Snapshot(cycle=facts["cycle"], epoch=facts["epoch"], weights=_kept(folder, facts["file"]), valid_logits=found)
        for facts, found in zip(plain, logits, strict=True)
    ]


def _file(name: str, weights: Weights) -> str:
    return f"{name}-{weights.digest}.safetensors"


def _kept(folder: Path, name: str) -> Weights:
    arrays, facts = _arrays(folder, name)
    return Weights.from_arrays(arrays, first_trained=facts["first_trained"])


def _arrays(folder: Path, name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """One of a save's files; where it is not as it was written, the error concerns the save as a whole."""
    try:
        return read_weights(folder / name)
    except RunError as error:
        raise RunError(f"{error}; what was saved there cannot be gone on with", subject=folder) from error
