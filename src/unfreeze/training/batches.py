"""What training iterates over: stored activations or pictures, in batches of (inputs, targets)."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from unfreeze.activations.extract import read_squares
from unfreeze.activations.store import ActivationStore
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.parallel import in_parallel
from unfreeze.training.objective import Targets, targets_of
from unfreeze.transforms.render import Squared
from unfreeze.transforms.transform import Transform

Batch = tuple[npt.NDArray[Any], Targets]
"""Inputs (N, ...), activations of float32 or squares of uint8, and their targets (N,) or (N, C)."""

BATCHES_AHEAD = 2


class Examples(Protocol):
    """Inputs with targets that can be asked for by index."""

    @property
    def targets(self) -> Targets:
        """The target of each example, shape (N,) or (N, C)."""
        ...

    def batches(self, indices: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Inputs (N, ...) and targets (N,) or (N, C) of each group of indices, in order."""
        ...


@dataclass(frozen=True)
class StoredActivations:
    """Activations that lie in a store and are read as they are asked for, so that memory stays flat.

    Attributes:
        store: Where they lie.
        keys: What they are stored under, one key an example.
        targets: The target of each example, shape (N,) or (N, C).
        refill: Computes some examples again, by index: another process may have made room in the store.
    """

    store: ActivationStore
    keys: Sequence[bytes]
    targets: Targets
    refill: Callable[[Sequence[int]], None]

    def batches(self, indices: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Activations (N, ...), float32, and targets of each group of indices, in order."""
        for group in indices:
            keys = [self.keys[index] for index in group]
            found = self.store.get(keys)
            if len(found) < len(set(keys)):
                self.refill(group)
                found = self.store.get(keys)
            yield np.stack([found[key] for key in keys]), self.targets[list(group)]


@dataclass(frozen=True)
class Pictures:
    """One view of pictures on disk, decoded a few batches ahead of their use.

    Attributes:
        table: Where the pictures are.
        rows: Which of them.
        transform: How they become squares.
        view: The view's number.
        threads: Pictures decoded at a time.
    """

    table: ImageTable
    rows: Sequence[ImageRow]
    transform: Transform
    view: int
    threads: int = 1

    @cached_property
    def targets(self) -> Targets:
        """The target of each row, shape (N,) or (N, C)."""
        return targets_of(self.table, self.rows)

    def batches(self, indices: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Squares (N, 3, S, S), uint8, and targets of each group of indices, in order."""
        ahead = BATCHES_AHEAD * max(map(len, indices), default=1)
        squares = in_parallel(self._square, itertools.chain(*indices), threads=self.threads, ahead=ahead)
        try:
            for group in indices:
                yield np.stack([next(squares) for _ in group]), self.targets[list(group)]
        finally:
            squares.close()

    def _square(self, index: int) -> Squared:
        return read_squares(self.table, self.transform, self.rows[index], (self.view,))[0]


def each_once(examples: Examples, batch_size: int) -> Iterator[Batch]:
    """All examples in order, for figures in which each of them counts once; as many have to come as were asked for.

    Args:
        examples: What is read, whichever process computed it.
        batch_size: Examples in a batch; the last may be smaller.

    Yields:
        Batches.
    """
    groups = in_groups(range(len(examples.targets)), batch_size)
    for group, batch in itertools.zip_longest(groups, examples.batches(groups)):
        assert batch, f"fewer batches were read than the {len(groups)} that were asked for"
        assert group, f"more batches were read than the {len(groups)} that were asked for"
        inputs, targets = batch
        assert len(inputs) == len(group), f"{len(inputs)} examples were read, {len(group)} were asked for"
        assert np.array_equal(targets, examples.targets[group]), "targets are of other examples than were asked for"
        yield inputs, targets


def shuffled(count: int, batch_size: int, *, seed: int, epoch: int) -> list[list[int]]:
    """The batches of one training epoch: every index once, in an order that seed and epoch decide.

    Args:
        count: Number of examples.
        batch_size: Examples in a batch; the last may be smaller.
        seed: The run's seed.
        epoch: Number of the epoch.

    Returns:
        Groups of indices.
    """
    order = np.random.Generator(np.random.PCG64([seed, epoch])).permutation(count)
    return in_groups(order.tolist(), batch_size)


def in_groups(indices: Sequence[int], batch_size: int) -> list[list[int]]:
    """Indices in groups of a batch's size, in order.

    >>> in_groups(range(5), 2)
    [[0, 1], [2, 3], [4]]
    """
    return [list(indices[start : start + batch_size]) for start in range(0, len(indices), batch_size)]
