"""The lesson's controls in one class: the face for notebooks."""

import itertools
import math
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.cache import cache_folder
from unfreeze.errors import CollectionError, SettingsError, TrainingError
from unfreeze.evaluation.predictions import PredictionTable, table_from_logits
from unfreeze.evaluation.tta import average_views
from unfreeze.images.table import Split
from unfreeze.learner.data import ImageData
from unfreeze.learner.examples import ExampleSource
from unfreeze.learner.model import Model, Weights
from unfreeze.learner.observer import Observer, Silent
from unfreeze.network.backbones import DEFAULT_BACKBONE
from unfreeze.network.groups import GROUP_NAMES
from unfreeze.training.batches import Examples, in_groups, shuffled
from unfreeze.training.checkpoints import write_weights
from unfreeze.training.head import one_thread
from unfreeze.training.history import EpochRecord, History, stopped_improving
from unfreeze.training.loop import StepSums, run_epoch
from unfreeze.training.lr_find import LEAST_STEPS, LrSweep
from unfreeze.training.rates import Rates, group_rates
from unfreeze.training.schedules import Schedule, schedule_for
from unfreeze.training.trainer import Trainer

if TYPE_CHECKING:
    from unfreeze.network.network import Network

EVAL_SAMPLE = 1000
VALIDATION_BATCH = 64
TRIED_BATCHES = 3


@dataclass(frozen=True, kw_only=True)
class BestWeights:
    """The weights with the lowest validation loss so far.

    Attributes:
        record: The epoch that they come from.
        weights: What they are.
    """

    record: EpochRecord
    weights: Weights


