"""How long `unfreeze evaluate` takes for 100,000 predictions, from the start of the process to its end.

    python -m benchmarks.evaluate [--pictures 100000] [--classes 2 10 100] [--into FOLDER]

Tables are made by processes of their own, as a child's peak of memory begins with what its parent held.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.processes import Finished, run_process

SIGNAL, SHARPNESS = 4.0, 1.5


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evaluate", description=__doc__)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--classes", type=int, nargs="+", default=[2, 10, 100])
    parser.add_argument("--into", type=Path, help="where the tables are made; a temporary folder unless said")
    parser.add_argument("--make", type=Path, help="the table that this process is a child for")
    options = parser.parse_args()
    if options.make:
        write_table(options.make, options.pictures, options.classes[0])
        return
    print("| classes | table, MB | seconds | of a processor | peak memory, MiB |")
    print("|---" * 5 + "|")
    for classes in options.classes:
        with tempfile.TemporaryDirectory(dir=options.into) as folder:
            path = Path(folder) / "predictions.csv"
            words = ["--make", path, "--pictures", options.pictures, "--classes", classes]
            run([sys.executable, "-m", "benchmarks.evaluate", *map(str, words)])
            print(measured(path, classes), flush=True)


def write_table(path: Path, count: int, classes: int) -> None:
    """Writes predictions of normal logits, the true class's being higher by a signal.

    Args:
        path: The CSV file.
        count: How many pictures.
        classes: How many classes.
    """
    import numpy as np

    from unfreeze.evaluation.predictions import table_from_logits

    random = np.random.Generator(np.random.PCG64(classes))
    targets = random.integers(0, classes, count)
    logits = random.normal(size=(count, classes)).astype(np.float32)
    logits[np.arange(count), targets] += SIGNAL
    table_from_logits(
        SHARPNESS * logits,
        classes=[f"class {label}" for label in range(classes)],
        paths=[f"class {label}/{number:06d}.jpg" for number, label in enumerate(targets)],
        splits=["valid"] * count,
        targets=targets,
    ).write(path)


def measured(path: Path, classes: int) -> str:
    """A row of the table: one process."""
    started, before = time.perf_counter(), os.times()
    finished = run([sys.executable, "-m", "unfreeze", "evaluate", str(path)])
    seconds, after = time.perf_counter() - started, os.times()
    worked = after.children_user + after.children_system - before.children_user - before.children_system
    size = path.stat().st_size / 1e6
    return f"| {classes} | {size:.0f} | {seconds:.1f} | {worked:.1f} | {finished.peak_mib:.0f} |"


def run(command: list[str]) -> Finished:
    """Runs a process that must not fail."""
    finished = run_process(command)
    if finished.code:
        raise RuntimeError(finished.complaint)
    return finished


if __name__ == "__main__":
    main()
