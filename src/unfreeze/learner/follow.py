"""What every process of a run does but the first: it follows orders until there are no more."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from unfreeze.activations.extract import Extractor
from unfreeze.activations.store import ActivationStore
from unfreeze.activations.together import ReceivedPrefix, extract_together
from unfreeze.cache import cache_folder
from unfreeze.errors import LostProcessError, RunError, TrainingError
from unfreeze.learner.followers import own_batches, read_suffix
from unfreeze.learner.orders import Begin, End, Extract, Order, Prepare, Read, Step, Stop
from unfreeze.learner.scratch import PREFIX
from unfreeze.training.batches import Batch, Examples, Pictures, StoredActivations
from unfreeze.training.objective import targets_of
from unfreeze.transforms.transform import Transform
from unfreeze.world import World


def follow(world: World) -> None:
    """Does what the first process says, until it says that all is done.

    Args:
        world: The processes; this is not the first.

    Raises:
        UnfreezeError: If a picture was removed or changed, or another process has ended.
    """
    first: Order = world.broadcast(None)
    if isinstance(first, Stop):
        return
    assert isinstance(first, Prepare), "the pictures come first"
    with ExitStack() as opened:
        follower = Follower(first, world, opened)
        while not isinstance(order := world.broadcast(None), Stop):
            follower.take(order)


class Follower:
    """Carries out orders.

    Args:
        prepared: The pictures, and where their activations are kept.
        world: The processes.
        opened: Closes what is opened.
    """

    def __init__(self, prepared: Prepare, world: World, opened: ExitStack) -> None:
        self._table, self._transform, self._threads = prepared.table, prepared.transform, prepared.threads
        self._world = world
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX)))
        self._scratch = self._store = opened.enter_context(ActivationStore(folder))
        self._scratch_key = ""
        if prepared.use_store:
            cache = ActivationStore(cache_folder("activations"), limit_bytes=prepared.limit_bytes)
            self._store = opened.enter_context(cache)

    def take(self, order: Order) -> None:
        """Carries out an order, and those that belong to it.

        Args:
            order: What is to be done.
        """
        if isinstance(order, Begin):
            self._train(order)
        else:
            assert isinstance(order, Extract), "steps are taken between a beginning and an end"
            self._extract(order)

    def _extract(self, order: Extract) -> None:
        store = self._store if order.pretrained else self._scratch
        if store is not self._store and order.prefix != self._scratch_key:
            store.clear()  # of a body that was trained further since
            self._scratch_key = order.prefix
        rows = [self._table.rows[number] for number in order.rows]
        extract = self._extractor(order.prefix, store, order.transform)
        extract_together(extract, rows, order.views, world=self._world, everywhere=order.everywhere)

    def _train(self, begin: Begin) -> None:
        """Takes steps until there are no more for now."""
        suffix = read_suffix(begin.suffix)
        suffix.world = self._world
        with suffix.training():
            batches: Iterator[Batch] = iter(())
            while not isinstance(order := self._world.broadcast(None), End):
                if isinstance(order, Read):
                    batches = own_batches(self._examples(order), order.batches, self._world)
                    continue
                assert isinstance(order, Step), "nothing else happens while steps are taken"
                try:
                    suffix.train_step(next(batches), order.rates, seed=order.seed, momentum=order.momentum)
                except LostProcessError:
                    raise
                except TrainingError:  # the loss is not finite: the first process has seen the same, and decides
                    continue

    def _examples(self, order: Read) -> Examples:
        """What the batches are read from."""
        rows = self._table.of_split("train")
        if order.stored is None:
            return Pictures(
                self._table, rows, replace(self._transform, size_px=order.size_px), order.view, self._threads
            )
        store = self._store if order.pretrained else self._scratch
        keys = self._extractor(order.stored, store, self._transform).keys(rows, order.view)

        def gone(_indices: Sequence[int]) -> NoReturn:
            message = f"{store.path}: activations that the run needs were removed by another one; go on with --resume"
            raise RunError(message, subject=store.path)

        return StoredActivations(store, keys, targets_of(self._table, rows), gone)

    def _extractor(self, key: str, store: ActivationStore, transform: Transform) -> Extractor:
        """What brings activations into a store; the engine comes with what is to be computed."""
        return Extractor(
            table=self._table,
            transform=transform,
            prefix=ReceivedPrefix(key),
            store=store,
            threads=self._threads,
        )
