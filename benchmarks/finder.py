"""The finder's suggestions beside a grid search of the learning rate.

    python -m benchmarks.finder [--seeds 5] [--only dogscats,ants-bees,digits] [--full]

Photographs are those of the folder that UNFREEZE_PHOTOS names; without it only the digits are taken. The head is
trained on stored activations for one epoch at a constant rate and three augmented cosine cycles, all at the same rate;
the grid goes by half decades, and by eighths of a decade beside its best rate.
With `--full` it is the whole network, for one epoch on a few small pictures. A seed decides the order of the batches
and what dropout drops; the views are the same throughout.
"""

import argparse
import math
import os
import statistics
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.grid import half_decades, refined, searched, table
from benchmarks.pictures import linked
from unfreeze.cache import cache_folder
from unfreeze.cli.train import SAMPLE_SETTINGS, Sample
from unfreeze.errors import TrainingError
from unfreeze.images.sample import write_digits
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.network.groups import GROUP_NAMES
from unfreeze.recipe.eight_steps import DEFAULT_HEAD_RATES
from unfreeze.recipe.settings import TrainSettings
from unfreeze.training.lr_band import LrBand
from unfreeze.training.lr_find import LrSweep
from unfreeze.training.rates import lowered_rates
from unfreeze.training.trainer import Trainer

PHOTOGRAPHS = ("dogscats", "ants-bees")
FEW: dict[str, int | None] = {"train": 100, "valid": 50}
FEW_PX = 128
SETTINGS = TrainSettings()
RATIOS = lowered_rates(1.0, SETTINGS.rate_ratio, len(GROUP_NAMES))


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What is trained, and the rates that are tried.

    Attributes:
        name: For the page.
        rates: The grid.
        parts: Into how many parts the intervals beside the grid's best rate are split, to look closer.
        prepare: Brings a new learner to where the finder is used.
        find: Sweeps the rate.
        train: Trains at a rate from there and gives the validation loss.
    """

    name: str
    rates: tuple[float, ...]
    parts: int
    prepare: Callable[[Learner], object]
    find: Callable[[Learner], LrSweep]
    train: Callable[[Learner, float], float]


def train_head(learner: Learner, rate: float) -> float:
    """Steps 3 and 4 at one rate; the validation loss at their end."""
    learner.fit(rate, 1)
    learner.precompute = False
    return learner.fit(rate, SETTINGS.augmented_cycles, cycle_len=SETTINGS.cycle_len)[-1].valid_loss


def unfreeze(learner: Learner) -> None:
    """Steps 1 to 5."""
    train_head(learner, DEFAULT_HEAD_RATES["sgd"])
    learner.unfreeze()
    learner.batch_size = SETTINGS.full_batch_size


def train_full(learner: Learner, rate: float) -> float:
    """An epoch of step 8; the validation loss at its end."""
    return learner.fit([rate * ratio for ratio in RATIOS], 1, cycle_len=1)[-1].valid_loss


HEAD = Stage(
    name="head",
    rates=half_decades(1e-4, 10),
    parts=4,
    prepare=lambda _: None,
    find=lambda learner: learner.lr_find().sweeps[0],
    train=train_head,
)
FULL = Stage(
    name="whole network",
    rates=half_decades(1e-4, 1e-2),
    parts=1,
    prepare=unfreeze,
    find=lambda learner: learner.lr_find(rates=RATIOS).sweeps[0],
    train=train_full,
)


def main() -> None:
    """Prints a table a collection."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", help="names of collections, separated by commas")
    parser.add_argument("--full", action="store_true", help="the whole network, on a few small pictures")
    options = parser.parse_args()
    photos = os.environ.get("UNFREEZE_PHOTOS")
    names = options.only.split(",") if options.only else (*(PHOTOGRAPHS if photos else ()), "digits")
    stage = FULL if options.full else HEAD
    with tempfile.TemporaryDirectory(prefix="unfreeze-finder-") as work:
        for name in names:
            folder = write_digits(cache_folder("samples")) if name == "digits" else Path(photos or "", name)
            data = _few(folder, Path(work, name)) if options.full else _all(folder)
            print(measured(f"{name}, {stage.name}", data, stage, seeds=options.seeds), flush=True)


def measured(name: str, data: ImageData, stage: Stage, *, seeds: int) -> str:
    """Searches the grid, sweeps, and trains at what was suggested.

    Args:
        name: For the page.
        data: The pictures.
        stage: What is trained.
        seeds: How many seeds, counted from 0, each of them for all three.

    Returns:
        The figures, as Markdown.
    """

    def loss(rate: float, seed: int) -> float:
        return trained_loss(data, stage, rate, seed)

    grid = refined(searched(stage.rates, seeds, loss), stage.parts, loss)
    band = LrBand(tuple(swept(data, stage, seed) for seed in range(seeds)))
    followed = {
        rule: statistics.median(loss(rate, seed) for seed in range(seeds)) for rule, rate in band.suggestions.items()
    }
    return f"{table(name, grid, band, followed)}\n"


def trained_loss(data: ImageData, stage: Stage, rate: float, seed: int) -> float:
    """Validation loss of a new learner that was trained at a rate; infinite where training broke down."""
    with closing(in_order(Learner(data), seed)) as learner:
        stage.prepare(learner)
        try:
            return stage.train(learner, rate)
        except TrainingError:
            return math.inf


def swept(data: ImageData, stage: Stage, seed: int) -> LrSweep:
    """What the finder sees of a new learner."""
    with closing(in_order(Learner(data), seed)) as learner:
        stage.prepare(learner)
        return stage.find(learner)


def in_order(learner: Learner, seed: int) -> Learner:
    """The same learner with batches and dropout of another seed, but with the views that are stored already."""
    learner.fitting.seed = seed
    learner.fitting.trainer = Trainer(history=learner.history, seed=seed)
    return learner


def _all(folder: Path) -> ImageData:
    if folder.name != "digits":
        return ImageData.from_folder(folder)
    suited = SAMPLE_SETTINGS[Sample.DIGITS]
    return ImageData.from_folder(folder, size_px=suited.size, square=suited.square, augment=suited.augment)


def _few(folder: Path, work: Path) -> ImageData:
    data = _all(folder)
    few = ImageData.from_folder(linked(folder, work, FEW), size_px=FEW_PX)
    return replace(few, transform=replace(data.transform, size_px=FEW_PX))


if __name__ == "__main__":
    main()
