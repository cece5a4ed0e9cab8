"""The pooled activations of a run's pictures, by its body as it was pretrained, once they are asked for."""

import threading
from contextlib import closing

from unfreeze.activations.engines import Floats
from unfreeze.learner.learner import Learner
from unfreeze.learner.observer import Observer
from unfreeze.recipe.settings_network import settings_network
from unfreeze.serve.review.opened import OpenedRun


class Features:
    """Activations of all pictures of a run, read from the store in the cache where they are there.

    Args:
        run: The run.
        observer: Is told of progress while they are computed.
    """

    def __init__(self, run: OpenedRun, observer: Observer) -> None:
        self._run = run
        self._observer = observer
        self._found: Floats | None = None
        self._lock = threading.Lock()

    def __call__(self) -> Floats:
        """Plain pooled activations (N, D), in the order of the table's rows."""
        with self._lock:
            if self._found is None:
                self._found = self._computed()
            return self._found

    def _computed(self) -> Floats:
        settings, data = self._run.settings, self._run.data
        learner = Learner(
            data,
            settings_network(settings, classes=len(data.table.classes)),
            observer=self._observer,
            use_store=settings.use_store,
            limit_bytes=settings.cache_size,
        )
        with closing(learner):
            return learner.source.pooled(data.table.rows)
