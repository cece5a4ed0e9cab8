"""Every variant of a study on every one of its data sets, seed by seed."""

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

from benchmarks.research.datasets import Dataset, by_name, drawn
from benchmarks.research.rows import Row, Task, tasks_of, write_missing
from unfreeze.learner.data import ImageData

Part = TypeVar("Part")


def asked_for(parts: Mapping[str, Part], *, about: str, seeds: int) -> tuple[Part, int]:
    """Which part of a study is to be trained, from the command line.

    Args:
        parts: All of them by name; the first is taken where none is named.
        about: What the command does.
        seeds: How many seeds, where it is not said.

    Returns:
        The part and the number of seeds.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=list(parts), default=next(iter(parts)))
    parser.add_argument("--seeds", type=int, default=seeds)
    options = parser.parse_args()
    return parts[options.part], options.seeds


def study(
    file: Path,
    *,
    sets: Sequence[Dataset],
    variants: Iterable[str],
    seeds: int,
    size_px: int | None,
    trained: Callable[[Task, ImageData], Row],
) -> None:
    """Trains what a file of rows does not hold; each data set is read once.

    Args:
        file: JSON lines.
        sets: The data sets.
        variants: Names of what is trained.
        seeds: How many seeds.
        size_px: Side of the squares; None for the one that suits the pictures.
        trained: Makes the row of a task from the pictures that its seed drew.
    """
    named = by_name(tuple(sets))
    read = cache(lambda name: named[name].read(size_px))

    def train(task: Task) -> Row:
        name, _, seed = task
        return trained(task, drawn(named[name], read(name), seed))

    write_missing(file, tasks_of(list(named), list(variants), seeds), train)
