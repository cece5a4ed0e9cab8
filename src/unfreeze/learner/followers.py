"""The other processes of a run, as the first one sees them; where it is alone, everything is done here."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from unfreeze.activations.extract import Extractor
from unfreeze.activations.together import extract_together
from unfreeze.errors import LostProcessError, UnfreezeError
from unfreeze.images.table import ImageRow
from unfreeze.learner.orders import Begin, End, Extract, Order, Prepare, Read, Step, Stop
from unfreeze.training.batches import Batch, Examples
from unfreeze.training.loop import MOMENTUM, StepSums
from unfreeze.training.objective import Targets
from unfreeze.training.trainer import Trainable
from unfreeze.world import ALONE, World, own_part

if TYPE_CHECKING:
    from unfreeze.training.suffix import TrainableSuffix


class Followers:
    """Tells the other processes what to do, and does this process's part of it.

    Args:
        world: The processes; this is the first.
    """

    def __init__(self, world: World = ALONE) -> None:
        assert world.rank == 0, "the others follow: see learner/follow.py"
        self.world = world
        self._numbers: dict[str, int] = {}

    def prepare(self, order: Prepare) -> None:
        """Hands the pictures out."""
        self._numbers = {row.path: number for number, row in enumerate(order.table.rows)}
        self.tell(order)

    def extract(
        self,
        extract: Extractor,
        rows: Sequence[ImageRow],
        views: Sequence[int],
        *,
        pretrained: bool,
        everywhere: bool,
        progress: Callable[[int, int], None],
    ) -> None:
        """Makes sure that views of pictures are stored; what is missing is computed by all processes.

        Args:
            extract: This process's store, and what is computed.
            rows: Pictures of the table.
            views: Numbers of the views.
            pretrained: Whether the store is the cache's.
            everywhere: Whether the other processes need them in their stores too.
            progress: Called with the number of activations that are there and the number that was asked for.
        """
        if self.world.size == 1 or not (everywhere or extract.lacks(rows, views)):
            extract(rows, views=views, progress=progress)
            return
        numbers = [self._numbers[row.path] for row in rows]
        self.tell(
            Extract(
                prefix=extract.prefix.key,
                transform=extract.transform,
                rows=numbers,
                views=views,
                pretrained=pretrained,
                everywhere=everywhere,
            )
        )
        extract_together(extract, rows, views, world=self.world, everywhere=everywhere, progress=progress)

    def examples(self, examples: Examples, read: Read) -> Examples:
        """Examples of which each process reads its part.

        Args:
            examples: What a single process would read.
            read: The order for the others, before any batches are known.

        Returns:
            This process's part.
        """
        return examples if self.world.size == 1 else _Shared(self, examples, read)

    def trainable(self, suffix: "TrainableSuffix") -> Trainable:
        """What takes steps together with the other processes."""
        suffix.world = self.world
        return suffix if self.world.size == 1 else _Led(self, suffix)

    def stop(self) -> None:
        """Lets the others end."""
        self.tell(Stop())
        self.world = ALONE

    def tell(self, order: Order) -> None:
        """Tells the others what to do; nobody listens where there are none."""
        if self.world.size > 1:
            self.world.broadcast(order)


@dataclass(frozen=True)
class _Shared:
    """This process's part of each batch; the others are told of theirs when the first is asked for."""

    followers: Followers
    examples: Examples
    read: Read

    @property
    def targets(self) -> Targets:
        """The target of each example."""
        return self.examples.targets

    def batches(self, indices: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """This process's part of each group of indices, in order."""
        self.followers.tell(replace(self.read, batches=indices))
        yield from own_batches(self.examples, indices, self.followers.world)


def own_batches(examples: Examples, indices: Sequence[Sequence[int]], world: World) -> Iterator[Batch]:
    """One process's part of each batch.

    Args:
        examples: What is read.
        indices: The examples of each batch, all processes' parts together.
        world: The processes.

    Yields:
        Inputs and targets; none of them where a batch has fewer examples than there are processes.
    """
    parts = [own_part(group, world) for group in indices]
    read = examples.batches([part for part in parts if part])
    try:
        for part in parts:
            yield next(read) if part else (np.empty(0, np.float32), examples.targets[:0])
    finally:
        getattr(read, "close", lambda: None)()


@dataclass(frozen=True)
class _Led:
    """A suffix whose steps all processes take."""

    followers: Followers
    suffix: "TrainableSuffix"

    def train_step(self, batch: Batch, rates: Sequence[float], *, seed: int, momentum: float = MOMENTUM) -> StepSums:
        """One step on a batch, of which this process has its part."""
        self.followers.tell(Step(rates=tuple(rates), seed=seed, momentum=momentum))
        return self.suffix.train_step(batch, rates, seed=seed, momentum=momentum)

    @contextmanager
    def training(self) -> Iterator[None]:
        """Modes, threads and random state of training, in all processes."""
        self.followers.tell(Begin(written(self.suffix)))
        with self.suffix.training():
            try:
                yield
            except LostProcessError:
                raise
            except UnfreezeError:  # the others wait for an order; after any other error nobody knows
                self.followers.tell(End())
                raise
            self.followers.tell(End())

    def preserved(self) -> AbstractContextManager[None]:
        """Leaves not one bit changed; the others are told at the next beginning how all is."""
        return self.suffix.preserved()

    def trained(self) -> Mapping[str, Any]:
        """What steps move: the same in all processes, so a running average is taken in the first alone."""
        return self.suffix.trained()


def written(suffix: "TrainableSuffix") -> bytes:
    """A suffix with its network, head and optimizer as bytes."""
    import torch

    file = io.BytesIO()
    torch.save(suffix, file)
    return file.getvalue()


def read_suffix(data: bytes) -> Any:
    """What `written` wrote, on this process's device."""
    import torch

    from unfreeze.learner.device import best_device

    return torch.load(io.BytesIO(data), map_location=best_device(), weights_only=False)
