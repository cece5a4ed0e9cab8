"""What a training step of the whole network takes in 1, 2 and 4 processes, and where sharing it stops to pay.

    python -m benchmarks.ranks FOLDER [--processes 1,2,4] [--rounds 3] [--batch-size 32] [--size 224]

Each number of processes is launched in turn by torchrun, on this machine's cores, which a single process uses as well:
the more processes, the more is told and added up, and nothing else becomes faster. So the slope over their number is
what a process costs at each step; a line is fitted to all rounds. On machines of their own the work is divided, and
that cost is not: by this model sharing pays until one more process costs as much as it takes away.
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.processes import run_process
from unfreeze.learner.data import ImageData
from unfreeze.learner.follow import follow
from unfreeze.learner.learner import Learner
from unfreeze.processes import joined
from unfreeze.recipe.speeds import StopWatch
from unfreeze.recipe.spread_out import spread_out

PICTURES, VALIDATED = 256, 16
RATES = (0.0002, 0.0007, 0.002)


def main() -> None:
    """Measures, fits and prints; as a launched process, takes the steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--processes", default="1,2,4")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--size", type=int, default=224)
    options = parser.parse_args()
    if "LOCAL_RANK" in os.environ:
        take_steps(options.pictures, options.batch_size, options.size)
        return
    numbers = [int(number) for number in options.processes.split(",")]
    measured = [(number, launched(number)) for _ in range(options.rounds) for number in numbers]
    print(f"\n| processes | seconds a step of {options.batch_size} | least to most | rate, of one process's |")
    print("|---|---|---|---|")
    one = float(np.median([seconds for number, seconds in measured if number == numbers[0]]))
    for number in numbers:
        found = [seconds for processes, seconds in measured if processes == number]
        middle = float(np.median(found))
        print(f"| {number} | {middle:.2f} | {min(found):.2f} to {max(found):.2f} | {one / middle:.2f} |")
    work, cost = fitted(measured)
    print(f"\nfitted: {work:.2f} s + {1000 * cost:.0f} ms x (processes - 1)")
    if cost > 0:
        print(f"on machines of their own: least seconds a step at {math.sqrt(work / cost):.0f} processes")


def fitted(measured: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """The line that is nearest to all rounds, by least squares.

    Args:
        measured: Numbers of processes with the seconds of a step.

    Returns:
        What a step takes in one process, and how much more with each further one, in seconds.
    """
    cost, start = np.polyfit([processes for processes, _ in measured], [seconds for _, seconds in measured], 1)
    return float(start + cost), float(cost)


def launched(processes: int) -> float:
    """Seconds of a step, in so many processes.

    Args:
        processes: How many torchrun launches.

    Returns:
        What the first of them says.
    """
    words = ["torch.distributed.run", "--nproc-per-node", str(processes), "--module", "benchmarks.ranks"]
    finished = run_process([sys.executable, "-m", *words, *sys.argv[1:]])
    if finished.code:
        sys.exit(f"{processes} processes: exit code {finished.code}: {finished.complaint}")
    return float(json.loads(finished.output.splitlines()[-1])["step_seconds"])


def take_steps(pictures: Path, batch_size: int, size_px: int) -> None:
    """Trains the whole network for an epoch, and says in the first process how long a step took.

    Args:
        pictures: A collection.
        batch_size: Pictures of a step, in all processes together.
        size_px: Side of the squares, in pixels.
    """
    with joined() as world:
        if world.rank:
            follow(world)
            return
        data = ImageData.from_folder(pictures, size_px=size_px)
        watch = StopWatch()
        rows = (
            *spread_out(data.table.of_split("train"), PICTURES),
            *spread_out(data.table.of_split("valid"), VALIDATED),
        )
        threads = max(1, data.threads // world.on_machine)
        some = replace(data, table=replace(data.table, rows=rows), threads=threads)
        learner = Learner(some, world=world, observer=watch, use_store=False)
        learner.precompute = False
        learner.batch_size = batch_size
        learner.unfreeze()
        learner.fit(list(RATES), 1, cycle_len=1)
        learner.release()
    print(json.dumps({"step_seconds": watch.seconds(steps=True)}))


if __name__ == "__main__":
    main()
