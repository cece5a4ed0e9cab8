"""What a picture costs in time, storage and network, and what ten million and ten billion of them would cost.

    python -m benchmarks.scale RUN FOLDER [--count 400] [--workers 1,2,4]

The pictures of FOLDER are written into shards and predicted with RUN's model: in one process on one core, for the
processor's time of a picture, and by Ray with 1, 2 and 4 workers, for the rate that comes of it. A model of two terms
is set beside the rates: seconds a picture = work / cores + what the head of the run does itself. Both terms are
measured, not fitted to the rates; how far the rates lie off says how good the model is. It is then told for more
pictures and more cores. Wall time means something on an idle machine alone: the load is printed with it.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unfreeze.activations.plan import entry_bytes, readable_bytes
from unfreeze.bulk.answers import Counts
from unfreeze.bulk.local import local_engine
from unfreeze.bulk.ray_engine import ray_engine
from unfreeze.bulk.run import Bulk, Engine, predict_bulk
from unfreeze.deploy.inputs import picture_paths
from unfreeze.images.collection import collection_layout
from unfreeze.images.shard_writer import write_shards

FEATURES = 1280
"""Values of a stored activation before the head, of the default backbone."""

PARTS = 16
SIZES = (10**7, 10**10)
CORES = (2, 64, 1024, 16384)


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a picture costs.

    Attributes:
        work_seconds: Of one core, to read, decode, draw, run and write.
        head_seconds: Of the head of the run, for each part.
        part_pictures: Pictures in a part.
        read_bytes: From disk or network.
        shard_bytes: In shards.
        row_bytes: Of the answers.
        shard_seconds: Of one core, to be written into a shard.
    """

    work_seconds: float
    head_seconds: float
    part_pictures: float
    read_bytes: float
    shard_bytes: float
    row_bytes: float
    shard_seconds: float

    def seconds(self, pictures: float, cores: int) -> float:
        """How long so many pictures take on so many cores, by the model."""
        return pictures * (self.work_seconds / cores + self.head_seconds / self.part_pictures)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run.

    Attributes:
        first_seconds: Until the first part was done: the start, and one part.
        rate: Pictures a second, from the first part to the last.
        head_seconds: Processor's time of this process for each part, in the same stretch.
        load: How many processes wanted a core at its end.
    """

    first_seconds: float
    rate: float
    head_seconds: float
    load: float


def main() -> None:
    """Measures, compares, extrapolates, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--workers", default="1,2,4")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unfreeze-scale-") as folder:
        costs, runs = measure(options.run, options.pictures, options.count, options.workers.split(","), Path(folder))
    print_costs(costs)
    cores = os.cpu_count() or 1
    print("\n| workers | pictures a second | by the model | seconds to the first part | load |\n|---|---|---|---|---|")
    for workers, found in runs.items():
        expected = 1 / costs.seconds(1, min(workers, cores))
        print(f"| {workers} | {found.rate:.1f} | {expected:.1f} | {found.first_seconds:.0f} | {found.load:.1f} |")
    print_extrapolation(costs)


def measure(
    run: Path, pictures: Path, count: int, workers: Sequence[str], work: Path
) -> tuple[Costs, dict[int, Measured]]:
    """Measures what a picture costs, and the rates of Ray's workers.

    Args:
        run: The model.
        pictures: A folder.
        count: How many of its pictures are taken.
        workers: Numbers of workers.
        work: A folder for all that is written.

    Returns:
        Costs, and a run for each number of workers.
    """
    chosen = work / "chosen"
    for number, path in enumerate(_some(picture_paths([pictures]), count)):
        target = chosen / path.parent.name / f"{number:06d}{path.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    layout = collection_layout(chosen)
    size_bytes = sum(path.stat().st_size for path in chosen.rglob("*.*"))
    started = time.process_time()
    sharded = write_shards(layout, work / "shards", shard_bytes=size_bytes // PARTS)
    shard_seconds = (time.process_time() - started) / sharded.pictures
    alone = Bulk(bundle=run, sources=[str(work / "shards")], out=str(work / "alone"))
    engine = local_engine(alone, threads=1)
    work_seconds = _measured(alone, engine).head_seconds * len(sharded.shards) / sharded.pictures
    runs = {}
    for number in map(int, workers):
        bulk = Bulk(bundle=run, sources=alone.sources, out=str(work / f"ray-{number}"))
        runs[number] = _measured(bulk, ray_engine(bulk, workers=number))
    stored = [path.stat().st_size for path in (work / "alone").rglob("part-*.parquet")]
    return Costs(
        work_seconds=work_seconds,
        head_seconds=min(each.head_seconds for each in runs.values()),
        part_pictures=sharded.pictures / len(sharded.shards),
        read_bytes=size_bytes / sharded.pictures,
        shard_bytes=sum(path.stat().st_size for path in (work / "shards").glob("*.tar")) / sharded.pictures,
        row_bytes=sum(stored) / sharded.pictures,
        shard_seconds=shard_seconds,
    ), runs


def _some(paths: list[Path], count: int) -> list[Path]:
    """So many paths, from all over."""
    return paths[:: max(1, len(paths) // count)][:count]


def _measured(bulk: Bulk, engine: Engine) -> Measured:
    """Runs and notes when each part was done."""
    times: list[tuple[float, float, int]] = []

    def progress(done: int, parts: int, counts: Counts) -> None:
        assert 0 < done <= parts
        times.append((time.perf_counter(), time.process_time(), counts.pictures))

    started = time.perf_counter()
    predict_bulk(bulk, engine, progress=progress)
    (first, first_cpu, before), (last, last_cpu, pictures) = times[0], times[-1]
    return Measured(
        first_seconds=first - started,
        rate=(pictures - before) / (last - first),
        head_seconds=(last_cpu - first_cpu) / (len(times) - 1),
        load=os.getloadavg()[0],
    )


def print_costs(costs: Costs) -> None:
    """Prints what a picture costs."""
    print("| a picture | |\n|---|---|")
    print(f"| one core, to predict | {1000 * costs.work_seconds:.1f} ms |")
    print(f"| one core, to write into a shard | {1000 * costs.shard_seconds:.1f} ms |")
    print(f"| head of the run, a part | {1000 * costs.head_seconds:.1f} ms |")
    print(f"| file | {readable_bytes(int(costs.read_bytes))} |")
    print(f"| in a shard | {readable_bytes(int(costs.shard_bytes))} |")
    print(f"| row of the answers | {costs.row_bytes:.0f} B |")
    print(f"| stored activation before the head | {readable_bytes(entry_bytes(FEATURES))} |")


def print_extrapolation(costs: Costs, *, part_pictures: int = 10_000) -> None:
    """Prints what many pictures cost, in parts of ten thousand.

    Args:
        costs: What one costs.
        part_pictures: Pictures of a part.
    """
    columns = ("pictures", "cores", "hours", "network, Gbit/s", "shards", "answers", "activations")
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for pictures in SIZES:
        for cores in CORES:
            head = pictures / part_pictures * costs.head_seconds
            seconds = pictures * costs.work_seconds / cores + head
            gigabits = 8 * pictures * costs.shard_bytes / seconds / 1e9
            sizes = (readable_bytes(int(pictures * each)) for each in _stored(costs))
            print(f"| {pictures:,} | {cores:,} | {seconds / 3600:.2g} | {gigabits:.2g} | {' | '.join(sizes)} |")


def _stored(costs: Costs) -> tuple[float, float, float]:
    return costs.shard_bytes, costs.row_bytes, entry_bytes(FEATURES)


if __name__ == "__main__":
    main()
