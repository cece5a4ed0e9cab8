"""What a picture costs in time, storage and network, and what ten million and ten billion of them would cost.

    python -m benchmarks.scale RUN FOLDER [--count 400] [--workers 1,2,4] [--rounds 3]

The pictures of FOLDER are written into shards and predicted with RUN's model: in one process on one core, for the
processor's time of a picture, and by Ray with 1, 2 and 4 workers, for the rate that comes of it. A model of two terms
is fitted to the rates of one machine: seconds a picture = work / the cores that workers have + what they share. It is
then told for more machines like this one, which share nothing but the head of the run: its seconds a part are measured
apart. Wall time means something on an idle machine alone: the load is printed with it.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unfreeze.activations.plan import entry_bytes, readable_bytes
from unfreeze.bulk.answers import Counts
from unfreeze.bulk.local import local_engine
from unfreeze.bulk.ray_engine import ray_engine
from unfreeze.bulk.run import Bulk, Engine, predict_bulk
from unfreeze.deploy.inputs import picture_paths
from unfreeze.images.collection import collection_layout
from unfreeze.images.shard_writer import write_shards
from unfreeze.recipe.spread_out import spread_out

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
        read_bytes: From disk or network.
        shard_bytes: In shards.
        row_bytes: Of the answers.
        shard_seconds: Of one core, to be written into a shard.
    """

    work_seconds: float
    head_seconds: float
    read_bytes: float
    shard_bytes: float
    row_bytes: float
    shard_seconds: float


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a picture takes on a machine like this one, fitted to rates.

    Attributes:
        cores: It has so many.
        work_seconds: Of one core.
        shared_seconds: In which the cores wait for one another.
        residual: Standard deviation of the rates' distance from the model, as a part of it.
    """

    cores: int
    work_seconds: float
    shared_seconds: float
    residual: float

    def seconds(self, workers: int) -> float:
        """What a picture takes with so many workers."""
        return self.work_seconds / min(workers, self.cores) + self.shared_seconds

    def of_cluster(self, pictures: float, cores: int, head_seconds: float) -> float:
        """What so many pictures take on machines that have so many cores together.

        Args:
            pictures: How many.
            cores: Of all machines.
            head_seconds: What the head of the run does for each picture.

        Returns:
            Seconds: the machines' share of the work, or the head's work where that is more.
        """
        return pictures * max(self.seconds(self.cores) * self.cores / cores, head_seconds)


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
    """Measures, fits, extrapolates, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    turns = [int(number) for number in options.workers.split(",")] * options.rounds
    with tempfile.TemporaryDirectory(prefix="unfreeze-scale-") as folder:
        costs, runs = measure(options.run, options.pictures, options.count, turns, Path(folder))
    machine = fitted(runs, cores=os.cpu_count() or 1)
    print_costs(costs)
    print_rates(runs, machine)
    print_extrapolation(costs, machine)


def fitted(runs: Sequence[tuple[int, "Measured"]], *, cores: int) -> Machine:
    """The model that is nearest to all rates, by least squares over seconds a picture.

    Args:
        runs: Numbers of workers, two different ones at least up to the number of cores, with what was measured.
        cores: Of this machine.

    Returns:
        The model.
    """
    parts = np.array([1 / min(workers, cores) for workers, _ in runs])
    seconds = np.array([1 / found.rate for _, found in runs])
    work, shared = np.polyfit(parts, seconds, 1)
    expected = work * parts + shared
    residual = float(np.std(seconds / expected - 1))
    return Machine(cores=cores, work_seconds=float(work), shared_seconds=float(shared), residual=residual)


def measure(
    run: Path, pictures: Path, count: int, turns: Sequence[int], work: Path
) -> tuple[Costs, list[tuple[int, Measured]]]:
    """Measures what a picture costs, and the rates of Ray's workers.

    Args:
        run: The model.
        pictures: A folder.
        count: How many of its pictures are taken.
        turns: Number of workers of each run, in turn.
        work: A folder for all that is written.

    Returns:
        Costs, and number of workers and figures of each run.
    """
    chosen = work / "chosen"
    for number, path in enumerate(spread_out(picture_paths([pictures]), count)):
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
    runs = []
    for turn, workers in enumerate(turns):
        bulk = Bulk(bundle=run, sources=alone.sources, out=str(work / f"ray-{turn}"))
        runs.append((workers, _measured(bulk, ray_engine(bulk, workers=workers))))
    stored = [path.stat().st_size for path in (work / "alone").rglob("part-*.parquet")]
    return Costs(
        work_seconds=work_seconds,
        head_seconds=float(np.median([each.head_seconds for _, each in runs])),
        read_bytes=size_bytes / sharded.pictures,
        shard_bytes=sum(path.stat().st_size for path in (work / "shards").glob("*.tar")) / sharded.pictures,
        row_bytes=sum(stored) / sharded.pictures,
        shard_seconds=shard_seconds,
    ), runs


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


def print_rates(runs: Sequence[tuple[int, Measured]], machine: Machine) -> None:
    """Prints measured rates beside the model's.

    Args:
        runs: Numbers of workers with what was measured.
        machine: The model.
    """
    print("\n| workers | pictures a second | least to most | by the model | seconds to the first part | load |")
    print("|---|---|---|---|---|---|")
    for workers in dict(runs):
        found = [each for number, each in runs if number == workers]
        rates = [each.rate for each in found]
        first = statistics.median(each.first_seconds for each in found)
        load = statistics.median(each.load for each in found)
        middle = f"{statistics.median(rates):.1f} | {min(rates):.1f} to {max(rates):.1f}"
        print(f"| {workers} | {middle} | {1 / machine.seconds(workers):.1f} | {first:.0f} | {load:.1f} |")
    print(
        f"\nfitted: {1000 * machine.work_seconds:.2f} ms / cores + {1000 * machine.shared_seconds:.2f} ms shared; "
        f"residual {100 * machine.residual:.1f} %"
    )


def print_extrapolation(costs: Costs, machine: Machine, *, part_pictures: int = 10_000) -> None:
    """Prints what many pictures cost, in parts of ten thousand.

    Args:
        costs: What one costs.
        machine: How fast each machine is.
        part_pictures: Pictures of a part.
    """
    columns = ("pictures", "cores", "hours", "network, Gbit/s", "shards", "answers", "activations")
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for pictures in SIZES:
        for cores in CORES:
            seconds = machine.of_cluster(pictures, cores, costs.head_seconds / part_pictures)
            gigabits = 8 * pictures * costs.shard_bytes / seconds / 1e9
            sizes = (readable_bytes(int(pictures * each)) for each in _stored(costs))
            print(f"| {pictures:,} | {cores:,} | {seconds / 3600:.2g} | {gigabits:.2g} | {' | '.join(sizes)} |")


def _stored(costs: Costs) -> tuple[float, float, float]:
    return costs.shard_bytes, costs.row_bytes, entry_bytes(FEATURES)


if __name__ == "__main__":
    main()
