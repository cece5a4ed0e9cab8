"""The one epoch loop: training and validation, stored activations and pictures, head and whole network alike."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from unfreeze.errors import TrainingError
from unfreeze.training.batches import Batch

MOMENTUM = 0.9
"""Of SGD, as in the lesson."""


@dataclass(frozen=True, slots=True)
class StepSums:
    """What one batch, or many of them together, came to.

    Attributes:
        examples: Number of examples.
        loss: Sum of their losses.
        correct: How many were answered rightly; where there are several labels, every one of them.
    """

    examples: int = 0
    loss: float = 0.0
    correct: int = 0

    def __add__(self, other: "StepSums") -> "StepSums":
        return StepSums(self.examples + other.examples, self.loss + other.loss, self.correct + other.correct)

    @property
    def mean_loss(self) -> float:
        """Loss of an example, on average."""
        return self.loss / self.examples

    @property
    def accuracy(self) -> float:
        """Part of the examples that were answered rightly."""
        return self.correct / self.examples


NOTHING_YET = StepSums()


def run_epoch(
    batches: Iterable[Batch], step: Callable[[Batch], StepSums], *, so_far: StepSums = NOTHING_YET
) -> StepSums:
    """Takes a step for each batch and adds up what they came to.

    Args:
        batches: Inputs and targets.
        step: What is done with a batch.
        so_far: What earlier batches of the epoch came to: it is added to in order, so that an epoch in parts has the
            same sums to the last bit.

    Returns:
        The sums over all examples, each counted once, in float64.
    """
    total = so_far
    for batch in batches:
        total += step(batch)
    return total


def check_loss(loss: float) -> None:
    """Raises TrainingError where a training loss is not finite."""
    if not math.isfinite(loss):
        message = f"the training loss became {loss}; choose a lower learning rate (--lr, --full-lr)"
        raise TrainingError(message, subject="loss")
