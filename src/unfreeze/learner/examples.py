"""Serves a learner's pictures: as stored activations at the cut, or as pictures where nothing is frozen."""

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.activations.extract import Extractor, Prefix
from unfreeze.activations.plan import Cut, plan_store
from unfreeze.activations.store import ActivationStore
from unfreeze.cache import cache_folder
from unfreeze.images.table import ImageRow, Split
from unfreeze.learner.data import ImageData
from unfreeze.learner.model import Model
from unfreeze.learner.observer import Observer
from unfreeze.learner.orders import Prepare, Read
from unfreeze.network.groups import POOLED
from unfreeze.training.batches import Examples, Pictures, StoredActivations
from unfreeze.transforms.views import Augment

TRIED_PICTURES = 32


class ExampleSource:
    """Activations of a model's frozen stages, computed once for each view of a picture and state of the weights.

    Activations of the pretrained body go to the store in the cache, because another run will ask for them; those of a
    body that was trained here go to a store that is removed with the learner.

    Args:
        data: The pictures.
        model: Its stages as they are at the time of a call are what is computed.
        observer: Is told of progress.
        scratch: Folder for what is removed with the learner.
        use_store: False keeps everything in the scratch folder.
        limit_bytes: What the store in the cache may hold; None for no limit.

    Attributes:
        data: The pictures.
        model: What their activations are of.
        observer: Is told of progress.
        stored_views: Augmented views of a training picture that are stored.
    """

    def __init__(
        self,
        data: ImageData,
        model: Model,
        *,
        observer: Observer,
        scratch: Path,
        use_store: bool = True,
        limit_bytes: int | None = None,
    ) -> None:
        self.data, self.model, self.observer = data, model, observer
        self.stored_views = data.stored_views
        self._limit_bytes = sys.maxsize if limit_bytes is None else limit_bytes
        self._scratch = ActivationStore(scratch)
        self._scratch_key = ""
        self._store = (
            ActivationStore(cache_folder("activations"), limit_bytes=limit_bytes) if use_store else self._scratch
        )
        self.model.followers.prepare(
            Prepare(
                table=data.table,
                transform=data.transform,
                threads=data.threads,
                use_store=use_store,
                limit_bytes=limit_bytes,
            )
        )

    def stored(self, split: Split, view: int, *, cut: str = POOLED, ahead: Sequence[int] = ()) -> StoredActivations:
        """One view of a split's pictures as activations at a cut; pooled ones have the shape (N, D).

        Views are those that answers are averaged over: strong changes are for training alone.

        Args:
            split: Which pictures.
            view: The view's number.
            cut: Name of the first stage that is not computed.
            ahead: Views that will be asked for soon: they are drawn while the picture is decoded.

        Returns:
            Activations under the weights as they are now.
        """
        return self._stored(self.data.table.of_split(split), view, cut, ahead)

    def stored_sample(self, split: Split, count: int) -> StoredActivations:
        """Plain pooled activations (N, D) of some of a split's pictures, the same ones at each call."""
        chosen = sorted(self.data.table.of_split(split), key=lambda row: row.content)[:count]
        return self._stored(chosen, 0, POOLED)

    def pooled(self, rows: Sequence[ImageRow], *, view: int = 0) -> Floats:
        """Pooled activations of one view of pictures, all of them in memory.

        Args:
            rows: Pictures of the table.
            view: The view's number; the plain one unless said otherwise.

        Returns:
            Shape (N, D), float32, in the order of the rows.
        """
        ((features, _),) = self._stored(rows, view, POOLED).batches([range(len(rows))])
        return np.asarray(features, np.float32)

    def of_body(self, *, trains: bool = False) -> Extractor:
        """What brings pooled activations of the pretrained body into the store.

        Args:
            trains: Views are those that training reads, and not those that answers are averaged over.

        Returns:
            The extractor.
        """
        return self._extractor(self.model.body(), self._store, trains=trains)

    def training(self, view: int, *, size_px: int | None = None) -> Examples:
        """One view of the training pictures, as the part of the model that trains takes it.

        Args:
            view: The view's number.
            size_px: Side of the squares where pictures are read; the data's own unless said otherwise.

        Returns:
            Activations at the model's cut, or squares (N, 3, S, S), decoded as they are asked for. Where there are
            several processes, each reads its part of a batch; the head trains in the first one alone.
        """
        data, rows, cut = self.data, self.data.table.of_split("train"), self.model.cut
        size = size_px or data.transform.size_px
        if self.model.reads_pictures:
            pictures = Pictures(data.table, rows, replace(data.transform, size_px=size), view, data.threads)
            return self.model.followers.examples(pictures, Read(view=view, size_px=size))
        soon = range(1, self.stored_views + 1) if view else ()
        stored = self._stored(rows, view, cut, soon, trains=True)
        if cut == POOLED:
            return stored
        key, kept = self.model.prefix(cut).key, self.model.is_pretrained(cut)
        return self.model.followers.examples(stored, Read(view=view, size_px=size, stored=key, pretrained=kept))

    def missing(self, split: Split, views: Sequence[int]) -> int:
        """How many pooled activations of the pretrained body, of some views of a split, are not stored yet."""
        rows, extract = self.data.table.of_split(split), self.of_body(trains=split == "train")
        keys = {key for view in views for key in extract.keys(rows, view)}
        return len(keys - self._store.has(list(keys)))

    def seconds_to_compute(self, split: Split) -> float:
        """How long plain pooled activations of a split take here and now, from a few that are computed and dropped."""
        rows = self.data.table.of_split(split)
        prefix, some = self.model.body(), rows[:TRIED_PICTURES]
        assert prefix.engine, "made before the time is taken"
        with tempfile.TemporaryDirectory(prefix="unfreeze-") as folder, ActivationStore(Path(folder)) as store:
            extract = self._extractor(prefix, store)
            started = time.perf_counter()
            extract(some)
            seconds = (time.perf_counter() - started) * len(rows) / len(some)
        return seconds / self.model.followers.world.size

    def augmented_view(self, epoch: int) -> int:
        """The view of an augmented epoch, counted from 0; stored ones come round again."""
        return 1 + (epoch if self.model.reads_pictures else epoch % self.stored_views)

    def plan(self) -> None:
        """Decides which cut of a body that is frozen in part is stored, and how many views; says so."""
        self.stored_views = self.data.stored_views
        if self.model.body_is_frozen or self.model.reads_pictures:
            return
        cuts = self.model.network.cuts(self.data.transform.size_px)
        allowed = list(cuts)[: list(cuts).index(self.model.cut) + 1]
        plan = plan_store(
            [Cut(name=name, values=cuts[name]) for name in allowed],
            pictures=len(self.data.table.of_split("train")),
            views=0 if self.data.transform.augment is Augment.NONE else self.stored_views,
            limit_bytes=self._limit_bytes,
        )
        if plan is None:
            self.model.cut_at(self.model.network.stage_names[0])
            self.observer.note("activations of a single view do not fit into --cache-size: training reads pictures")
            return
        self.model.cut_at(plan.cut)
        self.stored_views = max(1, plan.views)
        self.observer.note(plan.reason)

    def _extractor(self, prefix: Prefix, store: ActivationStore, *, trains: bool = False) -> Extractor:
        data = self.data
        transform = data.transform if trains else data.transform.tested
        return Extractor(table=data.table, transform=transform, prefix=prefix, store=store, threads=data.threads)

    def _stored(
        self, rows: Sequence[ImageRow], view: int, cut: str, ahead: Sequence[int] = (), *, trains: bool = False
    ) -> StoredActivations:
        prefix = self.model.prefix(cut)
        store = self._store if self.model.is_pretrained(cut) else self._scratch
        if store is not self._store and prefix.key != self._scratch_key:
            store.clear()  # of a body that was trained further since
            self._scratch_key = prefix.key
        extract = self._extractor(prefix, store, trains=trains)
        views = sorted({view, *ahead})
        named = f"views {views[0]} to {views[-1]}" if len(views) > 1 else f"view {view}" if view else "plain view"
        kinds = " and ".join(sorted({row.split for row in rows}))
        task = f"activations of {len(rows)} {kinds} pictures, {named}"
        self.model.followers.extract(
            extract,
            rows,
            views,
            pretrained=store is self._store,
            everywhere=cut != POOLED,
            progress=lambda done, total: self.observer.progress(task, done, total),
        )
        while prefix.notes:
            self.observer.note(prefix.notes.pop())

        def refill(indices: Sequence[int]) -> None:
            extract([rows[index] for index in indices], views=(view,))

        return StoredActivations(store, extract.keys(rows, view), self.data.targets(rows), refill)

    def close(self) -> None:
        """Closes the stores."""
        self._scratch.close()
        self._store.close()
