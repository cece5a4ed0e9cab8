"""Trains a learner as a row asks and reads its figures."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from benchmarks.finder import RATIOS, in_order
from benchmarks.research.cycle_plans import CyclePlan
from benchmarks.research.head_recipe import HeadRecipe
from benchmarks.research.held import held
from benchmarks.research.rows import Row, Task
from unfreeze.errors import TrainingError
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.recipe.eight_steps import DEFAULT_FULL_RATES, DEFAULT_HEAD_RATES
from unfreeze.training.options import TrainingOptions

FULL_BATCH_SIZE = 8
"""Half of the default: so few pictures have too few batches of 16 for cycles of a quarter of an epoch."""
HEAD_RATE, FULL_RATE = DEFAULT_HEAD_RATES["sgd"], DEFAULT_FULL_RATES["sgd"]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Validation loss and accuracy.

    Attributes:
        loss: In nats.
        accuracy: Part of the pictures.
    """

    loss: float | None = None
    accuracy: float | None = None


def train_head(learner: Learner, plan: CyclePlan, rate: float) -> None:
    """The head on stored augmented views."""
    learner.precompute = False
    learner.fit(rate, plan.cycles, cycle_len=plan.length, cycle_mult=plan.mult)


def train_default_head(learner: Learner) -> None:
    """Steps 2 to 4 with the defaults."""
    HeadRecipe().train(learner)


def train_full(learner: Learner, plan: CyclePlan, rate: float) -> None:
    """The whole network, its head at a rate and earlier groups at lower ones."""
    learner.unfreeze()
    learner.batch_size = FULL_BATCH_SIZE
    learner.fit([rate * ratio for ratio in RATIOS], plan.cycles, cycle_len=plan.length, cycle_mult=plan.mult)


def trained_row(
    task: Task,
    data: ImageData,
    train: Callable[[Learner], object],
    *,
    prepare: Callable[[Learner], object] = lambda _: None,
    options: Mapping[str, Any] | None = None,
) -> Row:
    """Trains a new learner.

    Args:
        task: What names the row; its seed decides order and dropout.
        data: What it sees.
        train: What is studied.
        prepare: What comes before it.
        options: Of training; none for the lesson's way.

    Returns:
        The row; without figures where training broke down.
    """
    name, variant, seed = task
    with closing(held(in_order(Learner(data, options=TrainingOptions(**options or {})), seed))) as learner:
        prepare(learner)
        before = learner.history.epochs[-1] if learner.history.epochs else None
        first = len(learner.history.epochs)
        try:
            train(learner)
        except TrainingError:
            return Row(dataset=name, variant=variant, seed=seed, loss=None, accuracy=None)
        epochs = learner.history.epochs[first:]
        together = _together(learner)
    last, best = epochs[-1], min(epochs, key=lambda record: record.valid_loss)
    return Row(
        dataset=name,
        variant=variant,
        seed=seed,
        loss=last.valid_loss,
        accuracy=last.valid_accuracy,
        best_loss=best.valid_loss,
        best_accuracy=best.valid_accuracy,
        together_loss=together.loss,
        together_accuracy=together.accuracy,
        start_loss=before.valid_loss if before else None,
        start_accuracy=before.valid_accuracy if before else None,
        losses=tuple(record.valid_loss for record in epochs),
    )


def _together(learner: Learner) -> Figures:
    """The mean of the predictions at the ends of the last fit's cycles."""
    scores = learner.compare_snapshots()
    return Figures(loss=scores.ensemble.mean_loss, accuracy=scores.ensemble.accuracy) if scores else Figures()
