"""The method itself: eight steps, each as short as its sentence. Nothing here could not be typed into a notebook."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from unfreeze.learner.learner import Learner
from unfreeze.network.network import GROUP_NAMES
from unfreeze.recipe.settings import TrainSettings
from unfreeze.training.history import EpochRecord
from unfreeze.training.lr_find import LrSweep
from unfreeze.training.rates import lowered_rates

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
        self.head_rate = settings.lr or DEFAULT_HEAD_RATE
        self.full_rate = settings.full_lr or DEFAULT_FULL_RATE
        self.rates = [self.full_rate] * len(GROUP_NAMES)

    def run(self) -> list[StepResult]:
        """Takes the steps that the settings name, in order.

        Returns:
            One result a step. The learner then has the weights of the lowest validation loss.
        """
        steps: list[tuple[str, str, Callable[[], str]]] = [
            ("augmentation on, activations precomputed", WHY_PRECOMPUTE, self.precompute),
            ("find the learning rate", WHY_FIND, self.find_head_rate),
            ("train the head on precomputed activations", WHY_HEAD, self.train_head),
            ("train the head with augmentation", WHY_AUGMENT, self.train_head_augmented),
            ("unfreeze all layers", WHY_UNFREEZE, self.unfreeze),
            ("lower rates for earlier layers", WHY_LOWER, self.lower_rates),
            ("find the learning rate again", WHY_FIND_AGAIN, self.find_full_rate),
            ("train the full network until it overfits", WHY_FULL, self.train_all),
        ]
        taken = [(number, *step) for number, step in enumerate(steps, 1) if number in self.settings.steps]
        results = [self._take(number, name, why, act) for number, name, why, act in taken]
        self.learner.restore_best()
        return results

    def precompute(self) -> str:
        """Step 1."""
        learner = self.learner
        learner.source.pooled("train", 0)
        learner.source.pooled("valid", 0)
        learner.precompute = True
        views, augment = learner.data.stored_views, learner.data.transform.augment
        return f"plain view stored; {views} augmented views ({augment.value}) will follow in step 4"

    def find_head_rate(self) -> str:
        """Step 2."""
        sweep = self.sweeps[2] = self.learner.lr_find()
        if self.settings.lr is None:
            self.head_rate = sweep.suggestions.get(RULE, DEFAULT_HEAD_RATE)
        return _found(sweep, self.head_rate, given=self.settings.lr is not None)

    def train_head(self) -> str:
        """Step 3."""
        self.learner.precompute = True
        return _trained(self.learner.fit(self.head_rate, self.settings.head_epochs))

    def train_head_augmented(self) -> str:
        """Step 4."""
        self.learner.precompute = False
        cycles, cycle_len = self.settings.augmented_cycles, self.settings.cycle_len
        return _trained(self.learner.fit(self.head_rate, cycles, cycle_len=cycle_len))

    def unfreeze(self) -> str:
        """Step 5."""
        self.learner.unfreeze()
        self.learner.batch_size = self.settings.full_batch_size
        counts = {name: sum(p.numel() for p in self.learner.network.group_parameters(name)) for name in GROUP_NAMES}
        return "trainable: " + ", ".join(f"{name} {count:,} weights" for name, count in counts.items())

    def lower_rates(self) -> str:
        """Step 6."""
        self.rates = list(lowered_rates(self.full_rate, self.settings.rate_ratio, len(GROUP_NAMES)))
        parts = [f"{name} {rate / self.rates[-1]:.3g}" for name, rate in zip(GROUP_NAMES, self.rates, strict=True)]
        return "rates as parts of the head's: " + ", ".join(parts)

    def find_full_rate(self) -> str:
        """Step 7."""
        sweep = self.sweeps[7] = self.learner.lr_find(rates=self.rates)
        if self.settings.full_lr is None:
            self.full_rate = sweep.suggestions.get(RULE, DEFAULT_FULL_RATE)
        self.rates = [self.full_rate * rate / self.rates[-1] for rate in self.rates]
        return _found(sweep, self.full_rate, given=self.settings.full_lr is not None)

    def train_all(self) -> str:
        """Step 8."""
        settings = self.settings
        self.learner.precompute = False
        records = self.learner.fit(
            self.rates,
            settings.full_cycles,
            cycle_len=settings.cycle_len,
            cycle_mult=settings.cycle_mult,
            until_overfit=True,
        )
        best = self.learner.best
        assert best, "an epoch was trained, so some weights are the best"
        return f"{_trained(records)}; kept: the weights of epoch {best.record.epoch + 1} ({best.record.stage})"

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
WHY_FIND_AGAIN = "The whole network learns now, so the right rate is another one."
WHY_FULL = (
    "Trains on augmented pictures through the whole network; each cycle is longer than the one before. It stops when a "
    "cycle brings no better validation loss while the training loss still falls, and the best weights come back."
)


def _found(sweep: LrSweep, rate: float, *, given: bool) -> str:
    read = ", ".join(f"{rule} {value:.2g}" for rule, value in sweep.suggestions.items()) or "no clear valley"
    source = "as given" if given else f"the {RULE} suggestion" if sweep.clear else "the default rate"
    return f"{rate:.2g}, {source} (the sweep reads: {read})"


def _trained(records: list[EpochRecord]) -> str:
    last = records[-1]
    views = f"views {records[0].view} to {last.view}" if last.view else "the plain view"
    overfit = sum(record.overfitting for record in records)
    return (
        f"{len(records)} epochs on {views}: validation accuracy {100 * last.valid_accuracy:.2f} %, "
        f"loss {last.valid_loss:.4f}; overfitting in {overfit} of {len(records)} epochs"
    )
