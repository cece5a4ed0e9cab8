"""The lesson's controls in one class: the face for notebooks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.errors import CollectionError, SettingsError
from unfreeze.evaluation.certainty import Certainty
from unfreeze.evaluation.predictions import PredictionTable, table_from_logits
from unfreeze.evaluation.tta import average_views
from unfreeze.images.table import Split
from unfreeze.learner.controls import Controls
from unfreeze.learner.finding import find_rates
from unfreeze.learner.fitting import Autosave, FitPlan
from unfreeze.learner.knowing import distances, known_certainty
from unfreeze.learner.notebook import Epochs, html_table, new_axes
from unfreeze.learner.snapshots import SnapshotScores, compare
from unfreeze.learner.state import BestWeights
from unfreeze.network.groups import GROUP_NAMES
from unfreeze.plots.losses import plot_losses
from unfreeze.plots.schedule import plot_schedule
from unfreeze.plots.sweep import plot_lr_find
from unfreeze.training.history import EpochRecord
from unfreeze.training.lr_band import LrBand
from unfreeze.training.rates import Rates, group_rates
from unfreeze.training.schedules import FlatCosine, OneCycle, Schedule, schedule_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes


TRIED_BATCHES = 3
FINE_TUNED_RATIO = 100.0
"""How many times lower the first group's rate is than the head's in `fine_tune`, as in its present namesake."""


class Learner(Controls):
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
            between; it is made if it is not there. None keeps all in memory.
        use_store: False computes activations anew and stores none.
        limit_bytes: What the store in the cache may hold; None for no limit.
        world: The processes that the work is shared among; this is the first, the others `follow` it.
        options: How steps are taken; the lesson's way unless said otherwise.

    Attributes:
        save_seconds: How long a step of training may lie behind the last checkpoint.
        band: What `lr_find` found last.
        about: Makes plain values that are saved with each checkpoint.

    Raises:
        SettingsError: If a network has another number of classes than the data.
        BackboneError: If there is no such backbone, or it does not take squares of the data's size.
    """

    def lr_find(self, *, start: float = 1e-7, end: float = 10.0, rates: Rates = 1.0, seeds: int = 1) -> LrBand:
        """Sweeps the learning rate over batches of the current stage and leaves the network as it was.

        Args:
            start: First rate of the head.
            end: Last rate of the head.
            rates: Rates of the layer groups, whose ratios are kept throughout.
            seeds: Number of sweeps, each with another order of the batches; of several, the suggestion is the median.

        Returns:
            The sweeps and what they suggest.

        Raises:
            SettingsError: If the rates make no sense.
        """
        self.band = find_rates(self.fitting, span=(start, end), rates=rates, seeds=seeds)
        return self.band

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
    ) -> Epochs:
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
            RunError: If the learner's folder cannot be written, or holds an earlier learner's save that was not loaded.
        """
        schedule = schedule_for(
            n_cycle,
            cycle_len=cycle_len,
            cycle_mult=cycle_mult,
            epoch_steps=self.epoch_steps,
            warmup_steps=warmup_steps,
        )
        return self.fit_schedule(lr, schedule, until_overfit=until_overfit, sizes_px=sizes_px)

    def fit_schedule(
        self,
        lr: Rates,
        schedule: Schedule,
        *,
        until_overfit: bool = False,
        sizes_px: Sequence[int] = (),
        revise: Callable[[int, bool], Schedule] | None = None,
    ) -> Epochs:
        """Trains along any schedule, which may change while it is followed; what is not said here is as of `fit`.

        Args:
            lr: Highest rates: one, a list with one for each layer group, or a slice.
            schedule: The rates' course.
            until_overfit: Whether it stops early.
            sizes_px: Side of the training squares in each cycle.
            revise: Gives the schedule to go on with after each epoch and each save within one, from the number of steps
                taken and whether an epoch has just been validated; cycles that are over have to stay.

        Returns:
            One record an epoch.
        """
        if sizes_px and not self.model.reads_pictures:
            message = "squares of several sizes need the whole network unfrozen; leave --sizes away, or unfreeze()"
            raise SettingsError(message, subject="sizes_px")
        rates = group_rates(lr, len(GROUP_NAMES))
        plan = FitPlan(schedule=schedule, rates=rates, sizes_px=tuple(sizes_px), until_overfit=until_overfit)
        return self._fit(replace(plan, revise=revise))

    def fit_one_cycle(self, n_epoch: int, lr: Rates) -> Epochs:
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
        return self._fit(FitPlan(schedule=OneCycle(self._steps(n_epoch)), rates=group_rates(lr, len(GROUP_NAMES))))

    def fit_flat_cos(self, n_epoch: int, lr: Rates) -> Epochs:
        """Trains at a flat rate for three quarters of the steps, then down along half a cosine.

        Args:
            n_epoch: Number of epochs.
            lr: The highest rate: one, a list with one for each layer group, or a slice.

        Returns:
            One record an epoch.

        Raises:
            SettingsError: If rates or epochs make no sense.
            TrainingError: If the loss is no longer finite.
        """
        return self._fit(FitPlan(schedule=FlatCosine(self._steps(n_epoch)), rates=group_rates(lr, len(GROUP_NAMES))))

    def fine_tune(self, n_epoch: int, lr: float = 0.002) -> Epochs:
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
        return Epochs(frozen + self.fit_one_cycle(n_epoch, slice(lr / 2 / FINE_TUNED_RATIO, lr / 2)))

    def fit_exactly(self) -> EpochRecord:
        """Puts the head at the lowest penalised loss on the plain training pictures, in one go instead of by steps.

        Returns:
            A record as of an epoch that took no steps; the lowest validation loss's weights are kept in `best`.

        Raises:
            SettingsError: If a part of the body is not frozen.
        """
        if not self.body_is_frozen:
            raise SettingsError("only the head can be fitted exactly; freeze the body first", subject="head")
        self.check_own_folder()
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
        each = self.fitting.trainer.seconds_per_step(self.model.trainable(batch_size=self.batch_size), batches)
        validation = 0.0 if self.body_is_frozen else self.source.seconds_to_compute("valid")
        return steps * each + math.ceil(steps / self.epoch_steps) * validation

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

    def certainty(self, *, ahead: Sequence[int] = ()) -> Certainty:
        """Fits on the validation pictures how sure the model may be, and when it should refuse.

        It holds for the weights as they are now: after more training it has to be fitted anew. The learner does not
        keep it; give it to `evaluate` or `tta`.

        Args:
            ahead: Views of the validation pictures that will be asked for next.

        Returns:
            A temperature, what tells strange pictures, and what cuts sets of classes.

        Raises:
            CollectionError: If there are no validation pictures.
        """
        if not self.data.table.of_split("valid"):
            message = f"{self.data.table.root}: no validation pictures; certainty is fitted on them"
            raise CollectionError(message, subject=self.data.table.root)
        return known_certainty(self.source, self.model.head, ahead=ahead)

    def evaluate(
        self, splits: Sequence[Split] = ("valid",), *, tta_views: int = 0, certainty: Certainty | None = None
    ) -> PredictionTable:
        """Predicts all pictures of some splits.

        Args:
            splits: Which splits; those without pictures are passed over.
            tta_views: Augmented views to average with the plain one; 0 for none.
            certainty: What `certainty()` gave under the same weights. With it, probabilities and losses are those of
                the calibrated model, as an exported one gives them, and the table holds distances where strange
                pictures are told. Without it they are as training saw them.

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
        scale = certainty.temperature if certainty else 1.0
        views = [
            np.concatenate([self.logits(split, view=view, ahead=soon) for split in present]).astype(np.float64) / scale
            for view in soon
        ]
        predictions = table_from_logits(
            views[0],
            classes=table.classes,
            paths=[row.path for row in rows],
            splits=[row.split for row in rows],
            targets=self.data.targets(rows),
        )
        if certainty and certainty.novelty:
            found = [distances(self.source, split, certainty.novelty) for split in present]
            predictions = predictions.with_distances(np.concatenate(found))
        if not tta_views:
            return predictions
        return predictions.with_tta(average_views(views, objective=self.data.objective))

    def compare_snapshots(self) -> SnapshotScores | None:
        """What the weights at the ends of the last fit's cycles are worth together, on the validation pictures.

        Returns:
            Figures of their averaged predictions and of their averaged weights; None of fewer than two cycles.
        """
        return compare(self.fitting)

    def keep_average(self, scores: SnapshotScores) -> None:
        """Makes the cycles' averaged weights the best ones.

        Args:
            scores: What they were found to be worth.
        """
        record = replace(
            self.history.epochs[-1], valid_loss=scores.average.mean_loss, valid_accuracy=scores.average.accuracy
        )
        self.state.best = BestWeights(record=record, weights=scores.average_weights, averaged=scores.cycles)

    def plot_lr_find(self, axes: "Axes | None" = None) -> "Axes":
        """Draws what `lr_find` found last; on axes of its own unless some are given.

        Args:
            axes: Where to draw.

        Returns:
            The axes.

        Raises:
            SettingsError: If nothing was found yet.
        """
        if self.band is None:
            raise SettingsError("no learning rates were swept yet; call lr_find() first", subject="lr_find")
        return plot_lr_find(self.band, axes or new_axes())

    def plot_schedule(self, axes: "Axes | None" = None) -> "Axes":
        """Draws the learning rate of each layer group over the steps taken.

        Args:
            axes: Where to draw.

        Returns:
            The axes.
        """
        return plot_schedule(self.history.steps, axes or new_axes())

    def plot_losses(self, axes: "Axes | None" = None) -> "Axes":
        """Draws training and validation loss of each epoch, overfitting shaded, the best one marked.

        Args:
            axes: Where to draw.

        Returns:
            The axes.
        """
        kept = self.best.record.epoch if self.best else None
        return plot_losses(self.history.epochs, axes or new_axes(), kept=kept)

    def tta(
        self, n: int = 4, splits: Sequence[Split] = ("valid",), *, certainty: Certainty | None = None
    ) -> PredictionTable:
        """Predicts as `evaluate` does, with `n` augmented views averaged with the plain one."""
        return self.evaluate(splits, tta_views=n, certainty=certainty)

    def __repr__(self) -> str:
        frozen = ", ".join(self.model.frozen_groups) or "nothing"
        return f"Learner({self.model.backbone}, frozen: {frozen}, {len(self.history.epochs)} epochs)"

    def _repr_html_(self) -> str:
        """Layer groups in a notebook."""
        frozen, rates = self.model.frozen_groups, self.history.steps[-1].rates if self.history.steps else {}
        rows = [
            (name, "frozen" if name in frozen else "trains", f"{rates[name]:.2g}" if name in rates else "")
            for name in GROUP_NAMES
        ]
        return html_table((f"layer groups of {self.model.backbone}", "", "last rate"), rows)

    def _steps(self, n_epoch: int) -> int:
        """Number of steps of whole epochs."""
        return schedule_for(n_epoch, epoch_steps=self.epoch_steps).cycle_ends[-1]

    def _fit(self, plan: FitPlan) -> Epochs:
        self.check_own_folder()
        save = self.save if self._checkpoints else lambda: None
        return Epochs(self.fitting.run(plan, Autosave(save, seconds=self.save_seconds)))
