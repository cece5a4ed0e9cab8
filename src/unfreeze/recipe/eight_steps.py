"""The method itself: eight steps, each as short as its sentence. Nothing here could not be typed into a notebook."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from unfreeze.errors import TrainingError
from unfreeze.learner.learner import Learner
from unfreeze.network.groups import GROUP_NAMES
from unfreeze.recipe.settings import TrainSettings
from unfreeze.training.history import EpochRecord
from unfreeze.training.lr_find import LrSweep
from unfreeze.training.rates import lowered_rates
from unfreeze.transforms.views import Augment

RULE = "steep"
"""The suggestion that is followed: docs/decisions/0004-rates.md has the figures."""

DEFAULT_HEAD_RATE = 0.01
DEFAULT_FULL_RATE = 0.002
"""Used, and named as such, where the finder sees no clear valley."""


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What one of the eight steps came to.

    Attributes:
        number: Its number, 1 to 8.
        name: What it does.
        outcome: What came out, in words.
        seconds: How long it took.
        accuracy: Validation accuracy after it; None where nothing was trained yet.
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


class EightSteps:
    """The lesson's way from a pretrained network to a classifier.

    Args:
        learner: Pictures and a network that is frozen up to its head.
        settings: Which steps are taken, and their numbers.
        narrator: Is told of each step.
    """

    def __init__(self, learner: Learner, settings: TrainSettings, narrator: Narrator) -> None:
        self.learner = learner
        self.settings = settings
        self.narrator = narrator
        self.sweeps: dict[int, LrSweep] = {}
        self.head_rate = _Rate(settings.lr or DEFAULT_HEAD_RATE, given=settings.lr is not None)
        self.full_rate = _Rate(settings.full_lr or DEFAULT_FULL_RATE, given=settings.full_lr is not None)
        self.ratios = [1.0] * len(GROUP_NAMES)

    def run(self) -> list[StepResult]:
        """Takes the steps that the settings name, in order.

        Returns:
            One result a step. The learner then has the weights of the lowest validation loss.
        """
        steps: list[tuple[str, Callable[[], str], Callable[[], str]]] = [
            ("augmentation on, activations precomputed", lambda: WHY_PRECOMPUTE, self.precompute),
            ("find the learning rate", lambda: WHY_FIND, self.find_head_rate),
            ("train the head on precomputed activations", lambda: WHY_HEAD, self.train_head),
            ("train the head with augmentation", self._why_augmented, self.train_head_augmented),
            ("unfreeze all layers", lambda: WHY_UNFREEZE, self.unfreeze),
            ("lower rates for earlier layers", lambda: WHY_LOWER, self.lower_rates),
            ("find the learning rate again", self._why_find_again, self.find_full_rate),
            ("train the full network until it overfits", self._why_full, self.train_all),
        ]
        taken = [(number, *step) for number, step in enumerate(steps, 1) if number in self.settings.steps]
        results = [self._take(number, name, why(), act) for number, name, why, act in taken]
        self.learner.restore_best()
        return results

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
        sweep = self.sweeps[2] = self.learner.lr_find()
        self.head_rate = self.head_rate.after(sweep, DEFAULT_HEAD_RATE)
        return f"{self.head_rate} ({_reading(sweep)})"

    def train_head(self) -> str:
        """Step 3."""
        self.learner.precompute = True
        return self._trained(self.learner.fit(self.head_rate.value, self.settings.head_epochs), self.head_rate)

    def train_head_augmented(self) -> str:
        """Step 4."""
        self.learner.precompute = False
        cycles, cycle_len = self.settings.augmented_cycles, self.settings.cycle_len
        return self._trained(self.learner.fit(self.head_rate.value, cycles, cycle_len=cycle_len), self.head_rate)

    def unfreeze(self) -> str:
        """Step 5."""
        self.learner.unfreeze()
        self.learner.batch_size = self.settings.full_batch_size
        counts = {name: sum(p.numel() for p in self.learner.network.group_parameters(name)) for name in GROUP_NAMES}
        return "trainable: " + ", ".join(f"{name} {count:,} weights" for name, count in counts.items())

    def lower_rates(self) -> str:
        """Step 6."""
        self.ratios = list(lowered_rates(1.0, self.settings.rate_ratio, len(GROUP_NAMES)))
        parts = [f"{name} {ratio:.3g}" for name, ratio in zip(GROUP_NAMES, self.ratios, strict=True)]
        return "rates as parts of the head's: " + ", ".join(parts)

    def find_full_rate(self) -> str:
        """Step 7."""
        sweep = self.sweeps[7] = self.learner.lr_find(rates=self.ratios)
        self.full_rate = self.full_rate.after(sweep, DEFAULT_FULL_RATE)
        return f"{self.full_rate} ({_reading(sweep)})"

    def train_all(self) -> str:
        """Step 8."""
        settings = self.settings
        self.learner.precompute = False
        try:
            records = self.learner.fit(
                [self.full_rate.value * ratio for ratio in self.ratios],
                settings.full_cycles,
                cycle_len=settings.cycle_len,
                cycle_mult=settings.cycle_mult,
                until_overfit=True,
            )
        except TrainingError as error:
            if self.learner.best is None:
                raise
            return f"stopped: {error}; the weights of epoch {self.learner.best.record.epoch + 1} are kept"
        best = self.learner.best
        assert best, "an epoch was trained, so some weights are the best"
        done = records[-1].cycle + 1
        end = "as many as were asked for" if done == settings.full_cycles else "the last one brought no better loss"
        kept = f"the weights of epoch {best.record.epoch + 1} are kept"
        return f"{self._trained(records, self.full_rate)}; {_times(done, 'cycle')}, {end}; {kept}"

    def _trained(self, records: list[EpochRecord], rate: "_Rate") -> str:
        last, epochs = records[-1], _times(len(records), "epoch")
        views = sorted({record.view for record in records})
        span = f"views {views[0]} to {views[-1]}" if len(views) > 1 else f"view {views[0]}"
        named = span if last.view else "the plain view"
        overfit = sum(record.overfitting for record in records)
        return (
            f"{epochs} on {named} at rate {rate}: validation accuracy {100 * last.valid_accuracy:.2f} %, "
            f"loss {last.valid_loss:.4f}; overfitting in {overfit} of {epochs}{self._warning(last)}"
        )

    def _warning(self, last: EpochRecord) -> str:
        """What must not be overlooked: a head that is worse than no head at all."""
        if last.valid_loss <= math.log(len(self.learner.data.table.classes)):
            return ""
        return "; WARNING: the validation loss is worse than guessing's, the rate was too high (--lr, --full-lr)"

    def _why_augmented(self) -> str:
        return WHY_PLAIN if self.learner.data.transform.augment is Augment.NONE else WHY_AUGMENT

    def _why_find_again(self) -> str:
        return WHY_FIND if self.learner.body_is_frozen else WHY_FIND_AGAIN

    def _why_full(self) -> str:
        return f"{WHY_STILL_FROZEN if self.learner.body_is_frozen else WHY_FULL} {WHY_STOP}"

    def _take(self, number: int, name: str, why: str, act: Callable[[], str]) -> StepResult:
        self.narrator.step(number, name, why)
        self.learner.stage = f"step {number}"
        started = time.perf_counter()
        outcome = act()
        seconds = time.perf_counter() - started
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


WHY_PRECOMPUTE = (
    "The body is frozen, so what it makes of a picture never changes: it is computed once and stored. "
    "Augmentation is on, and takes effect from step 4."
)
WHY_FIND = (
    "Tries rising rates on mini-batches, on stored activations of the plain view, and undoes them: the rate wanted is "
    "the highest at which the loss still clearly improves."
)
WHY_HEAD = "Trains on stored activations of the plain view: a few seconds take the new head most of the way."
WHY_AUGMENT = (
    "Trains on stored augmented views, one view an epoch, with cosine annealing and a warm restart every cycle: "
    "the head sees pictures it has not seen so."
)
WHY_UNFREEZE = "The head is sensible now, so its gradients can be trusted to change the body."
WHY_LOWER = "Early layers see edges and textures that fit any picture: they should change least."
WHY_PLAIN = "Trains on in cosine cycles; augmentation is off, so the head sees the plain view again."
WHY_FIND_AGAIN = "The whole network learns now, so the right rate is another one."
WHY_FULL = "Trains on augmented pictures through the whole network; each cycle is longer than the one before."
WHY_STILL_FROZEN = "The body is still frozen, step 5 was not taken: trains the head on stored views, in longer cycles."
WHY_STOP = (
    "It stops when a cycle brings no better validation loss while the training loss still falls, and the best weights "
    "come back."
)


@dataclass(frozen=True, slots=True)
class _Rate:
    """The head's learning rate, and where it comes from."""

    value: float
    given: bool
    source: str = ""

    def after(self, sweep: LrSweep, default: float) -> "_Rate":
        """The rate that a sweep suggests, unless one was given."""
        if self.given:
            return self
        if sweep.clear:
            return _Rate(sweep.suggestions[RULE], given=False, source=f"the {RULE} suggestion")
        return _Rate(default, given=False)

    def __str__(self) -> str:
        return f"{self.value:.2g}, {'as given' if self.given else self.source or 'the default rate'}"


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _reading(sweep: LrSweep) -> str:
    read = ", ".join(f"{rule} {value:.2g}" for rule, value in sweep.suggestions.items()) or "no clear valley"
    return f"the sweep reads: {read}"
