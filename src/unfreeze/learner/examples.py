"""Serves a learner's pictures: as stored activations at the cut, or as pictures where nothing is frozen."""

from collections.abc import Sequence
from pathlib import Path

from unfreeze.activations.extract import Extractor
from unfreeze.activations.store import ActivationStore
from unfreeze.cache import cache_folder
from unfreeze.images.table import ImageRow, Split
from unfreeze.learner.data import ImageData
from unfreeze.learner.model import Model
from unfreeze.learner.observer import Observer
from unfreeze.network.groups import POOLED
from unfreeze.training.batches import Pictures, StoredActivations
from unfreeze.transforms.transform import Transform


class ExampleSource:
    """Activations of a model's frozen stages, computed at most once for each view of a picture and state of the weights.

    Activations of the pretrained body go to the store in the cache, because another run will ask for them; those of a
    body that was trained here go to a store that is removed with the learner.

    Args:
        data: The pictures.
        model: Its stages as they are at the time of a call are what is computed.
        observer: Is told of progress.
        scratch: Folder for what is removed with the learner.
        use_store: False keeps everything in the scratch folder.
        limit_bytes: What the store in the cache may hold; None for no limit.
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
        self._data, self._model, self._observer = data, model, observer
        self._scratch = ActivationStore(scratch)
        self._store = (
            ActivationStore(cache_folder("activations"), limit_bytes=limit_bytes) if use_store else self._scratch
        )

    def stored(self, split: Split, view: int, *, cut: str = POOLED, ahead: Sequence[int] = ()) -> StoredActivations:
        """One view of a split's pictures as activations at a cut; pooled ones have the shape (N, D).

        Args:
            split: Which pictures.
            view: The view's number.
            cut: Name of the first stage that is not computed.
            ahead: Views that will be asked for soon: they are drawn while the picture is decoded.

        Returns:
            Activations under the weights as they are now.
        """
        return self._stored(self._data.table.of_split(split), view, cut, self._data.transform, ahead)

    def stored_sample(self, split: Split, count: int) -> StoredActivations:
        """Plain pooled activations (N, D) of some of a split's pictures, the same ones at each call."""
        chosen = sorted(self._data.table.of_split(split), key=lambda row: row.content)[:count]
        return self._stored(chosen, 0, POOLED, self._data.transform)

    def pictures(self, split: Split, view: int, transform: Transform) -> Pictures:
        """One view of a split's pictures as squares (N, 3, S, S), decoded as they are asked for."""
        data = self._data
        return Pictures(data.table, data.table.of_split(split), transform, view, data.threads)

    def _stored(
        self, rows: Sequence[ImageRow], view: int, cut: str, transform: Transform, ahead: Sequence[int] = ()
    ) -> StoredActivations:
        data, prefix = self._data, self._model.prefix(cut)
        store = self._store if self._model.is_pretrained(cut) else self._scratch
        extract = Extractor(table=data.table, transform=transform, prefix=prefix, store=store, threads=data.threads)
        views = sorted({view, *ahead})
        named = f"views {views[0]} to {views[-1]}" if len(views) > 1 else f"view {view}" if view else "plain view"
        task = f"activations of {len(rows)} {rows[0].split} pictures, {named}"
        extract(rows, views=views, progress=lambda done, total: self._observer.progress(task, done, total))
        while prefix.notes:
            self._observer.note(prefix.notes.pop())

        def refill(indices: Sequence[int]) -> None:
            extract([rows[index] for index in indices], views=(view,))

        return StoredActivations(store, extract.keys(rows, view), [row.label for row in rows], refill)

    def close(self) -> None:
        """Closes the stores."""
        self._scratch.close()
        self._store.close()
