"""The pictures of the studies; a seed draws which of the training pictures a row sees."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from unfreeze.cache import cache_folder
from unfreeze.cli.train import SAMPLE_SETTINGS, Sample
from unfreeze.images.sample import write_digits
from unfreeze.images.table import ImageRow
from unfreeze.learner.data import ImageData

FEW_PX = 64
"""Side of the squares where the whole network trains: larger ones would take days on two cores."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A collection and how much of it a row sees.

    Attributes:
        name: For tables and rows.
        about: What it is, a sentence.
        read: Reads all of it at a side of the squares, None for the one that suits it.
        train: Training pictures of each class that a seed draws.
        valid: Validation pictures of each class, the same for all seeds; None for all.
        batch_size: Pictures in a training batch.
        wrong_labels: Part of the drawn training pictures that get another class's label; validation stays as it is.
    """

    name: str
    about: str
    read: Callable[[int | None], ImageData]
    train: int
    valid: int | None = None
    batch_size: int = 32
    wrong_labels: float = 0.0


def read_photographs(name: str) -> Callable[[int | None], ImageData]:
    """Reads a folder below the one that UNFREEZE_PHOTOS names."""
    return lambda size_px: ImageData.from_folder(photographs() / name, size_px=size_px)


def read_digits(size_px: int | None) -> ImageData:
    """The sample's handwritten digits, ten classes, looked at as `unfreeze train --sample digits` does."""
    suited = SAMPLE_SETTINGS[Sample.DIGITS]
    return ImageData.from_folder(
        write_digits(cache_folder("samples")),
        size_px=size_px or suited.size,
        square=suited.square,
        augment=suited.augment,
    )


def read_four(size_px: int | None) -> ImageData:
    """Ants, bees, cats and dogs together."""
    found = [
        (path, path.parent.name, "train" if path.parent.parent.name == "train" else "valid")
        for name in ("ants-bees", "dogscats")
        for path in sorted((photographs() / name).glob("*/*/*.jpg"))
    ]
    paths, labels, splits = zip(*found, strict=True)
    return ImageData.from_lists(paths, labels, splits=splits, root=photographs(), size_px=size_px)


def photographs() -> Path:
    """The folder of photographs."""
    if folder := os.environ.get("UNFREEZE_PHOTOS"):
        return Path(folder)
    raise SystemExit("UNFREEZE_PHOTOS names no folder; it has to hold dogscats and ants-bees (CONTRIBUTING.md)")


def drawn(dataset: Dataset, data: ImageData, seed: int) -> ImageData:
    """What a row of a seed sees.

    Args:
        dataset: Says how many pictures.
        data: All of them.
        seed: Decides which training pictures are drawn, and which of them get a wrong label.

    Returns:
        As many training pictures of each class, or all where there are fewer, and the validation pictures.
    """
    table, chance = data.table, np.random.Generator(np.random.PCG64([seed, 9]))
    rows: list[ImageRow] = []
    for label in range(len(table.classes)):
        train, valid = (
            sorted((r for r in table.of_split(split) if r.label == label), key=lambda row: row.content)
            for split in ("train", "valid")
        )
        order = chance.permutation(len(train))[: dataset.train]
        rows += [train[index] for index in sorted(order)] + valid[: dataset.valid]
    rows = _relabelled(rows, dataset.wrong_labels, len(table.classes), chance)
    rows.sort(key=lambda row: row.path)
    return replace(data, table=replace(table, rows=tuple(rows)), batch_size=dataset.batch_size, threads=1)


def _relabelled(rows: list[ImageRow], part: float, classes: int, chance: np.random.Generator) -> list[ImageRow]:
    """The rows, a part of the training rows under another class's label."""
    train = [index for index, row in enumerate(rows) if row.split == "train"]
    wrong = chance.permutation(train)[: round(part * len(train))]
    away = chance.integers(1, classes, len(wrong))
    found = list(rows)
    for index, step in zip(wrong, away, strict=True):
        found[index] = replace(rows[index], labels=((rows[index].label + int(step)) % classes,))
    return found


DOGS_CATS = "1,000 photographs of cats and dogs and 500 to validate"
ANTS_BEES = "243 photographs of ants and bees and 153 to validate"
DIGITS = "1,797 handwritten digits of 8 x 8 pixels, ten classes, scikit-learn's, a fifth to validate"
FOUR = "both collections of photographs as one of four classes: ants, bees, cats, dogs"


def by_name(datasets: tuple[Dataset, ...]) -> Mapping[str, Dataset]:
    """Data sets by their names."""
    return {dataset.name: dataset for dataset in datasets}
