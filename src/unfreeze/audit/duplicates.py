"""The thorough search for copies: what a body finds alike, or the scan saw alike, is laid on one another."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt
from PIL import Image

from unfreeze.audit.alignment import FINE_PX, Alignment, align
from unfreeze.errors import PictureError
from unfreeze.images.decode import decode
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.parallel import in_parallel

NEIGHBOURS = 2
"""Pictures that each one is laid on: of 114 planted copies each was the nearest of its original, or that of it."""

FIRST_FEW = 4
"""Pictures of a cluster that each of its others is laid on; all are alike to the first."""

LEAST_COSINE = 0.5
ROWS_AT_A_TIME = 1024
HELD_PICTURES = 20_000
"""Small grey pictures that are held in memory at a time, of about 20 kB each."""

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two pictures that show the same.

    Attributes:
        first: Path of one, the lesser of the two.
        second: Path of the other.
        kind: How one was made from the other, in words: "same file", "re-encoded", "resized", "cropped", "mirrored", or
            "mirrored and cropped".
        likeness: Correlation of their grey levels where they lie on one another, up to 1.
    """

    first: str
    second: str
    kind: str
    likeness: float


def find_duplicates(
    table: ImageTable,
    features: npt.NDArray[np.float32],
    *,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[DuplicatePair]:
    """Finds the pictures that show the same: copied, encoded again, resized, cropped to at least a half, or mirrored.

    Frames of a series, where the subject or the camera moved, are other pictures.

    Args:
        table: The pictures.
        features: Pooled activations (N, D) of a pretrained body, in the table's order.
        threads: Pairs in work at a time.
        progress: Called with the number of pairs done and the number of pairs.

    Returns:
        The pairs, sorted by path; of several files of the same bytes each is paired with the first.
    """
    firsts = _first_of_same(table)
    found = [
        DuplicatePair(table.rows[first].path, row.path, "same file", 1.0)
        for row, (index, first) in zip(table.rows, firsts.items(), strict=True)
        if index != first
    ]
    pairs = sorted({*_alike_to_body(features, firsts), *_alike_to_scan(table, firsts)})
    compare = partial(_compared, table, lru_cache(HELD_PICTURES)(partial(_grey, table)))
    for done, pair in enumerate(in_parallel(compare, pairs, threads=threads), 1):
        if pair:
            found.append(pair)
        if progress:
            progress(done, len(pairs))
    return sorted(found, key=lambda pair: (pair.first, pair.second))


def _first_of_same(table: ImageTable) -> dict[int, int]:
    """For each picture, in order, the first one of the same bytes."""
    seen: dict[str, int] = {}
    return {index: seen.setdefault(row.content, index) for index, row in enumerate(table.rows)}


def _alike_to_body(features: npt.NDArray[np.float32], firsts: dict[int, int]) -> Iterator[Pair]:
    """Each picture with those whose activations point nearest to where its own do; the same bytes count once."""
    alone = np.array([index for index, first in firsts.items() if index == first])
    count = min(NEIGHBOURS, len(alone) - 1)
    lengths = np.linalg.norm(features[alone], axis=1, keepdims=True)
    directions = features[alone] / np.maximum(lengths, 1e-12)
    for start in range(0, len(alone) if count else 0, ROWS_AT_A_TIME):
        cosines = directions[start : start + ROWS_AT_A_TIME] @ directions.T  # (rows, N)
        own = np.arange(len(cosines))
        cosines[own, start + own] = -1
        nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        for row, others in enumerate(nearest):
            for other in others[cosines[row, others] >= LEAST_COSINE].tolist():
                one, two = sorted((int(alone[start + row]), int(alone[other])))
                yield one, two


def _alike_to_scan(table: ImageTable, firsts: dict[int, int]) -> Iterator[Pair]:
    """Each picture of a cluster that the scan found with the first few of it; the same bytes count once."""
    clusters: dict[str, list[int]] = defaultdict(list)
    for index, first in firsts.items():
        if index == first and (name := table.copies.get(table.rows[index].path)):
            clusters[name].append(index)
    for members in clusters.values():
        for place, index in enumerate(members):
            yield from ((first, index) for first in members[: min(place, FIRST_FEW)])


def _compared(table: ImageTable, grey: Callable[[int], Image.Image | None], pair: Pair) -> DuplicatePair | None:
    """Two pictures as a pair, if they show the same."""
    first, second = grey(pair[0]), grey(pair[1])
    found = align(first, second) if first and second else None
    if not found or not found.is_same:
        return None
    rows = table.rows[pair[0]], table.rows[pair[1]]
    return DuplicatePair(rows[0].path, rows[1].path, _kind(*rows, found), min(1.0, found.likeness))


def _kind(first: ImageRow, second: ImageRow, found: Alignment) -> str:
    names = [name for name, holds in (("mirrored", found.mirrored), ("cropped", found.is_cropped)) if holds]
    same_size = (first.width, first.height) == (second.width, second.height)
    return " and ".join(names) or ("re-encoded" if same_size else "resized")


def _grey(table: ImageTable, index: int) -> Image.Image | None:
    """A small grey copy of a picture; None where it cannot be read any more."""
    row = table.rows[index]
    try:
        image = decode(table.read(row), path=row.path, short_side_px=FINE_PX)
    except (PictureError, OSError):
        return None
    grey = image.convert("L")
    scale = 1.5 * FINE_PX / (grey.width * grey.height) ** 0.5
    size = max(1, round(grey.width * scale)), max(1, round(grey.height * scale))
    return grey if scale >= 1 else grey.resize(size, Image.Resampling.BOX)
