"""Does the parts of a bulk run in Ray Data, on this machine or on a cluster: a predictor in each worker, kept."""

import logging
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unfreeze.bulk.answers import Counts
from unfreeze.bulk.places import place
from unfreeze.bulk.plan import Ticket
from unfreeze.bulk.run import Bulk, Engine, Results
from unfreeze.bulk.work import Done, Worker
from unfreeze.errors import RunError

STORE_BYTES = 200 * 10**6
"""Ray's memory for what passes between processes: here tickets and counts, and never a picture."""

MOST_BLOCKS = 10_000
"""Blocks that the parts are divided into at most; what is written of a block that is lost is not done again."""

MOST_LOST = 10
"""Blocks that may be lost, each after several tries, before the run stops; the next one does them."""

LOST = "Ray's worker failed at it; above stands what Ray says of that"
"""Why a part is not done of which no worker has said anything."""

RAISED = re.compile(r"(?!ray\.)[A-Za-z_][\w.]*: ")
"""How a line begins that says what was raised, and not by Ray."""

MODEL_FILE = "model.unfreeze"
"""The model within the run's folder, which every machine reaches."""

ADDRESS_VARIABLE = "RAY_ADDRESS"


STARTS = 4
"""Tries to start Ray."""

SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to anyone
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # a choice that Ray warns of where none is made
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # else it tells the user what its own library does with its own actors
}
"""Ray's own settings, unless the user has set them."""


def ray_engine(bulk: Bulk, *, workers: int | None = None) -> Engine:
    """An engine of Ray Data: each worker is an actor that opens the model once and takes parts one by one.

    A worker that is killed is started again, and its part with it: parts are written whole, so no row is lost or
    doubled. On a cluster, which `RAY_ADDRESS` names, sources and folder have to be within reach of all machines; the
    model is put into the folder.

    Args:
        bulk: What is asked.
        workers: Processes, each on one core; as many as there are cores unless said otherwise.

    Returns:
        The engine.
    """
    count = workers or os.cpu_count() or 1

    def engine(parts: Iterable[Ticket]) -> Results:
        rows = [{"number": part.number, "start": part.start, "end": part.end} for part in parts]
        _send_model(bulk)
        left = {row["number"] for row in rows}
        with ray_session(count), ray_errors():
            for row in _results(rows, bulk, count):
                number, error = int(row.pop("number")), str(row.pop("error"))
                left.discard(number)
                yield Done(number=number, error=error, counts=Counts(**row))
        for number in sorted(left):
            yield Done(number=number, error=LOST)

    return engine


def _results(rows: list[dict[str, int]], bulk: Bulk, workers: int) -> Iterator[dict[str, Any]]:
    """What the workers say of the parts, as it comes."""
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = MOST_LOST
    todo = ray.data.from_items(rows, override_num_blocks=min(len(rows), MOST_BLOCKS))
    done = todo.map_batches(
        RayWorker,
        fn_constructor_kwargs={"out": bulk.out, "tta_views": bulk.tta_views},
        batch_size=1,
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(size=workers),
    )
    yield from done.iter_rows()


class RayWorker:
    """A worker as Ray makes it, in a process of its own.

    Args:
        out: As of `Worker`; the model lies there too.
        tta_views: As of `Worker`.
    """

    def __init__(self, out: str, tta_views: int) -> None:
        from unfreeze.deploy.predictor import Predictor

        with tempfile.TemporaryDirectory(prefix="unfreeze-") as folder:
            file = Path(folder) / MODEL_FILE
            file.write_bytes((place(out) / MODEL_FILE).read())
            predictor = Predictor(file, threads=1)
        self._worker = Worker(predictor, out, tta_views=tta_views)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Does the parts of a batch, and gives a row of counts for each."""
        tickets = zip(*(batch[name].tolist() for name in ("number", "start", "end")), strict=True)
        done = [self._worker(Ticket(*ticket)) for ticket in tickets]
        rows = [{"number": each.number, "error": each.error, **asdict(each.counts)} for each in done]
        return {name: [row[name] for row in rows] for name in rows[0]}


@contextmanager
def ray_session(workers: int) -> Iterator[None]:
    """A session of Ray: the one that there is, the cluster's, or one of this run's own, which ends with it.

    Args:
        workers: Cores of a session of its own.
    """
    os.environ.update({**SETTINGS, **os.environ})
    import ray

    if ray.is_initialized():
        yield
        return
    own: dict[str, Any] = {"num_cpus": workers, "object_store_memory": STORE_BYTES, "include_dashboard": False}
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    _start(**quiet, **({} if os.environ.get(ADDRESS_VARIABLE) else own))
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def ray_errors() -> Iterator[None]:
    """Turns what Ray raises of workers, machines and memory into an error that says why, and how to go on.

    Raises:
        RunError: If Ray raises one.
    """
    import ray

    try:
        yield
    except ray.exceptions.RayError as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raised = [line for line in lines if RAISED.match(line)]  # at the end of a traceback; none where a worker died
        reason = (raised or lines)[-1].strip()
        message = f"ray: its workers cannot go on ({reason}); what was done is kept: the same call goes on there"
        raise RunError(message, subject="--engine") from error


def _start(**settings: Any) -> None:
    """Starts Ray, which gives itself 30 seconds: on a busy machine it needs another try."""
    import ray

    for left in reversed(range(STARTS)):
        try:
            ray.init(**settings)
        except Exception as error:  # Ray has no class for it
            ray.shutdown()
            if "timed out" not in str(error) or not left:
                message = f"ray: cannot be started ({error}); try again, or take --engine local"
                raise RunError(message, subject="--engine") from error
        else:
            return


def _send_model(bulk: Bulk) -> None:
    """Puts the bundle where each worker finds it, as one file, without the pictures that it tests itself with."""
    from unfreeze.deploy.packing import pack_bundle

    target = place(bulk.out) / MODEL_FILE
    if target.is_file():
        return
    with tempfile.TemporaryDirectory(prefix="unfreeze-") as folder:
        target.take(pack_bundle(bulk.bundle, Path(folder) / MODEL_FILE, probes=False))