class Learner:
    """Trains a network on pictures, with the controls of the lesson.

    It starts frozen up to the head. Whatever is frozen is read from stored activations: of the plain view while
    `precompute` is on, of augmented views once it is off. `batch_size` may be changed between calls.

    Args:
        data: The pictures.
        network: Name of a backbone, or a network.
        observer: Is told what happens.
        folder: Where `history.jsonl` and `checkpoints/` are kept; None keeps them in memory only.
        use_store: False computes activations anew and stores none.
        limit_bytes: What the store in the cache may hold; None for no limit.

    Raises:
        SettingsError: If a network has another number of classes than the data.
        BackboneError: If there is no such backbone, or it does not take squares of the data's size.
    """

    def __init__(
        self,
        data: ImageData,
        network: "str | Network" = DEFAULT_BACKBONE,
        *,
        observer: Observer | None = None,
        folder: Path | None = None,
        use_store: bool = True,
        limit_bytes: int | None = None,
    ) -> None:
        self.data = data
        self.precompute = True
        self.batch_size = data.batch_size
        self.history = History(folder / "history.jsonl" if folder else None)
        self.best: BestWeights | None = None
        self.stage = ""
        self._observer = observer or Silent()
        self._checkpoints = folder / "checkpoints" if folder else None
        scratch = Path(tempfile.mkdtemp(prefix="unfreeze-"))
        self._remove_scratch = weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)
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
        self.trainer = Trainer(history=self.history, seed=data.transform.seed)
        self._augmented_epochs = 0
        for note in self.model.notes:
            self._observer.note(note)

    def close(self) -> None:
        """Closes the store and removes scratch files; what is not closed goes with the learner."""
        self.source.close()
        self._remove_scratch()

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
        self.precompute = self.precompute and self.body_is_frozen
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
        examples = self.source.training(self._view(0))
        batches = itertools.chain.from_iterable(self._batches(epoch) for epoch in itertools.count())
        task = "learning rates tried"
        sweep = self.trainer.sweep(
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
        until_overfit: bool = False,
        sizes_px: Sequence[int] = (),
    ) -> list[EpochRecord]:
        """Trains: at a constant rate for `n_cycle` epochs, or in cosine cycles where `cycle_len` is given.

        Args:
            lr: One rate, a list with one for each layer group, or a slice.
            n_cycle: Number of cycles, or of epochs at a constant rate.
            cycle_len: Length of the first cycle in epochs.
            cycle_mult: Each cycle is this many times as long as the one before.
            until_overfit: Stops early when a whole cycle brings no better validation loss while the training loss
                still falls.
            sizes_px: Side of the training squares in each cycle, in pixels, the last one from then on; the data's own
                unless said otherwise. Smaller squares make early cycles cheap. Validation always takes the data's own.

        Returns:
            One record an epoch. The lowest validation loss's weights are kept in `best`.

        Raises:
            SettingsError: If rates or cycles make no sense.
            TrainingError: If the loss is no longer finite.
        """
        rates = group_rates(lr, len(GROUP_NAMES))
        schedule = schedule_for(n_cycle, cycle_len=cycle_len, cycle_mult=cycle_mult, epoch_steps=self.epoch_steps)
        if sizes_px and not self.model.reads_pictures:
            message = "squares of several sizes need the whole network unfrozen; leave --sizes away, or unfreeze()"
            raise SettingsError(message, subject="sizes_px")
        records: list[EpochRecord] = []
        for record in self._epochs(schedule, rates, sizes_px or (self.data.transform.size_px,)):
            records.append(record)
            settled = record.cycle >= len(sizes_px)  # losses of cycles at different sizes tell nothing of overfitting
            if until_overfit and settled and record.ends_cycle and stopped_improving(records):
                break
        return records

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
        record = self._record(trained, view=0, cycle=0, ends_cycle=True)
        self._keep(record)
        return record

    def estimated_seconds(self, steps: int) -> float:
        """How long training takes here and now, from a few batches that are tried and undone.

        Args:
            steps: Number of training steps.

        Returns:
            Seconds, with validation after each epoch. What has to be stored first is stored now, and not counted.
        """
        batches = self.source.training(self._view(0)).batches(self._batches(0)[: 1 + TRIED_BATCHES])
        each = self.trainer.seconds_per_step(self.model.trainable(), batches)
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

    def _epochs(self, schedule: Schedule, rates: Sequence[float], sizes: Sequence[int]) -> Iterator[EpochRecord]:
        """Trains epoch after epoch to the schedule's end; what comes out was validated and recorded."""
        done, total = 0, schedule.cycle_ends[-1]
        while done < total:
            record = self._epoch(schedule, rates, sizes, done)
            done = min(done + self.epoch_steps, total)
            self._keep(record)
            yield record

    def _epoch(self, schedule: Schedule, rates: Sequence[float], sizes: Sequence[int], done: int) -> EpochRecord:
        """Trains one epoch, or what is left of the schedule after `done` steps, and validates."""
        epoch, view = len(self.history.epochs), self._view(self._augmented_epochs)
        batches = self._batches(epoch)[: schedule.cycle_ends[-1] - done]
        cycle = sum(end <= done for end in schedule.cycle_ends)
        examples = self.source.training(view, size_px=sizes[min(cycle, len(sizes) - 1)])

        def rates_at(step: int) -> list[float]:
            return [rate * schedule.factor(done + step) for rate in rates]

        def on_step(taken: int) -> None:
            self._observer.progress(f"epoch {epoch + 1}", taken, len(batches))

        self.model.first_trained = min(self.model.first_trained, self.model.first_trainable)
        trained = self.trainer.train(self.model.trainable(), examples.batches(batches), rates_at, on_step=on_step)
        self._augmented_epochs += view > 0
        done += len(batches)
        cycle = sum(end < done for end in schedule.cycle_ends)
        return self._record(trained, view=view, cycle=cycle, ends_cycle=done in schedule.cycle_ends)

    def _record(self, trained: StepSums, *, view: int, cycle: int, ends_cycle: bool) -> EpochRecord:
        """Validates, and puts down what an epoch came to.

        Validation goes through the fast engine, whatever trains: it costs a tenth of the training, not a third.
        """
        valid = self._validated(self.source.stored("valid", 0))
        if not math.isfinite(valid.mean_loss):
            message = f"the validation loss became {valid.mean_loss}; choose a lower learning rate (--lr, --full-lr)"
            raise TrainingError(message, subject="loss")
        return EpochRecord(
            epoch=len(self.history.epochs),
            stage=self.stage,
            cycle=cycle,
            ends_cycle=ends_cycle,
            view=view,
            frozen=self.model.frozen_groups,
            train_loss=trained.mean_loss,
            train_accuracy=trained.accuracy,
            eval_loss=self._eval_loss(),
            valid_loss=valid.mean_loss,
            valid_accuracy=valid.accuracy,
        )

    def _validated(self, examples: Examples) -> StepSums:
        """Losses of all examples of pooled features, each counted once, in eval mode."""
        groups = in_groups(range(len(examples.labels)), VALIDATION_BATCH)
        with one_thread():
            return run_epoch(examples.batches(groups), self.model.head.valid_step)

    def _eval_loss(self) -> float | None:
        """Loss in eval mode on a fixed sample of plain training pictures, where their activations are stored."""
        if not self.body_is_frozen:
            return None
        return self._validated(self.source.stored_sample("train", EVAL_SAMPLE)).mean_loss

    def _keep(self, record: EpochRecord) -> None:
        """Records an epoch, and its weights where they are the best so far."""
        self.history.add_epoch(record)
        self._observer.epoch(record)
        if self.best is None or record.valid_loss < self.best.record.valid_loss:
            weights = self.model.weights()
            self.best = BestWeights(record=record, weights=weights)
            if self._checkpoints:
                about = {"epoch": str(record.epoch), "valid_loss": repr(record.valid_loss)}
                write_weights(self._checkpoints / "best.safetensors", weights.arrays(), about=about)

    def _view(self, augmented_epoch: int) -> int:
        """The view that an epoch trains on."""
        return 0 if self.precompute else self.source.augmented_view(augmented_epoch)

    def _batches(self, epoch: int) -> list[list[int]]:
        count = len(self.data.table.of_split("train"))
        return shuffled(count, self.batch_size, seed=self.data.transform.seed, epoch=epoch)
