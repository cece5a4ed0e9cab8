"""Scans a big collection twice, each time in a fresh process, and shows that nothing of it was changed.

    python -m benchmarks.scan [--pictures 100000] [--into FOLDER] [--threads 2]

The pictures are crops of smooth random fields, some 200 by 150 pixels, as JPEGs of many qualities, in twenty class
folders: they decode like photographs of that size and need no download. Two seconds pass between making them and the
first scan, as a file that was changed a moment ago is not remembered. The cache is one of the benchmark's own.
"""

import argparse
import hashlib
import json
import os
import resource
import stat
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.processes import KIB_PER_MIB, run_process

CLASSES = 20
FIELDS = 40
FIELD_PX = (640, 480)
SETTLED_SECONDS = 2.5


def main() -> None:
    """Makes the pictures, scans them twice, and prints the figures as a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--into", type=Path, help="where the collection is made; a temporary folder unless said")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--task", choices=("make", "scan"), help="what this process is a child for")
    options = parser.parse_args()
    if options.task == "make":
        make_pictures(options.into, options.pictures, threads=options.threads)
    elif options.task == "scan":
        print(json.dumps(scanned(options.into, threads=options.threads)))
    else:
        with tempfile.TemporaryDirectory(dir=options.into) as folder:
            print(json.dumps(compared(Path(folder), options.pictures, threads=options.threads), indent=2))


def compared(folder: Path, count: int, *, threads: int) -> dict[str, Any]:
    """Makes a collection and scans it twice.

    Args:
        folder: An empty folder, for the pictures and the cache.
        count: How many pictures.
        threads: Files read at a time.

    Returns:
        Seconds and memory of both scans, and their ratio.

    Raises:
        RuntimeError: If a scan fails, they do not agree, or a file was changed or added.
    """
    pictures, cache = folder / "pictures", folder / "cache"
    _child("make", pictures, "--pictures", count, "--threads", threads, cache=cache)
    time.sleep(SETTLED_SECONDS)
    before = fingerprint(pictures)
    first, second = (_child("scan", pictures, "--threads", threads, cache=cache) for _ in range(2))
    if first["table"] != second["table"]:
        raise RuntimeError("the second scan does not find what the first one found")
    if fingerprint(pictures) != before:
        raise RuntimeError("a file of the collection was changed or added")
    return {
        "pictures": first["rows"],
        "threads": threads,
        "first": first,
        "second": second,
        "second_over_first": second["seconds"] / first["seconds"],
        "cache_mib": sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) / KIB_PER_MIB**2,
        "unchanged": True,
    }


def make_pictures(root: Path, count: int, *, threads: int) -> None:
    """Writes `root/CLASS/NUMBER.jpg`, all different.

    Args:
        root: The new folder.
        count: How many pictures.
        threads: Pictures encoded at a time.
    """
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    fields = [_field(random) for _ in range(FIELDS)]
    for number in range(CLASSES):
        (root / f"class {number:02d}").mkdir(parents=True)

    def write(number: int) -> None:
        chance = np.random.default_rng(number)
        width, height = int(chance.integers(160, 241)), int(chance.integers(120, 181))
        left, top = (int(chance.integers(side - part)) for side, part in zip(FIELD_PX, (width, height), strict=True))
        crop = fields[number % FIELDS].crop((left, top, left + width, top + height))
        shifted = np.clip(np.asarray(crop).astype(np.int16) + chance.integers(-20, 21, (height, width, 1)), 0, 255)
        path = root / f"class {number % CLASSES:02d}" / f"{number:06d}.jpg"
        Image.fromarray(shifted.astype(np.uint8)).save(path, quality=int(chance.integers(60, 96)))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(write, range(count)))


def _field(random: Any) -> Any:
    """A smooth random picture: noise at several scales, each weaker than the coarser one."""
    import numpy as np
    from PIL import Image

    total = np.full((FIELD_PX[1], FIELD_PX[0], 3), 128.0)
    for cells, strength in ((4, 60), (12, 40), (40, 25), (120, 12)):
        noise = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        total += strength * (np.asarray(noise.resize(FIELD_PX, Image.Resampling.BICUBIC)) / 127.5 - 1)
    return Image.fromarray(np.clip(total, 0, 255).astype(np.uint8))


def scanned(root: Path, *, threads: int) -> dict[str, Any]:
    """Scans a collection.

    Args:
        root: Its folder.
        threads: Files read at a time.

    Returns:
        Seconds of the scan, the process's peak of memory in MiB and what it held before, the number of rows, and a
        hash of all that the table says.
    """
    from unfreeze.images.scan import scan_folder

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB
    started = time.perf_counter()
    table = scan_folder(root, threads=threads)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB
    digest = hashlib.blake2b(digest_size=16)
    for row in table.rows:
        digest.update(repr((row, table.looks[row.path])).encode())
    return {
        "seconds": seconds,
        "peak_mib": peak,
        "held_before_mib": held,
        "rows": len(table.rows),
        "table": digest.hexdigest(),
    }


def fingerprint(root: Path) -> str:
    """A hash of the names, bytes, times of change and permissions of all that lies below a folder."""
    digest = hashlib.blake2b(digest_size=16)
    for folder, folders, names in os.walk(
        root
    ):  # no list of all files: what this process holds, its children begin with
        folders.sort()
        for path in (folder, *(f"{folder}/{name}" for name in sorted((*folders, *names)))):  # a folder may be a link
            found = os.lstat(path)
            told = (path, found.st_mode, found.st_mtime_ns, found.st_size)
            digest.update(repr(told).encode(errors="backslashreplace"))
            if stat.S_ISREG(found.st_mode):
                digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def _child(task: str, root: Path, *words: object, cache: Path) -> Any:
    """Does a task in a process of its own; what it prints."""
    command = [sys.executable, "-m", "benchmarks.scan", "--task", task, "--into", str(root), *map(str, words)]
    ended = run_process(command, {"UNFREEZE_CACHE": str(cache)})
    if ended.code:
        raise RuntimeError(f"the {task} failed: {ended.complaint}")
    return json.loads(ended.output) if ended.output else None


if __name__ == "__main__":
    main()
