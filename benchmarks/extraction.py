"""Extraction with reading, decoding and drawing, as a share of bare onnxruntime on ready squares.

    python -m benchmarks.extraction [--pictures FOLDER] [--count 300] [--rounds 5]

Both run the same exported prefix on the same squares with the same threads, in turn; the store is off. The folder is
the one that UNFREEZE_PHOTOS names (its `dogscats`), else the embedded digits, drawn at the backbone's own size.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from unfreeze.activations.extract import Extractor, FrozenPrefix, read_square
from unfreeze.cache import cache_folder
from unfreeze.images.sample import write_digits
from unfreeze.learner.data import ImageData
from unfreeze.network.build import build_network


def main() -> None:
    """Prints medians, ranges and the ratio round by round, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, default=default_pictures())
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    data = ImageData.from_folder(options.pictures)
    rows = data.table.of_split("train")[:: max(1, len(data.table.of_split("train")) // options.count)][: options.count]
    network = build_network(classes=len(data.table.classes))
    device = torch.device("cpu")
    prefix = FrozenPrefix(network, "head", size_px=data.transform.size_px, graphs=cache_folder("graphs"), device=device)
    extractor = Extractor(table=data.table, transform=data.transform, prefix=prefix, store=None, threads=data.threads)
    squares = [read_square(data.table, data.transform, row, 0)[np.newaxis] for row in rows]
    engine = prefix.engine

    def bare() -> None:
        with ThreadPoolExecutor(data.threads) as pool:
            list(pool.map(engine.run, squares))

    timings: dict[str, list[float]] = {"bare": [], "plain view": [], "augmented view": []}
    for number in range(options.rounds + 1):
        found = {
            "bare": seconds(bare),
            "plain view": seconds(lambda: extractor(rows)),
            "augmented view": seconds(lambda: extractor(rows, view=1)),
        }
        if number:  # the first round warms up
            for name, value in found.items():
                timings[name].append(len(rows) / value)
    json.dump(summary(timings, options.pictures, len(rows), data.threads), sys.stdout, indent=2)


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
    """Pictures a second as median and range, and the medians of the ratios taken round by round."""
    bare = timings["bare"]
    return {
        "pictures": f"{count} of {pictures.name}",
        "threads": threads,
        "pictures_per_second": {
            name: {"median": statistics.median(found), "least": min(found), "most": max(found)}
            for name, found in timings.items()
        },
        "share_of_bare": {
            name: statistics.median(ours / theirs for ours, theirs in zip(found, bare, strict=True))
            for name, found in timings.items()
        },
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
