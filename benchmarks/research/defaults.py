"""An ablation of the recipe's defaults: docs/research/defaults.md is made of these rows.

    python -m benchmarks.research.defaults [--part head|full|larger] [--seeds 3]
    python -m benchmarks.research.page

The first appends rows to `docs/research/data/defaults-PART.jsonl`; those that are there are not trained again, so that
it can be stopped and gone on with. The second trains nothing and writes tables and pictures. Photographs are those of
the folder that UNFREEZE_PHOTOS names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.research.comparisons import Pair
from benchmarks.research.cycle_length import FULL_SETS, RESEARCH, WRONG_LABELS, datasets
from benchmarks.research.datasets import FEW_PX, FOUR, Dataset, read_four, read_photographs
from benchmarks.research.full_recipe import FULL_VARIANTS, RATE_VARIANTS, FullRecipe
from benchmarks.research.head_recipe import DEFAULT, HEAD_VARIANTS, HeadRecipe
from benchmarks.research.rows import Row, Task
from benchmarks.research.studied import asked_for, study
from benchmarks.research.training import train_default_head, trained_row
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner

HEAD_SETS = (
    *datasets(200, 100, 60, batch_size=32),
    Dataset(name="four classes, few", about=FOUR, read=read_four, train=20, valid=70),
    Dataset(
        name="dogscats, wrong labels",
        about=WRONG_LABELS,
        read=read_photographs("dogscats"),
        train=200,
        wrong_labels=0.2,
    ),
)
FOUR_FEW = Dataset(name="four classes, few", about=FOUR, read=read_four, train=24, valid=35)

FOUR_MORE = replace(FOUR_FEW, train=48)
LARGER_PX = 128


@dataclass(frozen=True, kw_only=True)
class Part:
    """The defaults of the head's steps, of the whole network's, or its rate alone on larger squares.

    Attributes:
        name: Of its file of rows.
        sets: Its data sets.
        variants: What is tried; the first one is the recipe as it is.
        size_px: Side of the squares; None for the one that suits the pictures.
        prepare: What comes before.
    """

    name: str
    sets: Sequence[Dataset]
    variants: Mapping[str, HeadRecipe | FullRecipe]
    size_px: int | None
    prepare: Callable[[Learner], object]

    @property
    def file(self) -> Path:
        """Where its rows lie."""
        return RESEARCH / "data" / f"defaults-{self.name}.jsonl"

    @property
    def pairs(self) -> list[Pair]:
        """Each variant with the defaults."""
        return [(name, DEFAULT) for name in self.variants if name != DEFAULT]


HEAD = Part(name="head", sets=HEAD_SETS, variants=HEAD_VARIANTS, size_px=None, prepare=lambda _: None)
FULL = Part(
    name="full", sets=(*FULL_SETS, FOUR_FEW), variants=FULL_VARIANTS, size_px=FEW_PX, prepare=train_default_head
)
LARGER = Part(
    name="larger",
    sets=(*(replace(each, valid=70) for each in datasets(96, 96, 0, batch_size=32)[:2]), FOUR_MORE),
    variants=RATE_VARIANTS,
    size_px=LARGER_PX,
    prepare=train_default_head,
)
PARTS = {part.name: part for part in (HEAD, FULL, LARGER)}


def main() -> None:
    """Trains what is missing."""
    part, seeds = asked_for(PARTS, about=__doc__, seeds=3)
    run(part, seeds=seeds)


def run(part: Part, *, seeds: int) -> None:
    """Trains what the part's file does not hold.

    Args:
        part: Head or whole network.
        seeds: How many seeds.
    """

    def trained(task: Task, data: ImageData) -> Row:
        return varied_row(task, data, part.variants[task[1]], prepare=part.prepare)

    study(part.file, sets=part.sets, variants=part.variants, seeds=seeds, size_px=part.size_px, trained=trained)


def varied_row(
    task: Task, data: ImageData, recipe: HeadRecipe | FullRecipe, *, prepare: Callable[[Learner], object]
) -> Row:
    """Trains a variant.

    Args:
        task: What names the row.
        data: What it sees.
        recipe: The variant.
        prepare: What comes before.

    Returns:
        The row.
    """
    return trained_row(task, recipe.data(data), recipe.train, prepare=prepare, options=recipe.options)


if __name__ == "__main__":
    main()
