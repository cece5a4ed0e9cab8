"""Computes the activations of pictures at a cut, reading from the store what has been computed before."""

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import nn

from unfreeze.activations.engines import Engine, Floats, OnnxEngine, TorchEngine
from unfreeze.activations.export import ExportMismatch, export_graph, first_line
from unfreeze.activations.store import ActivationStore, activation_key
from unfreeze.errors import CollectionError, RunError
from unfreeze.images.decode import decode
from unfreeze.images.scan import content_hash
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.network.network import Network
from unfreeze.transforms.transform import Transform

ROWS_PER_TRANSACTION = 64


class FrozenPrefix:
    """The stages before a cut as a pure function, run by the fastest engine there is.

    The graph is exported once for a hash of the weights and kept in the cache. `exportable` may be set to False where
    it is known that the network cannot be; `notes` tells what the user should know.

    Args:
        network: Its stages before the cut are frozen.
        cut: Name of the first stage that is not part of the prefix.
        size_px: Side of the squares in pixels.
        graphs: Folder of exported graphs.
        device: Where torch runs where onnxruntime does not.
    """

    def __init__(self, network: Network, cut: str, *, size_px: int, graphs: Path, device: torch.device) -> None:
        self.key = network.prefix_hash(cut)
        self._module: nn.Module = network.prefix(cut)
        self._name = f"{network.backbone}-{cut}"
        self._graph = graphs / f"{self.key}-{size_px}.onnx"
        self._size_px = size_px
        self._device = device
        self.exportable = True
        self.notes: list[str] = []

    @cached_property
    def engine(self) -> Engine:
        """The engine, made when something has to be computed."""
        if self._device.type != "cpu" or not self.exportable:
            return TorchEngine(self._module, self._device)
        try:
            return self._onnx_engine()
        except (ExportMismatch, torch.onnx.OnnxExporterError) as error:
            self.notes.append(f"the frozen part runs in torch, which is slower: {first_line(error)}")
            return TorchEngine(self._module, self._device)

    def _onnx_engine(self) -> OnnxEngine:
        """The exported graph in onnxruntime; one that lies damaged in the cache is exported anew."""
        was_there = self._graph.exists()
        try:
            return OnnxEngine(self.graph())
        except (ExportMismatch, torch.onnx.OnnxExporterError, RunError):
            raise
        except Exception:  # Each of onnxruntime's errors derives from Exception alone.
            if not was_there:
                raise
            self._graph.unlink()
            return OnnxEngine(self.graph())

    def graph(self) -> Path:
        """The ONNX file of the prefix, exported now if it was not before.

        Returns:
            The file.

        Raises:
            ExportMismatch: If onnxruntime does not compute what torch does.
            RunError: If the file cannot be written.
        """
        if not self._graph.exists():
            try:
                export_graph(copy.deepcopy(self._module).cpu(), self._graph, size_px=self._size_px, name=self._name)
            except OSError as error:
                message = f"{self._graph}: cannot be written ({error.strerror}); free some space, or set UNFREEZE_CACHE"
                raise RunError(message, subject=self._graph) from error
        return self._graph


@dataclass(frozen=True, kw_only=True)
class Extractor:
    """Activations of a table's pictures at one cut.

    Attributes:
        table: Where the pictures are.
        transform: How they become squares.
        prefix: What is computed of the squares.
        store: What has been computed before; None computes everything anew.
        threads: Pictures in work at a time; each thread decodes and computes on one core.
    """

    table: ImageTable
    transform: Transform
    prefix: FrozenPrefix
    store: ActivationStore | None
    threads: int = 1

    def __call__(
        self, rows: Sequence[ImageRow], *, view: int = 0, progress: Callable[[int, int], None] | None = None
    ) -> Floats:
        """Activations of one view of each row.

        Args:
            rows: Pictures of the table.
            view: The view's number; 0 is the plain view.
            progress: Called with the number of pictures done and the number of pictures.

        Returns:
            Array (N, ...) in the order of the rows.

        Raises:
            CollectionError: If a picture was removed or changed since the scan.
            RunError: If the store cannot be written.
        """
        assert rows, "activations of no pictures were asked for"
        name = self.transform.key(view)
        keys = [activation_key(self.prefix.key, name, row.content) for row in rows]
        known = self.store.get(keys) if self.store else {}
        missing = {key: row for key, row in zip(keys, rows, strict=True) if key not in known}
        done = len(rows) - len(missing)
        if progress:
            progress(done, len(rows))
        fresh: dict[bytes, Floats] = {}
        try:
            for key, activation in self._compute(missing, view):
                fresh[key] = activation
                if len(fresh) == ROWS_PER_TRANSACTION:
                    self._keep(fresh, known)
                done += 1
                if progress:
                    progress(done, len(rows))
        finally:  # what was computed before Ctrl-C is not computed again
            self._keep(fresh, known)
        return np.stack([known[key] for key in keys])  # N x (...) -> (N, ...)

    def _keep(self, fresh: dict[bytes, Floats], known: dict[bytes, Floats]) -> None:
        if self.store and fresh:
            self.store.put(fresh)
        known.update(fresh)
        fresh.clear()

    def _compute(self, missing: dict[bytes, ImageRow], view: int) -> Iterator[tuple[bytes, Floats]]:
        if not missing:
            return
        engine = self.prefix.engine
        items = list(missing.items())
        batches = [items[start : start + engine.batch_size] for start in range(0, len(items), engine.batch_size)]

        def compute(batch: list[tuple[bytes, ImageRow]]) -> Floats:
            return engine.run(np.stack([read_square(self.table, self.transform, row, view) for _, row in batch]))

        with ThreadPoolExecutor(self.threads) as pool:
            try:
                for batch, activations in zip(batches, pool.map(compute, batches), strict=True):
                    yield from ((key, activation) for (key, _), activation in zip(batch, activations, strict=True))
            finally:
                pool.shutdown(cancel_futures=True)


def read_square(table: ImageTable, transform: Transform, row: ImageRow, view: int) -> np.ndarray:
    """Reads a picture and draws one view of it.

    Args:
        table: Where the picture is.
        transform: How it becomes a square.
        row: Which picture.
        view: The view's number; 0 is the plain view.

    Returns:
        The square, shape (3, S, S), dtype uint8.

    Raises:
        CollectionError: If the picture was removed or changed since the scan.
    """
    try:
        data = table.read(row)
    except OSError as error:
        message = f"{table.root / row.path}: {error.strerror}; it was there when the folder was scanned; start again"
        raise CollectionError(message, subject=row.path) from error
    if content_hash(data) != row.content:
        message = f"{table.root / row.path}: changed since the folder was scanned; start again"
        raise CollectionError(message, subject=row.path)
    return transform(decode(data, path=row.path), content=row.content, number=view)
