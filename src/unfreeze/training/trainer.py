"""Takes steps on the trainable part of a network, and writes them down."""

import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import nn

from unfreeze.network.network import GROUP_NAMES, Network
from unfreeze.training.batches import Batch, Examples, in_groups
from unfreeze.training.history import History, StepRecord
from unfreeze.training.loop import StepSums, run_epoch, training_step, validation_step
from unfreeze.training.lr_find import LrSweep, lr_sweep
from unfreeze.training.preserve import preserved

MOMENTUM = 0.9
VALIDATION_BATCH = 64


class Trainer:
    """Holds the optimizer, SGD with momentum 0.9 as in the lesson, for as long as the network is trained.

    Each layer group has a rate of its own; frozen groups get no gradient, so their momentum stands still and goes on
    when they thaw.

    Args:
        network: What is trained.
        history: Gets a record a step.
        seed: Decides dropout, together with the number of the step.
    """

    def __init__(self, network: Network, *, history: History, seed: int) -> None:
        self.network = network
        self.history = history
        self._seed = seed
        groups = [{"params": network.group_parameters(name), "name": name} for name in GROUP_NAMES]
        self.optimizer = torch.optim.SGD(groups, lr=1.0, momentum=MOMENTUM)

    def train(
        self,
        module: nn.Module,
        batches: Iterable[Batch],
        rates: Callable[[int], Sequence[float]],
        *,
        on_step: Callable[[int], None],
    ) -> StepSums:
        """Trains on batches, one step each.

        Args:
            module: The network, or the part of it that lies after the cut that the batches come from.
            batches: Inputs and labels.
            rates: One rate a layer group at each step, counted from 0.
            on_step: Called with the number of steps taken.

        Returns:
            The sums over all examples as they were trained.
        """
        steps = itertools.count()
        epoch = len(self.history.epochs)

        def step(batch: Batch) -> StepSums:
            index, number = next(steps), len(self.history.steps)
            self._set_rates(rates(index))
            torch.manual_seed(step_seed(self._seed, number))  # dropout depends on the step alone, resumed or not
            sums = training_step(module, self.optimizer, batch)
            named = dict(zip(GROUP_NAMES, rates(index), strict=True))
            self.history.add_step(StepRecord(step=number, epoch=epoch, loss=sums.mean_loss, rates=named))
            on_step(index + 1)
            return sums

        self.network.training_mode()
        with torch.random.fork_rng():
            return run_epoch(batches, step)

    def validate(self, module: nn.Module, examples: Examples) -> StepSums:
        """Sums over all examples, each counted once, in eval mode.

        Args:
            module: The network, or the part of it that lies after the cut that the examples come from.
            examples: What is validated on.

        Returns:
            The sums.
        """
        self.network.eval()
        groups = in_groups(range(len(examples.labels)), VALIDATION_BATCH)
        return run_epoch(examples.batches(groups), lambda batch: validation_step(module, batch))

    def sweep(
        self,
        module: nn.Module,
        batches: Sequence[Sequence[int]],
        examples: Examples,
        *,
        span: tuple[float, float],
        ratios: Sequence[float],
        on_step: Callable[[int], None],
    ) -> LrSweep:
        """Sweeps the learning rate and leaves not one bit changed.

        Args:
            module: The network, or the part of it that lies after the cut that the examples come from.
            batches: Indices of the examples of each step.
            examples: What is trained on.
            span: First and last rate of the last group.
            ratios: Rate of each group as a part of the last group's.
            on_step: Called with the number of steps taken.

        Returns:
            The sweep's record.
        """
        steps = itertools.count(1)

        def step(batch: Batch, rate: float) -> float:
            self._set_rates([rate * ratio for ratio in ratios])
            loss = training_step(module, self.optimizer, batch).mean_loss
            on_step(next(steps))
            return loss

        start, end = span
        with preserved(self.network, self.optimizer):
            torch.manual_seed(step_seed(self._seed, 0))
            self.network.training_mode()
            return lr_sweep(examples.batches(batches), step, start=start, end=end, steps=len(batches))

    def _set_rates(self, rates: Sequence[float]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate


def step_seed(seed: int, step: int) -> int:
    """Mixes a run's seed with a step's number into 32 bits: torch's generator on the CPU looks at no more of a seed.

    >>> len({step_seed(seed, step) for seed in range(10) for step in range(10)})
    100
    """
    return int(np.random.SeedSequence([seed, step]).generate_state(1)[0])
