"""The one epoch loop: training and validation, stored activations and pictures alike."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from unfreeze.errors import TrainingError
from unfreeze.training.batches import Batch


@dataclass(frozen=True, slots=True)
class StepSums:
    """What one batch, or many of them together, came to.

    Attributes:
        examples: Number of examples.
        loss: Sum of their losses.
        correct: How many were classified correctly.
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
        """Part of the examples that were classified correctly."""
        return self.correct / self.examples


def run_epoch(batches: Iterable[Batch], step: Callable[[Batch], StepSums]) -> StepSums:
    """Takes a step for each batch and adds up what they came to.

    Args:
        batches: Inputs and labels.
        step: What is done with a batch.

    Returns:
        The sums over all examples, each counted once, in float64.
    """
    total = StepSums()
    for batch in batches:
        total += step(batch)
    return total


def training_step(module: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch) -> StepSums:
    """One step down the gradient of the batch's mean cross-entropy.

    Args:
        module: Takes the batch's inputs and returns logits (N, C).
        optimizer: Has the module's trainable parameters.
        batch: Inputs (N, ...) and class indices (N,).

    Returns:
        The batch's sums as they were before the step.

    Raises:
        TrainingError: If the loss is not finite; the step is not taken.
    """
    inputs, labels = on_device(module, batch)
    logits = module(inputs)
    loss = nn.functional.cross_entropy(logits, labels)
    value = loss.item()
    if not torch.isfinite(loss):
        message = f"the training loss became {value}; choose a lower learning rate (--lr, --full-lr)"
        raise TrainingError(message, subject="loss")
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()
    return StepSums(len(labels), value * len(labels), int((logits.argmax(1) == labels).sum()))


def validation_step(module: nn.Module, batch: Batch) -> StepSums:
    """The batch's losses, summed in float64, without gradients.

    Args:
        module: Takes the batch's inputs and returns logits (N, C).
        batch: Inputs (N, ...) and class indices (N,).

    Returns:
        The batch's sums.
    """
    inputs, _ = on_device(module, batch)
    labels = batch[1]
    with torch.inference_mode():
        logits = module(inputs).cpu().double()  # Apple's GPUs have no float64
        losses = nn.functional.cross_entropy(logits, labels, reduction="sum")
    return StepSums(len(labels), losses.item(), int((logits.argmax(1) == labels).sum()))


def on_device(module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """The batch where the module's parameters are, pictures in the memory format that convolutions are fastest in."""
    device = next(module.parameters()).device
    inputs, labels = batch[0].to(device), batch[1].to(device)
    return (inputs.contiguous(memory_format=torch.channels_last) if inputs.ndim == 4 else inputs), labels
