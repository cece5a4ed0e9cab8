"""Serves a learner's pictures: as activations from the store while the body is frozen, as pictures else."""

from pathlib import Path

import torch

from unfreeze.activations.engines import Floats
from unfreeze.activations.extract import Extractor, FrozenPrefix
from unfreeze.activations.store import ActivationStore
from unfreeze.cache import cache_folder
from unfreeze.images.table import Split
from unfreeze.learner.data import ImageData
from unfreeze.learner.observer import Observer
from unfreeze.network.network import Network
from unfreeze.training.batches import Pictures, StoredActivations

POOLED = "head"
"""The cut behind the pooled features: only the head lies after it."""


class ExampleSource:
    """Activations of a network's body, computed at most once for each view of a picture and state of the weights.

    Activations of the pretrained body go to the store, because another run will ask for them; those of a body that
    was trained here are kept in memory only.

    Args:
        data: The pictures.
        network: The network; its body as it is now counts as pretrained.
        observer: Is told of progress.
        scratch: Folder for the graphs of trained bodies.
        use_store: False keeps everything in memory.
    """

    def __init__(
        self, data: ImageData, network: Network, *, observer: Observer, scratch: Path, use_store: bool = True
    ) -> None:
        self._data, self._network, self._observer = data, network, observer
        self._scratch = scratch
        self._store = ActivationStore(cache_folder("activations")) if use_store else None
        self._pretrained = network.prefix_hash(POOLED)
        self._prefix: FrozenPrefix | None = None
        self._kept: dict[tuple[str, int], Floats] = {}
        self._exportable = True

    def stored(self, split: Split, view: int) -> StoredActivations:
        """One view of a split's pictures as pooled activations (N, D)."""
        return StoredActivations(self.pooled(split, view), self._labels(split))

    def stored_sample(self, split: Split, count: int) -> StoredActivations:
        """Plain pooled activations (N, D) of some of a split's pictures, the same ones at each call."""
        rows = self._data.table.of_split(split)
        chosen = sorted(range(len(rows)), key=lambda index: rows[index].content)[:count]
        return StoredActivations(self.pooled(split, 0)[chosen], [rows[index].label for index in chosen])

    def pictures(self, split: Split, view: int) -> Pictures:
        """One view of a split's pictures as squares (N, 3, S, S), decoded as they are asked for."""
        data = self._data
        return Pictures(data.table, data.table.of_split(split), data.transform, view, data.threads)

    def pooled(self, split: Split, view: int) -> Floats:
        """Pooled features (N, D) of one view of a split's pictures under the weights as they are now."""
        prefix = self.prefix()
        if (split, view) not in self._kept:
            extractor = Extractor(
                table=self._data.table,
                transform=self._data.transform,
                prefix=prefix,
                store=self._store if prefix.key == self._pretrained else None,
                threads=self._data.threads,
            )
            task = f"activations of the {split} pictures, {f'view {view}' if view else 'plain view'}"
            self._kept[split, view] = extractor(
                self._data.table.of_split(split),
                view=view,
                progress=lambda done, total: self._observer.progress(task, done, total),
            )
            while prefix.notes:
                self._exportable = False
                self._observer.note(prefix.notes.pop())
        return self._kept[split, view]

    def _labels(self, split: Split) -> list[int]:
        return [row.label for row in self._data.table.of_split(split)]

    def prefix(self) -> FrozenPrefix:
        """The body under the weights as they are now; what was kept of other weights is forgotten."""
        key = self._network.prefix_hash(POOLED)
        if self._prefix is None or self._prefix.key != key:
            graphs = cache_folder("graphs") if key == self._pretrained else self._scratch
            device = next(self._network.parameters()).device
            size_px = self._data.transform.size_px
            for graph in self._scratch.iterdir():  # of weights that were trained further since
                graph.unlink()
            self._prefix = FrozenPrefix(self._network, POOLED, size_px=size_px, graphs=graphs, device=device)
            self._prefix.exportable = self._exportable
            self._kept.clear()
        return self._prefix

    def close(self) -> None:
        """Closes the store."""
        if self._store:
            self._store.close()


def best_device() -> torch.device:
    """The device that torch runs fastest on: CUDA, then Apple's MPS, then the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
