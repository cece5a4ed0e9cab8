"""Every variant of a study on every one of its data sets, seed by seed."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

from benchmarks.research.datasets import Dataset, by_name, drawn
from benchmarks.research.rows import Row, Task, tasks_of, write_missing
from unfreeze.learner.data import ImageData


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
