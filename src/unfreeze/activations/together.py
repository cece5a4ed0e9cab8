"""Several processes bring activations into their stores together: disjoint shares, joined at the end.

A process has a store of its own, or one with others where they share a cache: which of them is found out by asking. So
nothing that any process has is computed again, and a process that is lost costs what it had not written yet.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Engine
from unfreeze.activations.extract import Extractor
from unfreeze.activations.store import ActivationStore
from unfreeze.images.table import ImageRow
from unfreeze.world import World

ROWS_PER_MESSAGE = 64


@dataclass
class ReceivedPrefix:
    """A frozen prefix whose engine the first process sends when something has to be computed.

    Attributes:
        key: Names the function.
        received: What computes it; None before it came.
        notes: Nothing: the first process tells the user.
    """

    key: str
    received: Engine | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        """What was sent."""
        assert self.received is not None, "it is sent before it is used"
        return self.received

    def graph(self) -> NoReturn:
        """The first process alone has the file."""
        raise NotImplementedError


def extract_together(
    extract: Extractor,
    rows: Sequence[ImageRow],
    views: Sequence[int],
    *,
    world: World,
    everywhere: bool,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Makes sure that views of pictures are stored; all processes call it with the same pictures and views.

    Args:
        extract: Table, transform and this process's store; the first process's prefix is everybody's.
        rows: Pictures of the table.
        views: Numbers of the views.
        world: The processes.
        everywhere: Whether every process's store has to have them, or the first one's alone.
        progress: Called as by `Extractor`, with the number that all processes together are likely to have.

    Raises:
        CollectionError: If a picture was removed or changed since the scan.
        LostProcessError: If another process has ended.
    """
    first = {key: row for view in views for row, key in zip(rows, extract.keys(rows, view), strict=True)}
    keys = list(first)
    missing = _nowhere(_held(extract.store, keys, world))
    if missing.any():
        engine = world.broadcast(extract.prefix.engine if world.rank == 0 else None)
        if world.rank > 0:
            extract = replace(extract, prefix=ReceivedPrefix(extract.prefix.key, engine))
        pictures = list(dict.fromkeys(first[keys[index]] for index in np.flatnonzero(missing)))
        share = pictures[world.rank :: world.size]

        def told(done: int, _total: int) -> None:
            if progress:
                progress(min(done * world.size, len(keys)), len(keys))

        extract(share, views=views, progress=told if share else None)
    if progress:
        progress(len(keys), len(keys))
    _join(extract.store, keys, world, everywhere=everywhere)


def _held(store: ActivationStore, keys: Sequence[bytes], world: World) -> npt.NDArray[np.bool_]:
    """Which process's store holds which keys, shape (P, K)."""
    found = store.has(keys)
    return np.stack(world.gather(np.array([key in found for key in keys], np.bool_)))


def _nowhere(held: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which keys no store holds, shape (K,)."""
    return np.asarray(~held.any(0))


def _join(store: ActivationStore, keys: Sequence[bytes], world: World, *, everywhere: bool) -> None:
    """Sends what some stores lack, from the first that has it; nothing is sent where all share one store."""
    held = _held(store, keys, world)  # nobody comes to this before all have stored their shares
    needing = held if everywhere else held[:1]
    wanted = ~needing.all(0) & held.any(0)
    holder = held.argmax(0)
    for source in range(world.size):
        sent = np.flatnonzero(wanted & (holder == source))
        for start in range(0, len(sent), ROWS_PER_MESSAGE):
            some = sent[start : start + ROWS_PER_MESSAGE]
            read = store.get([keys[index] for index in some]) if world.rank == source else None
            found = world.broadcast(read, source=source)
            lacking = [keys[index] for index in some if not held[world.rank, index]]
            if everywhere or world.rank == 0:
                store.put({key: found[key] for key in lacking if key in found})
