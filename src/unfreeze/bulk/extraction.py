"""Activations computed by Ray's workers in shards, each a store of its own, which are joined into one."""

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from unfreeze.activations.engines import ExportMismatch, OnnxEngine
from unfreeze.activations.extract import Extractor
from unfreeze.activations.store import ActivationStore
from unfreeze.activations.together import ReceivedPrefix
from unfreeze.bulk.ray_engine import ray_errors, ray_session
from unfreeze.errors import CollectionError, SettingsError, UnfreezeError
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.transforms.transform import Transform

SHARD_PICTURES = 500
"""Pictures of a shard at most: half a minute's work of a core that a lost worker costs."""

SHARDS_A_WORKER = 4
"""Shards of each worker at least, of few pictures too: at the end none waits long for another."""

KEYS_AT_A_TIME = 256

Shard = Mapping[tuple[int, ...], Sequence[ImageRow]]
"""Pictures by the views of theirs that are missing."""


def extract_with_ray(
    extractor: Extractor,
    rows: Sequence[ImageRow],
    *,
    views: Sequence[int] = (0,),
    workers: int,
    shard_pictures: int = SHARD_PICTURES,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Makes sure that views of pictures are stored, as the extractor does alone, with the work done by Ray's workers.

    Views that are stored already are left out, and pictures with others divided into shards, so that none is in two. A
    worker writes a shard's activations into a store of its own; whole ones are joined into the extractor's as they
    come. A worker that is lost is started again, and only its shard is computed anew. Pictures have to be within reach
    of all machines.

    Args:
        extractor: What the activations are of, and the store that they are joined into.
        rows: Pictures of the table.
        views: Numbers of the views; 0 is the plain view.
        workers: Processes, each on one core.
        shard_pictures: Pictures of a shard at most; of few pictures, each worker has several shards.
        progress: Called as by `Extractor`, as shards are joined.

    Raises:
        CollectionError: If pictures were removed or changed since the scan; all other shards are joined by then.
        SettingsError: If workers cannot compute what the activations are of.
        RunError: If the store cannot be written, or Ray makes no worker any more.
    """
    missing = list(extractor.missing(rows, views).items())
    size = min(shard_pictures, math.ceil(len(missing) / (SHARDS_A_WORKER * workers)) or 1)
    shards = [_by_views(missing[start : start + size]) for start in range(0, len(missing), size)]
    faults: list[str] = []
    total = len(rows) * len(views)
    done = total - sum(map(_activations, shards))
    for number, data in _computed(extractor, shards, workers):
        if isinstance(data, str):
            faults.append(data)
            continue
        _join(extractor, data, shards[number])
        done += _activations(shards[number])
        if progress:
            progress(done, total)
    if faults:
        raise CollectionError(f"{len(faults)} of {len(shards)} shards: {faults[0]}", subject=extractor.table.root)


def _by_views(pictures: Iterable[tuple[ImageRow, tuple[int, ...]]]) -> Shard:
    shard: dict[tuple[int, ...], list[ImageRow]] = {}
    for row, views in pictures:
        shard.setdefault(views, []).append(row)
    return shard


def _activations(shard: Shard) -> int:
    return sum(len(views) * len(rows) for views, rows in shard.items())


def _computed(extractor: Extractor, shards: Sequence[Shard], workers: int) -> Iterator[tuple[int, bytes | str]]:
    """Number and store of each shard, as they come; or why there is none."""
    if not shards:
        return
    prefix = ReceivedPrefix(extractor.prefix.key, OnnxEngine(_graph(extractor)))  # sent with the graph itself
    table = replace(extractor.table, rows=(), looks={}, copies={})  # a worker needs no more than where the bytes are
    with ray_session(workers), ray_errors():
        import ray
        from ray.util import ActorPool

        # the same shard again, on another process, however often one is lost
        actor = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=-1)(ShardExtractor)
        # held as long as there are workers: else Ray drops what they are made of, and none that is lost is made again
        held = [ray.put(part) for part in (table, extractor.transform, prefix)]
        pool = ActorPool([actor.remote(*held) for _ in range(workers)])
        yield from pool.map_unordered(lambda one, shard: one.extract.remote(*shard), list(enumerate(shards)))


def _graph(extractor: Extractor) -> Path:
    """The graph that workers compute; raises SettingsError where there can be none."""
    try:
        return extractor.prefix.graph()
    except ExportMismatch as error:
        message = f"--engine ray needs a body that onnxruntime computes ({error}); take --engine local"
        raise SettingsError(message, subject="--engine") from error


class ShardExtractor:
    """A worker: computes shards into stores of their own.

    Args:
        table: Where the pictures are; its rows are not needed.
        transform: How they become squares.
        prefix: What is computed of the squares.
    """

    def __init__(self, table: ImageTable, transform: Transform, prefix: ReceivedPrefix) -> None:
        self._table, self._transform, self._prefix = table, transform, prefix

    def extract(self, number: int, shard: Shard) -> tuple[int, bytes | str]:
        """The store's file with the activations of a shard, under the shard's number; or why there is none."""
        with tempfile.TemporaryDirectory(prefix="unfreeze-") as folder:
            try:
                with ActivationStore(Path(folder)) as store:
                    extract = Extractor(table=self._table, transform=self._transform, prefix=self._prefix, store=store)
                    for views, rows in shard.items():
                        extract(rows, views=views)
            except UnfreezeError as error:
                return number, str(error)
            return number, store.path.read_bytes()


def _join(extractor: Extractor, data: bytes, shard: Shard) -> None:
    """Puts the activations of a shard's store into the extractor's."""
    with tempfile.TemporaryDirectory(prefix="unfreeze-") as folder:
        with ActivationStore(Path(folder)) as empty:
            path = empty.path
        path.write_bytes(data)
        keys = [key for views, rows in shard.items() for view in views for key in extractor.keys(rows, view)]
        with ActivationStore(Path(folder)) as computed:
            for start in range(0, len(keys), KEYS_AT_A_TIME):
                extractor.store.put(computed.get(keys[start : start + KEYS_AT_A_TIME]))
