"""Carries out calls of `fit`: epoch after epoch to a schedule's end, from any step of it."""

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from unfreeze.errors import TrainingError
from unfreeze.learner.averaged import averaged, take_average
from unfreeze.learner.examples import ExampleSource
from unfreeze.learner.state import BestWeights, FitProgress, Snapshot, TrainingState
from unfreeze.training.averaging import WeightAverage
from unfreeze.training.balance import balanced_order
from unfreeze.training.batches import Batch, Examples, each_once, in_groups, shuffled
from unfreeze.training.head import one_thread
from unfreeze.training.history import EpochRecord, stopped_improving
from unfreeze.training.loop import NOTHING_YET, StepSums, run_epoch
from unfreeze.training.schedules import ConstantRate, Schedule, WarmUp
from unfreeze.training.stored_schedules import schedule_to_dict
from unfreeze.training.trainer import Pace, Trainer

EVAL_SAMPLE = 1000
VALIDATION_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class FitPlan:
    """What a call of `fit` was asked for.

    Attributes:
        schedule: The rates' course.
        rates: Highest rate of each layer group.
        sizes_px: Side of the training squares in each cycle, the last one from then on; the data's own if empty.
        until_overfit: Whether it stops when a whole cycle brought no better validation loss.
        revise: Asked for the rest of the schedule, with the number of steps taken and whether an epoch has just been
            validated, after each epoch and each save within one. Steps that were taken stay as they were.
    """

    schedule: Schedule
    rates: Sequence[float]
    sizes_px: Sequence[int] = ()
    until_overfit: bool = False
    revise: Callable[[int, bool], Schedule] | None = None

    def revised(self, steps: int, *, validated: bool) -> "FitPlan":
        """The plan as it is to go on after some steps."""
        return replace(self, schedule=self.revise(steps, validated)) if self.revise else self

    @property
    def steps(self) -> int:
        """Number of all steps."""
        return self.schedule.cycle_ends[-1]

    @property
    def anneals(self) -> bool:
        """Whether the rate falls within cycles, so that the weights at their ends are worth keeping."""
        course = self.schedule.then if isinstance(self.schedule, WarmUp) else self.schedule
        return not isinstance(course, ConstantRate)

    def pace(self, step: int) -> Pace:
        """Rates and momentum at a step."""
        factor = self.schedule.factor(step)
        return Pace([rate * factor for rate in self.rates], self.schedule.momentum(step))

    def cycle(self, step: int) -> int:
        """Number of the cycle that a step belongs to, from 0."""
        return sum(end <= step for end in self.schedule.cycle_ends)

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain values: equal ones are of equal plans."""
        return {
            "schedule": schedule_to_dict(self.schedule),
            "rates": list(self.rates),
            "sizes_px": list(self.sizes_px),
            "until_overfit": self.until_overfit,
        }


class Autosave:
    """Saves when it is time.

    Args:
        save: Saves.
        seconds: How long a training step may lie behind what was saved.
    """

    def __init__(self, save: Callable[[], None], *, seconds: float) -> None:
        self._save, self._seconds = save, seconds
        self._saved = time.monotonic()

    def until_due(self, batches: Iterator[Batch]) -> Generator[Batch, None, None]:
        """Batches until it is time to save; at least one, if there is one."""
        for batch in batches:
            yield batch
            if time.monotonic() - self._saved >= self._seconds:
                return

    def now(self) -> None:
        """Saves."""
        self._save()
        self._saved = time.monotonic()


class Fitting:
    """Trains a learner's model and writes down what it comes to.

    Args:
        source: Serves the pictures, and knows data and model.
        state: Is brought forward.

    Attributes:
        source: Serves the pictures.
        state: What training has come to.
        seed: Decides order and dropout.
        options: How steps are taken.
        trainer: Takes the steps.
    """

    def __init__(self, source: ExampleSource, state: TrainingState) -> None:
        self.source, self.state = source, state
        self.seed = source.data.transform.seed
        self.options = source.model.options
        self.trainer = Trainer(history=state.history, seed=self.seed)

    def run(self, plan: FitPlan, autosave: Autosave) -> list[EpochRecord]:
        """Trains to the plan's end, or goes on with it where a fit with the same plan was interrupted.

        Args:
            plan: What is asked for.
            autosave: Saves at the end of each epoch, and when it is time.

        Returns:
            One record an epoch, those from before an interruption included.

        Raises:
            TrainingError: If the loss is no longer finite.
        """
        state = self.state
        asked = self._asked(plan)
        if state.fit is None or state.fit.plan != asked:
            state.fit = FitProgress(plan=asked, first_epoch=len(state.history.epochs))
            state.snapshots = []
            state.average = WeightAverage(self.options.ema) if self.options.ema else None
        fit = state.fit
        try:
            while not self._is_over(plan, fit):
                plan = self._epoch(plan, fit, autosave)
            if state.average:
                take_average(self.source.model, state.average)
        finally:
            state.fit = state.average = None
        return state.history.epochs[fit.first_epoch :]

    def batches(self, epoch: int, *, seed: int | None = None) -> list[list[int]]:
        """Indices of the examples of each step of an epoch.

        Args:
            epoch: Number of the epoch.
            seed: Decides the order; the run's own unless said otherwise.

        Returns:
            One group a step.
        """
        seed, rows = self.seed if seed is None else seed, self.source.data.table.of_split("train")
        if self.options.balance == "sampling":
            order = balanced_order(self.source.data.targets(rows), seed=seed, epoch=epoch)
            return in_groups(order, self.state.batch_size)
        return shuffled(len(rows), self.state.batch_size, seed=seed, epoch=epoch)

    def view(self, augmented_epoch: int) -> int:
        """The view that an epoch trains on."""
        return 0 if self.state.precompute else self.source.augmented_view(augmented_epoch)

    def record(self, trained: StepSums, *, view: int, cycle: int, ends_cycle: bool, mixed: bool = False) -> EpochRecord:
        """Validates, writes down what an epoch came to, and keeps its weights where they are the best so far.

        Validation goes through the fast engine, whatever trains: it costs a tenth of the training, not a third.

        Args:
            trained: Sums over the epoch's examples as they were trained.
            view: The view that was trained on.
            cycle: Number of the cycle.
            ends_cycle: Whether a cycle ended in the epoch.
            mixed: Whether its examples were mixed, so that none had one right answer.

        Returns:
            The record.

        Raises:
            TrainingError: If the validation loss is not finite.
        """
        state, model = self.state, self.source.model
        valid = self.validated(self.source.stored("valid", 0))
        pictures = {row.path for row in self.source.data.table.of_split("valid")}
        assert valid.examples == len(pictures), "each validation picture is counted once, whichever process read it"
        if not math.isfinite(valid.mean_loss):
            message = f"the validation loss became {valid.mean_loss}; choose a lower learning rate (--lr, --full-lr)"
            raise TrainingError(message, subject="loss")
        record = EpochRecord(
            epoch=len(state.history.epochs),
            stage=state.stage,
            cycle=cycle,
            ends_cycle=ends_cycle,
            view=view,
            frozen=model.frozen_groups,
            train_loss=trained.mean_loss,
            train_accuracy=None if mixed else trained.accuracy,
            eval_loss=self._eval_loss(),
            valid_loss=valid.mean_loss,
            valid_accuracy=valid.accuracy,
            measure=self.source.data.objective.measure,
        )
        state.history.add_epoch(record)
        if state.best is None or record.valid_loss < state.best.record.valid_loss:
            state.best = BestWeights(record=record, weights=model.weights())
        self.source.observer.epoch(record)
        return record

    def validated(self, examples: Examples) -> StepSums:
        """Losses of all examples of pooled features, each counted once, in eval mode."""
        with one_thread():
            sums = run_epoch(each_once(examples, VALIDATION_BATCH), self.source.model.head.valid_step)
        assert sums.examples == len(examples.targets), "each example is counted once"
        return sums

    def _is_over(self, plan: FitPlan, fit: FitProgress) -> bool:
        records = self.state.history.epochs[fit.first_epoch :]
        if fit.in_epoch or not records:
            return False
        settled = records[-1].cycle >= len(plan.sizes_px)  # losses at different sizes tell nothing of overfitting
        stops = plan.until_overfit and settled and records[-1].ends_cycle and stopped_improving(records)
        return fit.steps == plan.steps or stops

    def _asked(self, plan: FitPlan) -> dict[str, Any]:
        """All that decides a fit, as plain values."""
        return {
            **plan.to_dict(),
            "batch_size": self.state.batch_size,
            "precompute": self.state.precompute,
            "first_trainable": self.source.model.first_trainable,
            **self.options.changed(),
        }

    def _revised(self, plan: FitPlan, fit: FitProgress, *, validated: bool) -> FitPlan:
        plan = plan.revised(fit.steps, validated=validated)
        fit.plan = self._asked(plan)
        return plan

    def _epoch(self, plan: FitPlan, fit: FitProgress, autosave: Autosave) -> FitPlan:
        """Trains one epoch, or what is left of it or of the schedule, and validates; gives the plan to go on with."""
        view, start = self.view(self.state.augmented_epochs), fit.steps - fit.in_epoch
        batches = self.batches(len(self.state.history.epochs))
        while fit.in_epoch < len(todo := batches[: plan.steps - start]):
            self._part(plan, fit, todo, view, autosave)
            if fit.in_epoch < len(todo):
                plan = self._revised(plan, fit, validated=False)
        trained, fit.sums, fit.in_epoch = fit.sums, NOTHING_YET, 0
        self.state.augmented_epochs += view > 0
        ends = any(start < end <= fit.steps for end in plan.schedule.cycle_ends)
        mixing, pictures = self.source.model.head.mixing, self.source.model.reads_pictures
        mixed = mixing is not None and mixing.mixes(pictures=pictures)
        with averaged(self.source.model, self.state.average):
            self.record(trained, view=view, cycle=plan.cycle(fit.steps - 1), ends_cycle=ends, mixed=mixed)
        autosave.now()
        return self._revised(plan, fit, validated=True)

    def _part(self, plan: FitPlan, fit: FitProgress, batches: list[list[int]], view: int, autosave: Autosave) -> None:
        """Trains up to the end of the epoch or the cycle, or until it is time to save."""
        source, model, history = self.source, self.source.model, self.state.history
        cycle, first, offset, before = plan.cycle(fit.steps), fit.steps, fit.in_epoch, len(history.steps)
        size = plan.sizes_px[min(cycle, len(plan.sizes_px) - 1)] if plan.sizes_px else None
        todo = batches[offset : offset + plan.schedule.cycle_ends[cycle] - first]
        name = f"epoch {len(history.epochs) + 1}"
        model.first_trained = min(model.first_trained, model.first_trainable)
        with closing(autosave.until_due(source.training(view, size_px=size).batches(todo))) as due:
            fit.sums = self.trainer.train(
                model.trainable(batch_size=self.state.batch_size),
                due,
                lambda step: plan.pace(first + step),
                so_far=fit.sums,
                on_step=lambda taken: source.observer.progress(name, offset + taken, len(batches)),
                average=self.state.average,
            )
        taken = len(history.steps) - before
        fit.steps, fit.in_epoch = first + taken, offset + taken
        if fit.steps == plan.schedule.cycle_ends[cycle]:
            with averaged(model, self.state.average):
                self._snapshot(plan, cycle)
        elif fit.in_epoch < len(batches):
            autosave.now()

    def _snapshot(self, plan: FitPlan, cycle: int) -> None:
        if not plan.anneals:
            return
        source = self.source
        logits = source.model.head.all_logits(source.stored("valid", 0))
        epoch, weights = len(self.state.history.epochs), source.model.weights()
        self.state.snapshots.append(Snapshot(cycle=cycle, epoch=epoch, weights=weights, valid_logits=logits))

    def _eval_loss(self) -> float | None:
        """Loss in eval mode on a fixed sample of plain training pictures, where their activations are stored."""
        if not self.source.model.body_is_frozen:
            return None
        return self.validated(self.source.stored_sample("train", EVAL_SAMPLE)).mean_loss
