"""Does the parts of a bulk run in this process, one after another, each on all cores."""

from collections.abc import Iterable
from pathlib import Path

from unfreeze.bulk.plan import Ticket
from unfreeze.bulk.run import Bulk, Engine, Results
from unfreeze.bulk.work import Worker


def local_engine(bulk: Bulk, *, threads: int | None = None) -> Engine:
    """An engine without any other process.

    Args:
        bulk: What is asked.
        threads: Pictures in work at a time; as many as there are cores unless said otherwise.

    Returns:
        The engine.
    """

    def engine(parts: Iterable[Ticket]) -> Results:
        from unfreeze.deploy.predictor import Predictor

        worker = Worker(Predictor(Path(bulk.bundle), threads=threads), bulk.out, tta_views=bulk.tta_views)
        yield from map(worker, parts)

    return engine
