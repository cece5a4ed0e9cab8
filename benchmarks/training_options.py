"""What training options cost: processor time of a step of the whole network, and memory of accumulation.

python -m benchmarks.training_options            # processor time, as a ratio to a step without options
python -m benchmarks.training_options --memory   # peak memory of a batch of 32 in 1, 2, 4 and 8 parts
python -m benchmarks.training_options --average shared/data/ants-bees   # loss under averages, warmed up or not
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np

from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.network.backbones import DEFAULT_BACKBONE
from unfreeze.network.build import build_network
from unfreeze.training.averaging import WeightAverage, kept_part
from unfreeze.training.batches import Batch
from unfreeze.training.descent import Descent
from unfreeze.training.head import LinearHead
from unfreeze.training.mixing import Mixing
from unfreeze.training.options import TrainingOptions
from unfreeze.training.suffix import TrainableSuffix

NONE = TrainingOptions()
KINDS = {
    "--optimizer adamw": replace(NONE, optimizer="adamw"),
    "--weight-decay 0.01": replace(NONE, weight_decay=0.01),
    "--label-smoothing 0.1": replace(NONE, label_smoothing=0.1),
    "--mixup 0.2": replace(NONE, mixup=0.2),
    "--cutmix 1": replace(NONE, cutmix=1.0),
    "--clip-norm 1": replace(NONE, clip_norm=1.0),
    "--ema 0.99": replace(NONE, ema=0.99),
    "--accumulate 4": replace(NONE, accumulate=4),
    "--precision bfloat16": replace(NONE, precision="bfloat16"),
}


class Steps:
    """Takes steps on one batch of noise.

    Args:
        options: How.
        size_px: Side of the squares in pixels.
        pictures: Squares in a batch.
    """

    def __init__(self, options: TrainingOptions, *, size_px: int, pictures: int) -> None:
        network = build_network(DEFAULT_BACKBONE, classes=5)
        network.freeze_to(0)
        linear = network.classifier
        weight, bias = (part.detach().numpy().copy() for part in (linear.weight, linear.bias))
        descent = Descent(optimizer=options.optimizer, weight_decay=options.weight_decay, clip_norm=options.clip_norm)
        head = LinearHead(weight, bias, descent=descent, label_smoothing=options.label_smoothing)
        head.mixing = Mixing(mixup=options.mixup, cutmix=options.cutmix, classes=5)
        self._suffix = TrainableSuffix(network, head, threads=2, precision=options.precision)
        self._suffix.accumulate, self._suffix.batch_size = options.accumulate, pictures
        self._average = WeightAverage(options.ema) if options.ema else None
        generator = np.random.default_rng(0)
        squares = generator.integers(0, 256, (pictures, 3, size_px, size_px), np.uint8)
        self._batch: Batch = squares, generator.integers(0, 5, pictures)

    def seconds(self, steps: int) -> float:
        """Processor seconds of a step, the first one left out."""
        with self._suffix.training():
            self._step(0)
            started = time.process_time()
            for number in range(steps):
                self._step(number)
            return (time.process_time() - started) / steps

    def _step(self, number: int) -> None:
        self._suffix.train_step(self._batch, [1e-5] * 3, seed=number)
        if self._average:
            self._average.update(self._suffix.trained())


def print_times(rounds: int, steps: int) -> None:
    """Ratios to a step without options, in turns."""
    makers = {"none": Steps(NONE, size_px=96, pictures=8)}
    makers |= {name: Steps(options, size_px=96, pictures=8) for name, options in KINDS.items()}
    found: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(rounds):
        for name, maker in makers.items():
            found[name].append(maker.seconds(steps))
    for name, seconds in found.items():
        ratios = [own / plain for own, plain in zip(seconds, found["none"], strict=True)]
        print(f"{name:<24}{statistics.median(ratios):6.2f}   ({min(ratios):.2f} to {max(ratios):.2f})")


def print_averages(pictures: Path) -> None:
    """Validation loss of the head after 2 and 3 epochs, under averages that are warmed up and that are not."""
    data = ImageData.from_path(pictures, size_px=128)
    for decay in (None, 0.9, 0.99, 0.999):
        for warm in (True, False) if decay else (True,):
            with mock.patch("unfreeze.training.averaging.kept_part", kept_part if warm else lambda kept, _: kept):
                learner = Learner(data, options=TrainingOptions(ema=decay))
                constant = learner.fit(0.01, 2)[-1]
                learner.precompute = False
                annealed = learner.fit(0.01, 3, cycle_len=1)[-1]
                steps = len(learner.history.steps)
                learner.close()
            name = "no average" if decay is None else f"{decay}{'' if warm else ', not warmed up'}"
            print(f"{name:<24}{constant.valid_loss:.4f}, then {annealed.valid_loss:.4f}   ({steps} steps in all)")


def print_memory() -> None:
    """Peak memory of a process that takes two steps, by the number of parts."""
    for parts in (1, 2, 4, 8):
        words = [sys.executable, "-m", "benchmarks.training_options", "--parts", str(parts)]
        found = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
        print(found.stdout.strip())


def main() -> None:
    """Prints what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--average", type=Path)
    parser.add_argument("--parts", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2)
    given = parser.parse_args()
    if given.parts:
        Steps(replace(NONE, accumulate=given.parts), size_px=224, pictures=32).seconds(1)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{given.parts} parts: {peak:,.0f} MiB at the most")
    elif given.average:
        print_averages(given.average)
    elif given.memory:
        print_memory()
    else:
        print_times(given.rounds, given.steps)


if __name__ == "__main__":
    main()
