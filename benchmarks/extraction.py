"""Extraction with reading, decoding and drawing, as a share of bare onnxruntime on ready squares.

    python -m benchmarks.extraction [--pictures FOLDER] [--count 300] [--rounds 5]

Both run the same prefix on the same squares with the same threads, in turn; extraction also stores its result.
The folder is the one that UNFREEZE_PHOTOS names (its `dogscats`), else the embedded digits.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from unfreeze.activations.extract import Extractor, Prefix, read_squares
from unfreeze.activations.packaged import PackagedPrefix
from unfreeze.activations.store import ActivationStore, activation_key
from unfreeze.cache import cache_folder
from unfreeze.images.decode import decode
from unfreeze.images.sample import write_digits
from unfreeze.images.table import ImageRow
from unfreeze.learner.data import ImageData
from unfreeze.network.backbones import DEFAULT_BACKBONE


def main() -> None:
    """Prints speeds and shares round by round, and one thread's time by part, as a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, default=default_pictures())
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    data = ImageData.from_folder(options.pictures)
    rows = data.table.of_split("train")[:: max(1, len(data.table.of_split("train")) // options.count)][: options.count]
    prefix = PackagedPrefix(DEFAULT_BACKBONE, graphs=cache_folder("graphs"))
    timings = speeds(data, prefix, rows, options.rounds)
    figures = summary(timings, options.pictures, len(rows), data.threads)
    print(json.dumps({**figures, "milliseconds": milliseconds(data, prefix, rows)}))


def speeds(data: ImageData, prefix: Prefix, rows: Sequence[ImageRow], rounds: int) -> dict[str, list[float]]:
    """Pictures a second, round by round, of the engine alone and of extraction.

    Args:
        data: The pictures and how they become squares.
        prefix: The frozen part.
        rows: Pictures to take.
        rounds: How many rounds count; one before them warms up.

    Returns:
        Speeds by what was run.
    """
    squares = [read_squares(data.table, data.transform, row, (0,))[0][np.newaxis] for row in rows]

    def bare() -> None:
        with ThreadPoolExecutor(data.threads) as pool:
            list(pool.map(prefix.engine.run, squares))

    def extract(*views: int) -> None:
        with tempfile.TemporaryDirectory() as folder, ActivationStore(Path(folder)) as store:
            Extractor(table=data.table, transform=data.transform, prefix=prefix, store=store, threads=data.threads)(
                rows, views=views
            )

    timings: dict[str, list[float]] = {"bare": [], "plain view": [], "three augmented views": []}
    for number in range(rounds + 1):
        found = {
            "bare": seconds(bare),
            "plain view": seconds(lambda: extract(0)),
            "three augmented views": seconds(lambda: extract(1, 2, 3)) / 3,
        }
        if number:  # the first round warms up
            for name, value in found.items():
                timings[name].append(len(rows) / value)
    return timings


def default_pictures() -> Path:
    """The photographs where there are any, else the digits."""
    photos = os.environ.get("UNFREEZE_PHOTOS")
    return Path(photos) / "dogscats" if photos else write_digits(cache_folder("samples"))


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def summary(timings: dict[str, list[float]], pictures: Path, count: int, threads: int) -> dict[str, object]:
    """Pictures a second and shares of the bare engine, round by round."""
    bare = timings["bare"]
    return {
        "pictures": f"{count} of {pictures.name}",
        "threads": threads,
        "pictures_per_second": timings,
        "share_of_bare": {
            name: [ours / theirs for ours, theirs in zip(found, bare, strict=True)] for name, found in timings.items()
        },
    }


def milliseconds(data: ImageData, prefix: Prefix, rows: Sequence[ImageRow]) -> dict[str, float]:
    """What each part of the way costs on one thread, in milliseconds a picture.

    Args:
        data: The pictures and how they become squares.
        prefix: The frozen part.
        rows: Pictures to take.

    Returns:
        Milliseconds by part.
    """
    found: dict[str, float] = {}

    @contextmanager
    def part(name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        found[name] = 1000 * (time.perf_counter() - started) / len(rows)

    with part("read"):
        encoded = [data.table.read(row) for row in rows]
    with part("decode"):
        images = [
            decode(read, path=row.path, short_side_px=data.transform.short_side_px)
            for read, row in zip(encoded, rows, strict=True)
        ]
    with part("resample"):
        squares = [data.transform(image) for image in images]
    with part("engine"):
        made = [prefix.engine.run(square[np.newaxis])[0] for square in squares]
    keys = [activation_key(prefix.key, data.transform.key(0), row.content) for row in rows]
    with tempfile.TemporaryDirectory() as folder, ActivationStore(Path(folder)) as store, part("store"):
        store.put(dict(zip(keys, made, strict=True)))
    return found


if __name__ == "__main__":
    main()
