"""Takes steps on what is trained, and writes them down."""

import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from unfreeze.network.groups import GROUP_NAMES
from unfreeze.training.averaging import WeightAverage
from unfreeze.training.batches import Batch, Examples
from unfreeze.training.history import History, StepRecord
from unfreeze.training.loop import MOMENTUM, NOTHING_YET, StepSums, run_epoch
from unfreeze.training.lr_find import LrSweep, lr_sweep


class Trainable(Protocol):
    """What takes steps: the head alone, or a part of the body with it; it owns its optimizer's state."""

    def train_step(self, batch: Batch, rates: Sequence[float], *, seed: int, momentum: float = MOMENTUM) -> StepSums:
        """One step on a batch, at one rate a layer group and a momentum for all; the seed decides what chance does."""
        ...

    def training(self) -> AbstractContextManager[None]:
        """What has to hold while steps are taken."""
        ...

    def preserved(self) -> AbstractContextManager[None]:
        """Leaves not one bit changed of what happens inside."""
        ...

    def trained(self) -> Mapping[str, Any]:
        """What steps move, by names: the arrays or tensors themselves, inside `training`."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How a step is taken.

    Attributes:
        rates: Learning rate of each layer group.
        momentum: Part of the last step's direction that goes on.
    """

    rates: Sequence[float]
    momentum: float = MOMENTUM


class Trainer:
    """Takes steps and records them.

    Args:
        history: Gets a record a step.
        seed: Decides dropout and mixing, together with the number of the step.
    """

    def __init__(self, *, history: History, seed: int) -> None:
        self.history = history
        self._seed = seed

    def train(
        self,
        part: Trainable,
        batches: Iterable[Batch],
        pace: Callable[[int], Pace],
        *,
        so_far: StepSums = NOTHING_YET,
        on_step: Callable[[int], None],
        average: WeightAverage | None = None,
    ) -> StepSums:
        """Trains on batches, one step each.

        Args:
            part: What is trained.
            batches: Inputs and targets.
            pace: Rates and momentum at each step, counted from 0.
            so_far: What earlier batches of the epoch came to.
            on_step: Called with the number of steps taken.
            average: Takes in what each step came to.

        Returns:
            The sums over all examples as they were trained.
        """
        steps = itertools.count()
        epoch = len(self.history.epochs)

        def step(batch: Batch) -> StepSums:
            index, number = next(steps), len(self.history.steps)
            now = pace(index)
            sums = part.train_step(batch, now.rates, momentum=now.momentum, seed=step_seed(self._seed, number))
            if average:
                average.update(part.trained())
            named = dict(zip(GROUP_NAMES, now.rates, strict=True))
            self.history.add_step(StepRecord(step=number, epoch=epoch, loss=sums.mean_loss, rates=named))
            on_step(index + 1)
            return sums

        with part.training():
            return run_epoch(batches, step, so_far=so_far)

    def seconds_per_step(self, part: Trainable, batches: Iterable[Batch]) -> float:
        """How long a step takes here and now, on average; leaves not one bit changed.

        Args:
            part: What is trained.
            batches: Inputs and targets; the first one warms up, if there are more.

        Returns:
            Seconds, reading the batch included.
        """
        ends: list[float] = [time.perf_counter()]
        with part.preserved(), part.training():
            for batch in batches:
                part.train_step(batch, [0.0] * len(GROUP_NAMES), seed=self._seed)
                ends.append(time.perf_counter())
        first = min(1, len(ends) - 2)
        return (ends[-1] - ends[first]) / (len(ends) - 1 - first)

    def sweep(
        self,
        part: Trainable,
        batches: Sequence[Sequence[int]],
        examples: Examples,
        *,
        span: tuple[float, float],
        ratios: Sequence[float],
        on_step: Callable[[int], None],
    ) -> LrSweep:
        """Sweeps the learning rate and leaves not one bit changed.

        Args:
            part: What is trained.
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
            index = next(steps)
            sums = part.train_step(batch, [rate * ratio for ratio in ratios], seed=step_seed(self._seed, index))
            on_step(index)
            return sums.mean_loss

        start, end = span
        with part.preserved(), part.training():
            return lr_sweep(examples.batches(batches), step, start=start, end=end, steps=len(batches))


def step_seed(seed: int, step: int) -> int:
    """Mixes a run's seed with a step's number into 32 bits: torch's generator on the CPU looks at no more of a seed.

    >>> len({step_seed(seed, step) for seed in range(10) for step in range(10)})
    100
    """
    return int(np.random.SeedSequence([seed, step]).generate_state(1)[0])
