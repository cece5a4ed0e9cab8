"""How honest is the forecast of the learning curve? Half of the training pictures say what all of them will reach.

    python -m benchmarks.outlook dogscats ants-bees digits

All pictures of a collection are drawn anew into halves: one to train on, of which half make the curve, and the other
parted into validation pictures, which the forecast is made on, and pictures that nothing was made on, which say what
all training pictures reached. Heads on the packaged body; no training picture is seen by another side.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unfreeze.cache import cache_folder
from unfreeze.evaluation.heads import fitted_head, mistakes
from unfreeze.evaluation.learning_curve import learning_curve
from unfreeze.images.sample import write_digits
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.training.batches import Batch

REPEATS = 20
SIZE_PX = 224


@dataclass(frozen=True)
class Trial:
    """One forecast and what came of it, in parts of the pictures."""

    forecast: float
    low: float
    high: float
    reached: float
    gain: float
    least: float
    largest: float
    gained: float

    @property
    def holds(self) -> bool:
        """Whether the accuracy lies in its interval."""
        return self.low <= self.reached <= self.high


def main() -> None:
    """Prints a row of a table for each collection."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("collections", nargs="+", type=Path)
    columns = "trained on, forecast | foretold | reached | interval holds | gain foretold | gained, its standard error"
    print(f"| pictures | {columns} |")
    print("|---|---|---|---|---|---|---|")
    for path in parser.parse_args().collections:
        features, labels = pooled(path)
        count = len(labels)
        found = [trial(features, labels, seed=seed) for seed in range(REPEATS)]
        means = {name: 100 * np.mean([getattr(one, name) for one in found]) for name in Trial.__annotations__}
        print(
            f"| {path.name}, {count:,} | {count // 4:,}, {count // 2:,} | {means['forecast']:.1f} "
            f"({means['low']:.1f} to {means['high']:.1f}) | {means['reached']:.1f} | {sum(t.holds for t in found)} of "
            f"{REPEATS} | {means['gain']:+.2f} ({means['least']:+.2f} to {means['largest']:+.2f}) | "
            f"{means['gained']:+.2f}, {100 * np.std([t.gained for t in found], ddof=1) / REPEATS**0.5:.2f} |",
            flush=True,
        )


def pooled(path: Path) -> Batch:
    """Features (N, D) and labels (N,) of all pictures of a collection."""
    if path.name == "digits":
        path = write_digits(cache_folder("samples"))
    learner = Learner(ImageData.from_path(path, size_px=SIZE_PX))
    rows = learner.data.table.rows
    return learner.source.pooled(rows), np.asarray(learner.data.targets(rows), np.int64)


def trial(features: np.ndarray, labels: np.ndarray, *, seed: int) -> Trial:
    """Foretells what twice as many training pictures reach, and tries it."""
    order = np.random.default_rng(seed).permutation(len(labels))
    half, rest, valid, new = (
        (features[part], labels[part]) for part in np.split(order, [len(order) * part // 4 for part in (1, 2, 3)])
    )
    classes = int(labels.max()) + 1
    curve = learning_curve(half, valid, classes=classes, seed=seed)
    every = np.concatenate([half[0], rest[0]]), np.concatenate([half[1], rest[1]])
    before, after = (1 - mistakes(fitted_head(*train, classes=classes), new).mean() for train in (half, every))
    found = curve.forecast(len(every[1]))
    assert found, "these collections are large enough for a curve"
    return Trial(
        forecast=found.accuracy,
        low=found.low,
        high=found.high,
        reached=float(after),
        gain=found.gain,
        least=found.least_gain,
        largest=found.largest_gain,
        gained=float(after - before),
    )


if __name__ == "__main__":
    main()
