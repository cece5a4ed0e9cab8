"""Activations that a run will read, computed and stored ahead of it."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from unfreeze.activations.extract import Extractor
from unfreeze.activations.plan import entry_bytes, readable_bytes
from unfreeze.images.collection import check_named
from unfreeze.images.table import ImageRow
from unfreeze.learner.learner import Learner
from unfreeze.learner.observer import Observer
from unfreeze.recipe.read_pictures import read_pictures
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.settings_network import settings_network


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """What an extraction came to.

    Attributes:
        wanted: Number of activations that a run with the same settings reads.
        stored: How many of them were there already.
        computed: How many were computed and stored.
        seconds: What that took, from the end of the scan.
        size_bytes: What those that were computed take on the disk, right within a few percent.
    """

    wanted: int
    stored: int
    computed: int
    seconds: float
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Need:
    """Some views of some pictures.

    Attributes:
        extract: Brings them into the store.
        rows: The pictures.
        views: Numbers of the views.
    """

    extract: Extractor
    rows: Sequence[ImageRow]
    views: Sequence[int]

    @property
    def stored_under(self) -> set[bytes]:
        """The keys of their activations: pictures of the same bytes share one."""
        return {key for view in self.views for key in self.extract.keys(self.rows, view)}


def extract_ahead(
    pictures: Path, settings: TrainSettings, watcher: Observer, *, ray_workers: int | None = None
) -> Extraction:
    """Stores what a run reads of the pretrained body: steps 1 to 4, and the end of a run that trained the head alone.

    Args:
        pictures: What names the pictures, as for `train`.
        settings: The run's settings.
        watcher: Is told of progress.
        ray_workers: Ray's processes that compute; None for this process, on the settings' threads.

    Returns:
        What there was and what was computed. Whatever stops it, what was stored stays, and is not computed again.

    Raises:
        UnfreezeError: If pictures or settings cannot be used, or the store cannot be written.
    """
    check_named(pictures)
    data = read_pictures(pictures, settings, watcher)
    network = settings_network(settings, classes=len(data.table.classes))
    with closing(Learner(data, network, observer=watcher, limit_bytes=settings.cache_size)) as learner:
        started = time.monotonic()
        needs = run_needs(learner, tta_views=settings.tta_views)
        keys = list(set[bytes]().union(*(need.stored_under for need in needs)))
        store, each = learner.source.of_body().store, entry_bytes(learner.model.head.weight.shape[1])
        if len(keys) * each > settings.cache_size:
            sizes = f"{readable_bytes(len(keys) * each)}, more than --cache-size {readable_bytes(settings.cache_size)}"
            watcher.note(f"the activations take {sizes}: other runs may make room of them before they are used")
        stored = len(store.has(keys))
        if stored < len(keys):
            _compute(needs, watcher, ray_workers)
        computed = len(store.has(keys)) - stored
        return Extraction(
            wanted=len(keys),
            stored=stored,
            computed=computed,
            seconds=time.monotonic() - started,
            size_bytes=computed * each,
        )


def run_needs(learner: Learner, *, tta_views: int) -> tuple[Need, Need]:
    """What a run reads while the body is as it was pretrained.

    Args:
        learner: The run's learner.
        tta_views: Augmented views that are averaged with the plain one at the end.

    Returns:
        The plain view and the stored augmented ones of the training pictures, and the plain view and those that answers
        are averaged over of all others.
    """
    data = learner.data
    others = [row for split in ("valid", "test") for row in data.table.of_split(split)]
    return (
        Need(
            extract=learner.source.of_body(trains=True),
            rows=data.table.of_split("train"),
            views=range(1 + data.stored_views),
        ),
        Need(extract=learner.source.of_body(), rows=others, views=range(1 + tta_views)),
    )


def _compute(needs: Sequence[Need], watcher: Observer, ray_workers: int | None) -> None:
    """Computes what is missing, in this process or in Ray's."""
    session: AbstractContextManager[None] = nullcontext()
    if ray_workers:
        from unfreeze.bulk.extraction import extract_with_ray
        from unfreeze.bulk.ray_engine import ray_session

        session = ray_session(ray_workers)
    with session:
        for need in needs:
            kinds = " and ".join(sorted({row.split for row in need.rows}))
            views = f"views 0 to {need.views[-1]}" if need.views[-1] else "plain view"
            task = f"activations of {len(need.rows)} {kinds} pictures, {views}"
            progress = partial(watcher.progress, task)
            if ray_workers:
                extract_with_ray(need.extract, need.rows, views=need.views, workers=ray_workers, progress=progress)
            else:
                need.extract(need.rows, views=need.views, progress=progress)
            notes = need.extract.prefix.notes
            while notes:
                watcher.note(notes.pop())
