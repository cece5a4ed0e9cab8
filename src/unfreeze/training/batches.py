"""What training iterates over: stored activations or pictures, in batches of (inputs, labels)."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from unfreeze.activations.engines import Floats
from unfreeze.activations.extract import read_square
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.transforms.transform import Transform

Batch = tuple[Tensor, Tensor]
BATCHES_AHEAD = 2


class Examples(Protocol):
    """Labelled inputs that can be asked for by index."""

    @property
    def labels(self) -> Sequence[int]:
        """One class index an example."""
        ...

    def batches(self, indices: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Inputs (N, ...) and labels (N,) of each group of indices, in order."""
        ...


@dataclass(frozen=True)
class StoredActivations:
    """Activations that lie in memory, read from the store.

    Attributes:
        activations: Array (N, ...), one row an example.
        labels: One class index an example.
    """

    activations: Floats
    labels: Sequence[int]

    def batches(self, indices: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Activations (N, ...), float32, and labels (N,) of each group of indices, in order."""
        labels = np.asarray(self.labels)
        for group in indices:
            yield torch.from_numpy(self.activations[np.asarray(group)]), torch.from_numpy(labels[np.asarray(group)])


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

    @property
    def labels(self) -> Sequence[int]:
        """One class index a row."""
        return [row.label for row in self.rows]

    def batches(self, indices: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Squares (N, 3, S, S), uint8, and labels (N,) of each group of indices, in order."""
        with ThreadPoolExecutor(self.threads) as pool:
            waiting: deque[tuple[Sequence[int], list[Future[np.ndarray]]]] = deque()
            try:
                for group in indices:
                    waiting.append((group, [pool.submit(self._square, index) for index in group]))
                    if len(waiting) > BATCHES_AHEAD:
                        yield self._batch(*waiting.popleft())
                while waiting:
                    yield self._batch(*waiting.popleft())
            finally:
                pool.shutdown(cancel_futures=True)

    def _square(self, index: int) -> np.ndarray:
        return read_square(self.table, self.transform, self.rows[index], self.view)

    def _batch(self, group: Sequence[int], squares: list["Future[np.ndarray]"]) -> Batch:
        labels = torch.tensor([self.rows[index].label for index in group])
        return torch.from_numpy(np.stack([square.result() for square in squares])), labels


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
