"""A head with a hidden layer: the other shape that people give it."""

from dataclasses import dataclass

import numpy as np

from unfreeze.learner.learner import Learner
from unfreeze.network.groups import GROUP_NAMES
from unfreeze.training.head import one_thread
from unfreeze.training.history import EpochRecord
from unfreeze.training.loop import MOMENTUM
from unfreeze.training.schedules import ConstantRate, CosineRestarts, Schedule


@dataclass(frozen=True, kw_only=True)
class HiddenLayer:
    """Dropout, a layer with ReLU, dropout, the last layer.

    Attributes:
        units: Width of the hidden layer.
        dropout: Part of the features, and of the units, that a step drops.
        plain_epochs: Epochs on the plain view at a constant rate.
        augmented_epochs: Cycles of one epoch on augmented views.
    """

    units: int
    dropout: float
    plain_epochs: int
    augmented_epochs: int


def train_hidden(learner: Learner, layer: HiddenLayer, rate: float) -> None:
    """Trains it as steps 3 and 4 train the linear head: the same batches, views and rates; records each epoch.

    Args:
        learner: Serves the pictures; its own head stays as it is.
        layer: The head.
        rate: The highest learning rate.
    """
    import torch
    from torch import nn

    source, classes = learner.source, len(learner.data.table.classes)
    torch.manual_seed(learner.fitting.seed)
    head = nn.Sequential(
        nn.Dropout(layer.dropout),
        nn.Linear(learner.model.head.weight.shape[1], layer.units),
        nn.ReLU(),
        nn.Dropout(layer.dropout),
        nn.Linear(layer.units, classes),
    )
    optimizer = torch.optim.SGD(head.parameters(), lr=rate, momentum=MOMENTUM)

    def epoch(number: int, view: int, schedule: Schedule, offset: int) -> None:
        head.train()
        examples = source.stored("train", view)
        for step, (features, targets) in enumerate(examples.batches(learner.fitting.batches(number))):
            optimizer.param_groups[0]["lr"] = rate * schedule.factor(offset + step)
            loss = nn.functional.cross_entropy(head(torch.from_numpy(features)), torch.from_numpy(targets))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        learner.history.add_epoch(validated(number, view))

    def validated(number: int, view: int) -> EpochRecord:
        examples = source.stored("valid", 0)
        ((features, targets),) = examples.batches([range(len(examples.targets))])
        with torch.no_grad():
            logits = np.asarray(head.eval()(torch.from_numpy(features)).numpy(), np.float32)
        objective = learner.data.objective
        return EpochRecord(
            epoch=number,
            stage="hidden layer",
            cycle=number,
            ends_cycle=True,
            view=view,
            frozen=GROUP_NAMES[:-1],
            train_loss=0.0,
            train_accuracy=0.0,
            eval_loss=None,
            valid_loss=float(objective.losses(logits, targets).mean()),
            valid_accuracy=float(objective.right(logits, targets).mean()),
        )

    steps = learner.epoch_steps
    with one_thread():
        for number in range(layer.plain_epochs):
            epoch(number, 0, ConstantRate((steps,)), 0)
        for number in range(layer.augmented_epochs):
            epoch(layer.plain_epochs + number, source.augmented_view(number), CosineRestarts((steps,)), 0)
