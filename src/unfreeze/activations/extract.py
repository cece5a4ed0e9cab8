"""Computes the activations of pictures at a cut, as far as the store does not have them."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from unfreeze.activations.engines import Engine, Floats
from unfreeze.activations.store import ActivationStore, activation_key
from unfreeze.errors import CollectionError
from unfreeze.images.content import content_hash
from unfreeze.images.decode import decode
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.parallel import in_parallel
from unfreeze.transforms.render import Squared
from unfreeze.transforms.transform import Transform

BYTES_PER_TRANSACTION = 1_000_000


class Prefix(Protocol):
    """The stages before a cut as a pure function of squares."""

    @property
    def key(self) -> str:
        """Names the function: backbone, cut and weights."""
        ...

    @property
    def notes(self) -> list[str]:
        """What the user should know of how it runs."""
        ...

    @property
    def engine(self) -> Engine:
        """The fastest engine for it, made when something has to be computed."""
        ...

    def graph(self) -> Path:
        """Its ONNX file, made now if it was not before."""
        ...


@dataclass(frozen=True, kw_only=True)
class Extractor:
    """Brings the activations of a table's pictures at one cut into a store.

    Attributes:
        table: Where the pictures are.
        transform: How they become squares.
        prefix: What is computed of the squares.
        store: Gets what it does not have.
        threads: Pictures in work at a time; each thread decodes and computes on one core.
    """

    table: ImageTable
    transform: Transform
    prefix: Prefix
    store: ActivationStore
    threads: int = 1

    def __call__(
        self,
        rows: Sequence[ImageRow],
        *,
        views: Sequence[int] = (0,),
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Makes sure that views of pictures are stored; a picture is decoded once for all its views.

        Args:
            rows: Pictures of the table.
            views: Numbers of the views; 0 is the plain view.
            progress: Called with the number of activations that are there and the number that was asked for.

        Raises:
            CollectionError: If a picture was removed or changed since the scan.
            RunError: If the store cannot be written.
        """
        missing, total = self._missing(rows, views), len(rows) * len(views)
        done = total - sum(map(len, missing.values()))
        fresh: dict[bytes, Floats] = {}
        try:
            with closing(self._compute(missing)) as computed:
                for found in computed:
                    fresh.update(found)
                    done += len(found)
                    if sum(array.nbytes for array in fresh.values()) > BYTES_PER_TRANSACTION:
                        self._keep(fresh)
                    if progress:
                        progress(done, total)
        finally:  # what was computed before Ctrl-C is not computed again
            self._keep(fresh)
        if progress:
            progress(total, total)  # pictures of the same bytes are computed once

    def keys(self, rows: Sequence[ImageRow], view: int) -> list[bytes]:
        """The keys that one view of each row is stored under, in order."""
        name = self.transform.key(view)
        return [activation_key(self.prefix.key, name, row.content) for row in rows]

    def lacks(self, rows: Sequence[ImageRow], views: Sequence[int]) -> bool:
        """Whether something would have to be computed."""
        return bool(self._missing(rows, views))

    def missing(self, rows: Sequence[ImageRow], views: Sequence[int]) -> dict[ImageRow, tuple[int, ...]]:
        """Numbers of the views that would have to be computed, by row; each of a content once."""
        return {row: tuple(keys) for row, keys in self._missing(rows, views).items()}

    def _missing(self, rows: Sequence[ImageRow], views: Sequence[int]) -> dict[ImageRow, dict[int, bytes]]:
        """Keys of the views that have to be computed, by picture."""
        missing: dict[ImageRow, dict[int, bytes]] = {}
        seen: set[bytes] = set()
        for view in views:
            keys = self.keys(rows, view)
            seen |= self.store.has(keys)
            for row, key in zip(rows, keys, strict=True):
                if key not in seen:
                    missing.setdefault(row, {})[view] = key
                    seen.add(key)
        return missing

    def _compute(self, missing: dict[ImageRow, dict[int, bytes]]) -> Generator[dict[bytes, Floats], None, None]:
        if not missing:
            return
        engine = self.prefix.engine

        def compute(batch: list[ImageRow]) -> dict[bytes, Floats]:
            squares = {missing[row][view]: square for row in batch for view, square in self._squares(row, missing[row])}
            keys, drawn = list(squares), np.stack(list(squares.values()))  # N x (3, S, S) -> (N, 3, S, S)
            size = engine.batch_size
            found = [engine.run(drawn[start : start + size]) for start in range(0, len(drawn), size)]
            return dict(zip(keys, np.concatenate(found), strict=True))

        rows = list(missing)
        batches = (rows[start : start + engine.batch_size] for start in range(0, len(rows), engine.batch_size))
        yield from in_parallel(compute, batches, threads=self.threads)

    def _squares(self, row: ImageRow, views: dict[int, bytes]) -> Iterator[tuple[int, Squared]]:
        return zip(views, read_squares(self.table, self.transform, row, list(views)), strict=True)

    def _keep(self, fresh: dict[bytes, Floats]) -> None:
        if fresh:
            self.store.put(fresh)
            fresh.clear()


def read_squares(table: ImageTable, transform: Transform, row: ImageRow, views: Sequence[int]) -> list[Squared]:
    """Reads a picture and draws views of it.

    Args:
        table: Where the picture is.
        transform: How it becomes a square.
        row: Which picture.
        views: The views' numbers; 0 is the plain view.

    Returns:
        A square for each view, shape (3, S, S), dtype uint8.

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
    image = decode(data, path=row.path, short_side_px=transform.short_side_px)
    return [transform(image, content=row.content, number=view) for view in views]
