"""The method itself: eight steps, each as short as its sentence. Nothing here could not be typed into a notebook."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from unfreeze.errors import TrainingError
from unfreeze.learner.learner import Learner
from unfreeze.network.groups import GROUP_NAMES, POOLED
from unfreeze.recipe import reasons
from unfreeze.recipe.advice import after_fine_tuning, before_fine_tuning
from unfreeze.recipe.clock import Clock
from unfreeze.recipe.found_rate import FoundRate, reading
from unfreeze.recipe.settings import TrainSettings
from unfreeze.training.history import EpochRecord, stopped_improving
from unfreeze.training.lr_band import LrBand
from unfreeze.training.rates import lowered_rates
from unfreeze.training.schedules import Schedule, schedule_for
from unfreeze.transforms.views import Augment

if TYPE_CHECKING:
    from unfreeze.recipe.time_budget import TimeBudget

FIRST_TRAINED = {"all": 0, "late": 1}
"""The first layer group that trains, by what step 5 is told to unfreeze."""

HEAD_SEEDS = 3
"""Sweeps of step 2, which take a moment; the whole network's take minutes, so step 7 makes one."""

DEFAULT_HEAD_RATES = {"sgd": 0.01, "adamw": 0.001}
DEFAULT_FULL_RATES = {"sgd": 0.002, "adamw": 0.0002}
"""Used, and named as such, where the finder sees no clear valley; by optimizer."""


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What one of the eight steps came to.

    Attributes:
        number: Its number, 1 to 8.
        name: What it does.
        outcome: What came out, in words.
        seconds: How long it took.
        accuracy: Validation accuracy, or exact match, after it; None where nothing was trained yet.
        valid_loss: Validation loss after it; None where nothing was trained yet.
    """

    number: int
    name: str
    outcome: str
    seconds: float
    accuracy: float | None
    valid_loss: float | None


class Narrator(Protocol):
    """Tells the user of each step."""

    def step(self, number: int, name: str, why: str) -> None:
        """A step begins."""

    def outcome(self, text: str) -> None:
        """What the step came to."""

    def note(self, text: str) -> None:
        """Something that the user should know."""


class EightSteps:
    """The lesson's way from a pretrained network to a classifier.

    Args:
        learner: Pictures and a network that is frozen up to its head.
        settings: Which steps are taken, and their numbers.
        narrator: Is told of each step.
        budget: What the steps have to keep to; None for as long as they take.
        clock: Counts the run's seconds; None to begin now.
    """

    def __init__(
        self,
        learner: Learner,
        settings: TrainSettings,
        narrator: Narrator,
        budget: "TimeBudget | None" = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        self.learner = learner
        self.settings = settings
        self.narrator = narrator
        self.budget = budget
        self.results: list[StepResult] = []
        self.snapshots: dict[str, Any] | None = None
        self.sweeps: dict[int, LrBand] = {}
        self._default_rates = DEFAULT_HEAD_RATES[settings.optimizer], DEFAULT_FULL_RATES[settings.optimizer]
        head_rate, full_rate = self._default_rates
        self.head_rate = FoundRate(settings.lr or head_rate, given=settings.lr is not None)
        self.full_rate = FoundRate(settings.full_lr or full_rate, given=settings.full_lr is not None)
        self.ratios = [1.0] * len(GROUP_NAMES)
        self.overfitted = False
        self._right_before: list[bool] | None = None
        self._clock = clock or Clock()

    @property
    def seconds(self) -> float:
        """How long the run took so far, in all processes that worked on it."""
        return self._clock.total

    @property
    def position(self) -> str:
        """Where the steps stand, in words."""
        done = f"after step {self.results[-1].number}" if self.results else "from the beginning"
        fit = self.learner.state.fit
        if fit is None:
            return done
        into = f"{_times(fit.in_epoch, 'step')} into" if fit.in_epoch else "at the beginning of"
        return f"{done}, {into} epoch {len(self.learner.history.epochs) + 1}"

    def to_dict(self) -> dict[str, Any]:
        """Where the steps stand, as plain values."""
        return {
            "results": [asdict(result) for result in self.results],
            "snapshots": self.snapshots,
            "sweeps": {str(step): sweep.to_dict() for step, sweep in self.sweeps.items()},
            "head_rate": asdict(self.head_rate),
            "full_rate": asdict(self.full_rate),
            "ratios": self.ratios,
            "overfitted": self.overfitted,
            "right_before": self._right_before,
            "clock": self._clock.to_dict(),
            "budget": self.budget and self.budget.to_dict(),
        }

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Goes on where `to_dict` was taken."""
        self.results = [StepResult(**result) for result in plain["results"]]
        self.snapshots = plain["snapshots"]
        self.sweeps = {int(step): LrBand.from_dict(sweep) for step, sweep in plain["sweeps"].items()}
        self.head_rate, self.full_rate = FoundRate(**plain["head_rate"]), FoundRate(**plain["full_rate"])
        self.ratios, self._right_before = plain["ratios"], plain["right_before"]
        self.overfitted = plain.get("overfitted", False)  # older states lack it
        before = plain["clock"]
        self._clock = Clock(total=before["total"] + self._clock.total, step=before["step"])
        if self.budget:
            self.budget.restore(plain["budget"])

    def run(self) -> list[StepResult]:
        """Takes the steps that the settings name, in order, and that were not taken before.

        Returns:
            One result a step. The learner then has the weights of the lowest validation loss.
        """
        steps: list[tuple[str, Callable[[], str], Callable[[], str]]] = [
            ("augmentation on, activations precomputed", lambda: reasons.PRECOMPUTE, self.precompute),
            ("find the learning rate", lambda: reasons.FIND, self.find_head_rate),
            ("train the head on precomputed activations", lambda: reasons.HEAD, self.train_head),
            ("train the head with augmentation", self._why_augmented, self.train_head_augmented),
            ("unfreeze all layers", lambda: reasons.UNFREEZE, self.unfreeze),
            ("lower rates for earlier layers", lambda: reasons.LOWER, self.lower_rates),
            ("find the learning rate again", self._why_find_again, self.find_full_rate),
            ("train the full network until it overfits", self._why_full, self.train_all),
        ]
        done = self.results[-1].number if self.results else 0
        for number, (name, why, act) in list(enumerate(steps, 1))[done:]:
            self.plan_before(number)
            if number not in self.settings.steps:
                continue
            self.results.append(self._take(number, name, why(), act))
            self._right_before = None
            self._clock.next_step()
            self.learner.save()
        self.learner.restore_best()
        return self.results

    def plan_before(self, number: int) -> None:
        """Lets the settings ask for no more than the time budget, if there is one, has room for."""
        if not self.budget:
            return
        goes_on = self.learner.state.fit is not None  # with the plan that it was begun with
        trained = not self.learner.model.is_pretrained(POOLED)
        self.settings, changed = self.budget.settings_before(number, keep=goes_on, body_trained=trained)
        if changed:
            self.narrator.note(changed)

    def precompute(self) -> str:
        """Step 1."""
        self.learner.source.stored("train", 0)
        self.learner.source.stored("valid", 0)
        self.learner.precompute = True
        augment, views = self.learner.data.transform.augment, self.settings.views
        if augment is Augment.NONE:
            return "plain view stored; there are no augmented views (--augment none)"
        return f"plain view stored; augmented views are of the kind {augment.value}, {views} of them can be stored"

    def find_head_rate(self) -> str:
        """Step 2."""
        sweep = self.sweeps[2] = self.learner.lr_find(seeds=HEAD_SEEDS)
        self.head_rate = self.head_rate.after(sweep, self._default_rates[0])
        return f"{self.head_rate} ({reading(sweep)})"

    def train_head(self) -> str:
        """Step 3."""
        self.learner.precompute = True
        if self.settings.head == "lbfgs":
            return self._came_to([self.learner.fit_exactly()], "fitted at once on the plain view (L-BFGS)")
        return self._trained(self.learner.fit(self.head_rate.value, self.settings.head_epochs), self.head_rate)

    def train_head_augmented(self) -> str:
        """Step 4."""
        self.learner.precompute = False
        cycles, cycle_len = self.settings.augmented_cycles, self.settings.cycle_len
        if self.budget:  # views that no epoch will ask for are not computed
            self.learner.source.stored_views = min(self.settings.views, cycles * cycle_len)
        return self._trained(self.learner.fit(self.head_rate.value, cycles, cycle_len=cycle_len), self.head_rate)

    def unfreeze(self) -> str:
        """Step 5."""
        from unfreeze.network.build import check_size

        trained, right = bool(self.learner.history.epochs), self._right_answers()
        self.learner.freeze_to(FIRST_TRAINED[self.settings.unfreeze])
        self.learner.batch_size = self.settings.full_batch_size
        trainable = [name for name in GROUP_NAMES if name not in self.learner.model.frozen_groups]
        network = self.learner.network
        for size in self.settings.sizes:
            check_size(network, size)
        counts = {name: sum(p.numel() for p in network.group_parameters(name)) for name in trainable}
        said = "trainable: " + ", ".join(f"{name} {count:,} weights" for name, count in counts.items())
        if not trained or 8 not in self.settings.steps:
            return said
        if self.budget:
            seconds = self.budget.full_seconds()
        else:
            seconds = self.learner.estimated_seconds(self._full_schedule().cycle_ends[-1])
        return f"{said}; {before_fine_tuning(right, seconds=seconds)}"

    def _full_schedule(self) -> Schedule:
        """Step 8's cycles as they were asked for."""
        return schedule_for(
            self.settings.full_cycles,
            cycle_len=self.settings.cycle_len,
            cycle_mult=self.settings.cycle_mult,
            epoch_steps=self.learner.epoch_steps,
        )

    def lower_rates(self) -> str:
        """Step 6."""
        self.ratios = list(lowered_rates(1.0, self.settings.rate_ratio, len(GROUP_NAMES)))
        parts = [f"{name} {ratio:.3g}" for name, ratio in zip(GROUP_NAMES, self.ratios, strict=True)]
        return "rates as parts of the head's: " + ", ".join(parts)

    def find_full_rate(self) -> str:
        """Step 7."""
        sweep = self.sweeps[7] = self.learner.lr_find(rates=self.ratios)
        self.full_rate = self.full_rate.after(sweep, self._default_rates[1])
        return f"{self.full_rate} ({reading(sweep)})"

    def train_all(self) -> str:
        """Step 8."""
        settings, budget = self.settings, self.budget
        self.learner.precompute = False
        schedule = wanted = self._full_schedule()
        if budget:
            fit = self.learner.state.fit
            schedule = budget.schedule(wanted, epoch_steps=self.learner.epoch_steps, done=fit.steps if fit else 0)
        if self._right_before is None:
            self._right_before = self._best_right_answers().tolist()
        try:
            records = self.learner.fit_schedule(
                [self.full_rate.value * ratio for ratio in self.ratios],
                schedule,
                until_overfit=True,
                sizes_px=() if self.learner.body_is_frozen else settings.sizes,
                revise=partial(budget.revised, wanted) if budget else None,
            )
        except TrainingError as error:
            if self.learner.best is None:
                raise
            return f"stopped: {error}; kept: {self.learner.best.name}"
        together = self._compare_snapshots()
        best = self.learner.best
        assert best, "an epoch was trained, so some weights are the best"
        self.learner.restore_best()
        paid = after_fine_tuning(np.array(self._right_before), self._right_answers(), self._clock.step)
        trained, end = self._trained(records, self.full_rate), self._why_it_ended(records)
        return f"{trained}; {end}{together}; kept: {best.name}; {paid}"

    def _compare_snapshots(self) -> str:
        """What the cycles' weights are worth together, in words; the average is kept where it is better."""
        scores = self.learner.compare_snapshots()
        if scores is None:
            return ""
        if scores.average_is_better:
            self.learner.keep_average(scores)
        self.snapshots = {
            "cycles": scores.cycles,
            "best_loss": scores.best.mean_loss,
            "average_loss": scores.average.mean_loss,
            "average_accuracy": scores.average.accuracy,
            "ensemble_loss": scores.ensemble.mean_loss,
            "ensemble_accuracy": scores.ensemble.accuracy,
            "average_kept": scores.average_is_better,
        }
        return (
            f"; the {scores.cycles} cycles' weights averaged have loss {scores.average.mean_loss:.4f}, their averaged "
            f"predictions {scores.ensemble.mean_loss:.4f}, the best epoch {scores.best.mean_loss:.4f}"
        )

    def _why_it_ended(self, records: list[EpochRecord]) -> str:
        """Where step 8 stopped, and why."""
        done = _times(records[-1].cycle + 1, "cycle")
        self.overfitted = stopped_improving(records)
        if not self.overfitted:
            limit = f"--max-epochs {self.settings.max_epochs}"
            return f"{done}, no more fit into {'the time budget or ' if self.budget else ''}{limit}"
        last = [record for record in records if record.cycle == records[-1].cycle]
        before = min(records[: -len(last)], key=lambda record: record.valid_loss)
        return (
            f"stopped after {done}: the last one's validation loss, {min(r.valid_loss for r in last):.4f} at best, did "
            f"not fall below the {before.valid_loss:.4f} of epoch {before.epoch + 1} while the training loss still fell"
        )

    def _right_answers(self) -> npt.NDArray[np.bool_]:
        """Whether each validation picture is answered rightly now, shape (N,)."""
        data = self.learner.data
        right = data.objective.right(self.learner.logits("valid"), data.targets(data.table.of_split("valid")))
        return np.asarray(right, np.bool_)

    def _best_right_answers(self) -> npt.NDArray[np.bool_]:
        """The same under the weights that would be kept if nothing more were trained."""
        now = self.learner.model.weights(momenta=True)
        self.learner.restore_best()
        right = self._right_answers()
        self.learner.model.restore(now)
        return right

    def _trained(self, records: list[EpochRecord], rate: FoundRate) -> str:
        views = sorted({record.view for record in records})
        span = f"views {views[0]} to {views[-1]}" if len(views) > 1 else f"view {views[0]}"
        named = span if records[-1].view else "the plain view"
        return self._came_to(records, f"{_times(len(records), 'epoch')} on {named} at rate {rate}")

    def _came_to(self, records: list[EpochRecord], done: str) -> str:
        last, overfit = records[-1], sum(record.overfitting for record in records)
        return (
            f"{done}: validation {last.measure} {100 * last.valid_accuracy:.2f} %, loss {last.valid_loss:.4f}; "
            f"overfitting in {overfit} of {_times(len(records), 'epoch')}{self._warning(last)}"
        )

    def _warning(self, last: EpochRecord) -> str:
        """What must not be overlooked: a head that is worse than no head at all."""
        data = self.learner.data
        if last.valid_loss <= data.objective.guessing_loss(len(data.table.classes)):
            return ""
        return "; WARNING: the validation loss is worse than guessing's, the rate was too high (--lr, --full-lr)"

    def _why_augmented(self) -> str:
        return reasons.PLAIN if self.learner.data.transform.augment is Augment.NONE else reasons.AUGMENT

    def _why_find_again(self) -> str:
        return reasons.FIND if self.learner.body_is_frozen else reasons.FIND_AGAIN

    def _why_full(self) -> str:
        return f"{reasons.STILL_FROZEN if self.learner.body_is_frozen else reasons.FULL} {reasons.STOP}"

    def _take(self, number: int, name: str, why: str, act: Callable[[], str]) -> StepResult:
        self.narrator.step(number, name, why)
        self.learner.state.stage = f"step {number}"
        outcome = act()
        seconds = self._clock.step
        if self.budget:
            self.budget.took(number, seconds)
        self.narrator.outcome(outcome)
        last = self.learner.history.epochs[-1] if self.learner.history.epochs else None
        return StepResult(
            number=number,
            name=name,
            outcome=outcome,
            seconds=seconds,
            accuracy=last.valid_accuracy if last else None,
            valid_loss=last.valid_loss if last else None,
        )


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
