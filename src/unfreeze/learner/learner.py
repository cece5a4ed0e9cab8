"""The lesson's controls in one class: the face for notebooks."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.cache import cache_folder
from unfreeze.errors import CollectionError, RunError, SettingsError
from unfreeze.evaluation.predictions import PredictionTable, table_from_logits
from unfreeze.evaluation.tta import average_views
from unfreeze.images.table import Split
from unfreeze.learner.data import ImageData
from unfreeze.learner.examples import ExampleSource
from unfreeze.learner.fitting import Autosave, FitPlan, Fitting
from unfreeze.learner.model import Model
from unfreeze.learner.observer import Observer, Silent
from unfreeze.learner.scratch import scratch_folder
from unfreeze.learner.snapshots import SnapshotScores, ensemble_probabilities, scored
from unfreeze.learner.state import BestWeights, Snapshot, TrainingState, read_state
from unfreeze.learner.weights import average_weights
from unfreeze.network.backbones import DEFAULT_BACKBONE
from unfreeze.network.groups import GROUP_NAMES
from unfreeze.training.history import EpochRecord, History
from unfreeze.training.lr_find import LEAST_STEPS, LrSweep
from unfreeze.training.rates import Rates, group_rates
from unfreeze.training.schedules import OneCycle, schedule_for

if TYPE_CHECKING:
    from unfreeze.network.network import Network

TRIED_BATCHES = 3
SAVE_SECONDS = 30.0
FINE_TUNED_RATIO = 100.0
"""How many times lower the first group's rate is than the head's in `fine_tune`, as in its present namesake."""


class Learner:
    """Trains a network on pictures, with the controls of the lesson.

    It starts frozen up to the head. Whatever is frozen is read from stored activations: of the plain view while
    `precompute` is on, of augmented views once it is off. The optimizer lives as long as the learner: momentum goes on
    from one call to the next; that of a group that is frozen stands still, and goes on when the group thaws.

    Args:
        data: The pictures.
        network: Name of a backbone, or a network.
        precompute: Whether the head is trained on the plain view's stored activations at first.
        observer: Is told what happens.
        folder: Where `history.jsonl` is kept, and `checkpoints/` at the end of each epoch and every so many seconds in
            between; None keeps all in memory.
        use_store: False computes activations anew and stores none.
        limit_bytes: What the store in the cache may hold; None for no limit.

    Attributes:
        save_seconds: How long a step of training may lie behind the last checkpoint.
        about: Makes plain values that are saved with each checkpoint.

    Raises:
        SettingsError: If a network has another number of classes than the data.
        BackboneError: If there is no such backbone, or it does not take squares of the data's size.
    """

    def __init__(
        self,
        data: ImageData,
        network: "str | Network" = DEFAULT_BACKBONE,
        *,
        precompute: bool = True,
        observer: Observer | None = None,
        folder: Path | None = None,
        use_store: bool = True,
        limit_bytes: int | None = None,
    ) -> None:
        self.data = data
        self.save_seconds = SAVE_SECONDS
        self.about: Callable[[], dict[str, Any]] = dict
        self._observer = observer or Silent()
        self._checkpoints = folder / "checkpoints" if folder else None
        scratch, self._remove_scratch = scratch_folder(self, self._checkpoints)
        history = History(folder / "history.jsonl" if folder else None)
        self.state = TrainingState(history=history, batch_size=data.batch_size, precompute=precompute)
        self.model = Model(
            network,
            classes=len(data.table.classes),
            size_px=data.transform.size_px,
            threads=data.threads,
            graphs=cache_folder("graphs"),
            scratch=scratch,
        )
        self.source = ExampleSource(
            data, self.model, observer=self._observer, scratch=scratch, use_store=use_store, limit_bytes=limit_bytes
        )
        self.fitting = Fitting(self.source, self.state)
        for note in self.model.notes:
            self._observer.note(note)

    def close(self) -> None:
        """Closes the store and removes scratch files; what is not closed goes with the learner."""
        self.source.close()
        self._remove_scratch()

    @property
    def history(self) -> History:
        """All steps and epochs."""
        return self.state.history

    @property
    def best(self) -> BestWeights | None:
        """The weights with the lowest validation loss so far."""
        return self.state.best

    @property
    def snapshots(self) -> list[Snapshot]:
        """The weights at the ends of the last fit's cycles."""
        return self.state.snapshots

    @property
    def precompute(self) -> bool:
        """Whether training reads the plain view's stored activations; off, epochs walk through augmented views."""
        return self.state.precompute

    @precompute.setter
    def precompute(self, wanted: bool) -> None:
        self.state.precompute = wanted and self.body_is_frozen

    @property
    def batch_size(self) -> int:
        """Pictures in a training batch; may be changed between calls."""
        return self.state.batch_size

    @batch_size.setter
    def batch_size(self, pictures: int) -> None:
        self.state.batch_size = pictures

    @property
    def stage(self) -> str:
        """What epochs from now on are said to belong to."""
        return self.state.stage

    @stage.setter
    def stage(self, name: str) -> None:
        self.state.stage = name

    @property
    def epoch_steps(self) -> int:
        """Steps in an epoch: the number of training batches, a smaller last one counted."""
        return -(-len(self.data.table.of_split("train")) // self.batch_size)

    @property
    def network(self) -> "Network":
        """The network in torch with the weights as they are now; loads torch if that was not done before."""
        return self.model.network_with_head()

    @property
    def body_is_frozen(self) -> bool:
        """Whether only the head trains."""
        return self.model.body_is_frozen

    def freeze(self) -> None:
        """Freezes all layer groups but the head."""
        self.freeze_to(-1)

    def unfreeze(self) -> None:
        """Makes all layer groups trainable."""
        self.freeze_to(0)

    def freeze_to(self, group: int) -> None:
        """Freezes all layer groups before the given one; a body that trains ends the use of precomputed activations.

        Args:
            group: Index of the first trainable group: 0 early body, 1 late body, 2 head; negative ones from the end.

        Raises:
            SettingsError: If there is no such group.
        """
        if group not in range(-len(GROUP_NAMES), len(GROUP_NAMES)):
            message = f"there is no layer group {group}; groups are {', '.join(GROUP_NAMES)}, numbered from 0"
            raise SettingsError(message, subject="group")
        self.model.freeze_to(range(len(GROUP_NAMES))[group])
        self.state.precompute = self.precompute and self.body_is_frozen
        self.source.plan()

    def lr_find(self, *, start: float = 1e-7, end: float = 10.0, rates: Rates = 1.0) -> LrSweep:
        """Sweeps the learning rate over batches of the current stage and leaves the network as it was.

        Args:
            start: First rate of the head.
            end: Last rate of the head.
            rates: Rates of the layer groups, whose ratios are kept throughout.

        Returns:
            The sweep, with its suggestions.

        Raises:
            SettingsError: If the rates make no sense.
        """
        given = group_rates(rates, len(GROUP_NAMES))
        steps = max(LEAST_STEPS, self.epoch_steps)
        examples = self.source.training(self.fitting.view(0))
        batches = itertools.chain.from_iterable(self.fitting.batches(epoch) for epoch in itertools.count())
        task = "learning rates tried"
        sweep = self.fitting.trainer.sweep(
            self.model.trainable(),
            list(itertools.islice(batches, steps)),
            examples,
            span=(start, end),
            ratios=[rate / given[-1] for rate in given],
            on_step=lambda done: self._observer.progress(task, done, steps),
        )
        self._observer.progress(task, steps, steps)  # a sweep may end before its last rate
        return sweep

    def fit(
        self,
        lr: Rates,
        n_cycle: int = 1,
        *,
        cycle_len: float | None = None,
        cycle_mult: float = 1,
        warmup_steps: int = 0,
        until_overfit: bool = False,
        sizes_px: Sequence[int] = (),
    ) -> list[EpochRecord]:
        """Trains: at a constant rate for `n_cycle` epochs, or in cosine cycles where `cycle_len` is given.

        Args:
            lr: One rate, a list with one for each layer group, or a slice.
            n_cycle: Number of cycles, or of epochs at a constant rate.
            cycle_len: Length of the first cycle in epochs.
            cycle_mult: Each cycle is this many times as long as the one before.
            warmup_steps: Steps of a linear ramp before the first cycle.
            until_overfit: Stops early when a whole cycle brings no better validation loss while the training loss
                still falls.
            sizes_px: Side of the training squares in each cycle, in pixels, the last one from then on; the data's own
                unless said otherwise. Smaller squares make early cycles cheap. Validation always takes the data's own.

        Returns:
            One record an epoch. The lowest validation loss's weights are kept in `best`, those at the ends of cosine
            cycles in `snapshots`.

        Raises:
            SettingsError: If rates or cycles make no sense.
            TrainingError: If the loss is no longer finite.
        """
        if sizes_px and not self.model.reads_pictures:
            message = "squares of several sizes need the whole network unfrozen; leave --sizes away, or unfreeze()"
            raise SettingsError(message, subject="sizes_px")
        schedule = schedule_for(
            n_cycle,
            cycle_len=cycle_len,
            cycle_mult=cycle_mult,
            epoch_steps=self.epoch_steps,
            warmup_steps=warmup_steps,
        )
        rates = group_rates(lr, len(GROUP_NAMES))
        plan = FitPlan(schedule=schedule, rates=rates, sizes_px=tuple(sizes_px), until_overfit=until_overfit)
        return self._fit(plan)

    def fit_one_cycle(self, n_epoch: int, lr: Rates) -> list[EpochRecord]:
        """Trains in one cycle: the rate up from lr/25 and down to lr/100,000, momentum from 0.95 to 0.85 and back.

        Args:
            n_epoch: Number of epochs.
            lr: The highest rate: one, a list with one for each layer group, or a slice.

        Returns:
            One record an epoch.

        Raises:
            SettingsError: If rates or epochs make no sense.
            TrainingError: If the loss is no longer finite.
        """
        rates = group_rates(lr, len(GROUP_NAMES))
        steps = schedule_for(n_epoch, epoch_steps=self.epoch_steps).cycle_ends[-1]
        return self._fit(FitPlan(schedule=OneCycle(steps), rates=rates))

    def fine_tune(self, n_epoch: int, lr: float = 0.002) -> list[EpochRecord]:
        """One frozen epoch in one cycle, then `n_epoch` epochs of the whole network in another, on augmented views.

        Args:
            n_epoch: Number of epochs of the whole network.
            lr: The head's highest rate in the frozen epoch. In the others it is half of it, and falls geometrically
                to a hundredth of that at the first layer group.

        Returns:
            One record an epoch, the frozen one first.

        Raises:
            SettingsError: If rate or epochs make no sense.
            TrainingError: If the loss is no longer finite.
        """
        self.freeze()
        self.precompute = False
        frozen = self.fit_one_cycle(1, lr)
        self.unfreeze()
        return frozen + self.fit_one_cycle(n_epoch, slice(lr / 2 / FINE_TUNED_RATIO, lr / 2))

    def fit_exactly(self) -> EpochRecord:
        """Puts the head at the lowest penalised loss on the plain training pictures, in one go instead of by steps.

        Returns:
            A record as of an epoch that took no steps; the lowest validation loss's weights are kept in `best`.

        Raises:
            SettingsError: If a part of the body is not frozen.
        """
        if not self.body_is_frozen:
            raise SettingsError("only the head can be fitted exactly; freeze the body first", subject="head")
        trained = self.model.head.fit_exactly(self.source.stored("train", 0))
        return self.fitting.record(trained, view=0, cycle=0, ends_cycle=True)

    def estimated_seconds(self, steps: int) -> float:
        """How long training takes here and now, from a few batches that are tried and undone.

        Args:
            steps: Number of training steps.

        Returns:
            Seconds, with validation after each epoch. What has to be stored first is stored now, and not counted.
        """
        batches = self.source.training(self.fitting.view(0)).batches(self.fitting.batches(0)[: 1 + TRIED_BATCHES])
        each = self.fitting.trainer.seconds_per_step(self.model.trainable(), batches)
        validation = 0.0 if self.body_is_frozen else self.source.seconds_to_compute("valid")
        return steps * each + math.ceil(steps / self.epoch_steps) * validation

    def restore_best(self) -> None:
        """Puts the weights of the lowest validation loss so far back in place."""
        if self.best:
            self.model.restore(self.best.weights)

    def logits(self, split: Split, *, view: int = 0, ahead: Sequence[int] = ()) -> Floats:
        """Logits (N, C) of one view of a split's pictures under the weights as they are now.

        Args:
            split: Which pictures.
            view: The view's number; 0 is the plain view.
            ahead: Views that will be asked for next.

        Returns:
            Logits in the order of the split's rows, float32.
        """
        return self.model.head.all_logits(self.source.stored(split, view, ahead=ahead))

    def evaluate(self, splits: Sequence[Split] = ("valid",), *, tta_views: int = 0) -> PredictionTable:
        """Predicts all pictures of some splits.

        Args:
            splits: Which splits; those without pictures are passed over.
            tta_views: Augmented views to average with the plain one; 0 for none.

        Returns:
            One row a picture.

        Raises:
            CollectionError: If none of the splits has pictures.
        """
        table = self.data.table
        present = [split for split in splits if table.of_split(split)]
        rows = [row for split in present for row in table.of_split(split)]
        if not rows:
            raise CollectionError(f"{table.root}: no pictures in {', '.join(splits)}", subject=table.root)
        soon = range(1 + tta_views)
        views = [np.concatenate([self.logits(split, view=view, ahead=soon) for split in present]) for view in soon]
        predictions = table_from_logits(
            views[0],
            classes=table.classes,
            paths=[row.path for row in rows],
            splits=[row.split for row in rows],
            targets=[row.label for row in rows],
        )
        return predictions.with_tta(average_views(views)) if tta_views else predictions

    def compare_snapshots(self) -> SnapshotScores | None:
        """What the weights at the ends of the last fit's cycles are worth together, on the validation pictures.

        Returns:
            Figures of their averaged predictions and of their averaged weights; None of fewer than two cycles.
        """
        if len(self.snapshots) < 2 or self.best is None:
            return None
        labels = [row.label for row in self.data.table.of_split("valid")]
        now, average = self.model.weights(momenta=True), average_weights([found.weights for found in self.snapshots])
        try:
            self.model.restore(average)
            averaged = self.fitting.validated(self.source.stored("valid", 0))
            self.restore_best()
            best = self.fitting.validated(self.source.stored("valid", 0))
        finally:
            self.model.restore(now)
        return SnapshotScores(
            cycles=len(self.snapshots),
            best=best,
            ensemble=scored(ensemble_probabilities(self.snapshots), labels),
            average=averaged,
            average_weights=average,
        )

    def keep_average(self, scores: SnapshotScores) -> None:
        """Makes the cycles' averaged weights the best ones.

        Args:
            scores: What they were found to be worth.
        """
        record = replace(
            self.history.epochs[-1], valid_loss=scores.average.mean_loss, valid_accuracy=scores.average.accuracy
        )
        self.state.best = BestWeights(record=record, weights=scores.average_weights, averaged=scores.cycles)

    def save(self, folder: str | Path | None = None) -> None:
        """Saves weights, optimizer, history and all that going on needs; an earlier save stays until this is complete.

        Args:
            folder: Where to; the learner's own `checkpoints/` unless said otherwise. It is made if it is not there.

        Raises:
            RunError: If it cannot be written, or the learner has no folder of its own.
        """
        target = Path(folder) if folder else self._checkpoints
        if target is None:
            raise RunError("this learner has no folder of its own; name one: save(folder)", subject="folder")
        target.mkdir(parents=True, exist_ok=True)
        about = {"own": self.about(), "model": self.model.facts()}
        self.state.save(target, now=self.model.weights(momenta=True), about=about)

    def load(self, folder: str | Path | None = None, *, resume: bool = False) -> dict[str, Any]:
        """Becomes what was saved by a learner of the same backbone and classes.

        Args:
            folder: Where it was saved; the learner's own `checkpoints/` unless said otherwise.
            resume: Whether a fit that was interrupted goes on at its next step when it is called again; otherwise it
                begins anew with these weights.

        Returns:
            What `about` had made of the learner that was saved.

        Raises:
            RunError: If nothing was saved there, it cannot be read, or it is of another backbone or number of classes.
        """
        source = Path(folder) if folder else self._checkpoints
        if source is None:
            raise RunError("this learner has no folder of its own; name one: load(folder)", subject="folder")
        found = read_state(source)
        self.model.adopt(found.about["model"], found_in=source)
        self.state.become(found)
        self.source.plan()
        self.model.restore(found.now)
        if not resume:
            self.state.fit = None
        return dict(found.about["own"])

    def _fit(self, plan: FitPlan) -> list[EpochRecord]:
        save = self.save if self._checkpoints else lambda: None
        return self.fitting.run(plan, Autosave(save, seconds=self.save_seconds))
