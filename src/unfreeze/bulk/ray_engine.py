"""Does the parts of a bulk run in Ray Data, on this machine or on a cluster: a predictor in each worker, kept."""

import logging
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unfreeze.bulk.answers import Counts
from unfreeze.bulk.plan import Ticket
from unfreeze.bulk.run import Bulk, Engine
from unfreeze.bulk.work import Done, Worker

STORE_BYTES = 200 * 10**6
"""Ray's memory for what passes between processes: here tickets, counts and the model, and never a picture."""

MOST_BLOCKS = 10_000
"""Blocks that the parts are divided into at most; what is written of a block that is lost is not done again."""

MOST_LOST = 10
"""Blocks that may be lost, each after several tries, before the run stops; the next one does them."""

ADDRESS_VARIABLE = "RAY_ADDRESS"


def ray_engine(bulk: Bulk, *, workers: int | None = None) -> Engine:
    """An engine of Ray Data: each worker is an actor that opens the model once and takes parts one by one.

    A worker that is killed is started again, and its part with it: parts are written whole, so no row is lost or
    doubled. On a cluster, which `RAY_ADDRESS` names, sources and folder have to be within reach of all machines; the
    model is sent to them.

    Args:
        bulk: What is asked.
        workers: Processes, each on one core; as many as there are cores unless said otherwise.

    Returns:
        The engine.
    """
    count = workers or os.cpu_count() or 1

    def engine(parts: Iterable[Ticket]) -> Iterator[Done]:
        import ray
        from ray.data import ActorPoolStrategy, DataContext

        rows = [{"number": part.number, "start": part.start, "end": part.end} for part in parts]
        with _session(count):
            context = DataContext.get_current()
            context.enable_progress_bars = False
            context.max_errored_blocks = MOST_LOST
            model = ray.put(_packed(bulk.bundle))
            todo = ray.data.from_items(rows, override_num_blocks=min(len(rows), MOST_BLOCKS))
            done = todo.map_batches(
                RayWorker,
                fn_constructor_kwargs={"model": model, "out": bulk.out, "tta_views": bulk.tta_views},
                batch_size=1,
                num_cpus=1,
                compute=ActorPoolStrategy(size=count),
            )
            for row in done.iter_rows():
                number, error = int(row.pop("number")), str(row.pop("error"))
                yield Done(number=number, error=error, counts=Counts(**row))

    return engine


class RayWorker:
    """A worker as Ray makes it, in a process of its own.

    Args:
        model: The bundle as one file, in Ray's memory.
        out: As of `Worker`.
        tta_views: As of `Worker`.
    """

    def __init__(self, model: Any, out: str, tta_views: int) -> None:
        import ray

        from unfreeze.deploy.predictor import Predictor

        with tempfile.NamedTemporaryFile(prefix="unfreeze-", suffix=".unfreeze") as file:
            file.write(ray.get(model))
            file.flush()
            predictor = Predictor(file.name, threads=1)
        self._worker = Worker(predictor, out, tta_views=tta_views)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Does the parts of a batch, and gives a row of counts for each."""
        tickets = zip(*(batch[name].tolist() for name in ("number", "start", "end")), strict=True)
        done = [self._worker(Ticket(*ticket)) for ticket in tickets]
        rows = [{"number": each.number, "error": each.error, **asdict(each.counts)} for each in done]
        return {name: [row[name] for row in rows] for name in rows[0]}


@contextmanager
def _session(workers: int) -> Iterator[None]:
    """A session of Ray: the one that there is, the cluster's, or one of this run's own, which ends with it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # a choice that Ray warns of where none is made
    import ray

    if ray.is_initialized():
        yield
        return
    if os.environ.get(ADDRESS_VARIABLE):
        ray.init(logging_level=logging.ERROR, log_to_driver=False)
    else:
        ray.init(
            num_cpus=workers,
            object_store_memory=STORE_BYTES,
            include_dashboard=False,
            logging_level=logging.ERROR,
            log_to_driver=False,
        )
    try:
        yield
    finally:
        ray.shutdown()


def _packed(bundle: Path) -> bytes:
    """The bundle as one file, without the pictures that it tests itself with."""
    from unfreeze.deploy.packing import pack_bundle

    with tempfile.TemporaryDirectory(prefix="unfreeze-") as folder:
        return pack_bundle(bundle, Path(folder) / "model.unfreeze", probes=False).read_bytes()
