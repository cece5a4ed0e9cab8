"""Bulk prediction of many tiny pictures: is the memory flat, and is each picture there once?

    python -m benchmarks.bulk --pictures 20000 [--engine ray --workers 2] [--folder FOLDER]

Shards of tiny PNGs are made, and predicted by `unfreeze predict --out` with the smallest bundle there is, in a program
of its own, whose memory, that of its children included, is noted all along. At the end every path is looked for in
the Parquet files. What is measured is all that is not a network: reading, decoding, drawing, rows, files.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from benchmarks.tiny import tiny_bundle, tiny_shards

SHARD_PICTURES = 10_000
BAD_EVERY = 1000
NOTED_SECONDS = 1.0
MIB = 2**20


def main() -> None:
    """Prints pictures a second, memory in quarters of the run, and what was counted; exit code 1 if that is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--shard-pictures", type=int, default=SHARD_PICTURES)
    parser.add_argument("--folder", type=Path, help="keep everything in this folder, and go on with what is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unfreeze-bulk-") as temporary:
        folder = options.folder or Path(temporary)
        bundle, shards, out = folder / "model", folder / "shards", folder / f"answers-{options.engine}"
        if not bundle.exists():
            tiny_bundle(bundle)
        expected = -(-options.pictures // options.shard_pictures)
        if len(list(shards.glob("*.tar"))) != expected:
            started = time.perf_counter()
            made = {"pictures": options.pictures, "shard_pictures": options.shard_pictures, "bad_every": BAD_EVERY}
            tiny_shards(shards, **made)
            print(f"{options.pictures:,} pictures made in {time.perf_counter() - started:.0f} s", flush=True)
        words = ["predict", bundle, shards, "--out", out, "--engine", options.engine, "--workers", options.workers]
        started = time.perf_counter()
        memory, code, cpu_seconds = watched([sys.executable, "-m", "unfreeze", *map(str, words)])
        seconds = time.perf_counter() - started
        print(f"exit code {code}, {seconds:.0f} s, {options.pictures / seconds:.0f} pictures a second")
        print(f"processor: {1000 * cpu_seconds / options.pictures:.2f} ms a picture")
        print("largest memory of each quarter, MiB:", *(f"{size / MIB:.0f}" for size in quarters(memory)))
        sys.exit(code or not is_whole(out, options.pictures))


def watched(command: list[str]) -> tuple[list[int], int, float]:
    """Runs a program.

    Args:
        command: Its words.

    Returns:
        Bytes of memory that it and its children had to themselves, each second; its exit code; seconds of processor.
    """
    process = subprocess.Popen(command)  # noqa: S603 - our own words
    memory: list[int] = []
    cpu_seconds = 0.0
    while process.poll() is None:
        sizes, ticks = zip(*map(_held, _family(process.pid)), strict=True)
        memory.append(sum(sizes))
        cpu_seconds = max(cpu_seconds, sum(ticks) / os.sysconf("SC_CLK_TCK"))
        time.sleep(NOTED_SECONDS)
    return memory, process.returncode, cpu_seconds


def _family(process: int) -> Iterator[int]:
    """A process and all that it has started."""
    yield process
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # it has ended meanwhile
            continue
        for child in children:
            yield from _family(int(child))


def _held(process: int) -> tuple[int, int]:
    """Bytes that a process holds alone, and its ticks of processor, those of children that have ended included."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()
        times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:15]
    except OSError:
        return 0, 0
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE"), sum(map(int, times))


def quarters(memory: list[int]) -> list[int]:
    """The largest of each quarter of the values, so far as there are any.

    >>> quarters([1, 2, 3, 4, 5, 6, 7, 8, 9])
    [2, 4, 6, 9]
    """
    bounds = [len(memory) * part // 4 for part in range(5)]
    return [max(memory[start:end], default=0) for start, end in pairwise(bounds)]


def is_whole(out: Path, pictures: int) -> bool:
    """Whether each picture has one row, in one of the two tables, counted from the paths in the files.

    Args:
        out: The run's folder.
        pictures: How many there were.

    Returns:
        Whether all are there once.
    """
    from pyarrow import parquet

    seen = bytearray(pictures)
    rows = 0
    for table in ("predictions", "bad"):
        for file in (out / table).glob("*.parquet"):
            for path in parquet.ParquetFile(file).read(["path"]).column("path").to_pylist():
                seen[int(Path(path).stem)] += 1
                rows += 1
    print(f"{rows:,} rows; missing {seen.count(0):,}, more than once {pictures - seen.count(0) - seen.count(1):,}")
    return rows == pictures == seen.count(1)


if __name__ == "__main__":
    main()
