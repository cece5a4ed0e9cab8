"""Predicting a folder, with reading, decoding and drawing, as a share of bare onnxruntime on ready squares.

    python -m benchmarks.prediction RUN FOLDER [--count 200] [--rounds 7]

All run the same graph on the same pictures, in turn. Beside as many threads as there are cores, which is the default,
more of them are tried, so that one decodes while others compute, and batches that one call spreads over all cores.
"""

import argparse
import os
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime

from benchmarks.extraction import seconds
from unfreeze.activations.engines import OnnxEngine
from unfreeze.deploy.bundle import open_bundle
from unfreeze.deploy.inputs import picture_paths
from unfreeze.deploy.predictor import Predictor
from unfreeze.images.decode import decode

BATCH = 8


def main() -> None:
    """Prints a row for each way: pictures a second, and the share of the first one round by round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    paths = picture_paths([options.pictures])
    paths = paths[:: max(1, len(paths) // options.count)][: options.count]
    found = ways(options.run, paths)
    times: dict[str, list[float]] = {name: [] for name in found}
    for number in range(1 + options.rounds):
        for name, work in found.items():
            once = seconds(work)
            if number:  # the first round warms up
                times[name].append(once)
    bare = times["bare"]
    print("| way | pictures a second | share of bare |\n| --- | --- | --- |")
    for name, taken in times.items():
        shares = [one / other for one, other in zip(bare, taken, strict=True)]
        speed, share = len(paths) / statistics.median(taken), statistics.median(shares)
        print(f"| {name} | {speed:.0f} | {share:.2f} ({min(shares):.2f} to {max(shares):.2f}) |")


def ways(run: Path, paths: list[Path]) -> dict[str, Callable[[], object]]:
    """What is timed, by name.

    Args:
        run: A run folder or a bundle.
        paths: The pictures.

    Returns:
        Calls without arguments; the first is bare onnxruntime.
    """
    cores = os.cpu_count() or 1
    bundle = open_bundle(run)
    transform, engine = bundle.settings.to_transform(), OnnxEngine(bundle.graph)

    def square(path: Path) -> np.ndarray:
        return transform(decode(path.read_bytes(), path=path, short_side_px=transform.short_side_px))[np.newaxis]

    squares = [square(path) for path in paths]
    batches = [np.concatenate(squares[start : start + BATCH]) for start in range(0, len(squares), BATCH)]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores
    session = onnxruntime.InferenceSession(bundle.graph, options, providers=["CPUExecutionProvider"])
    predictors = {count: Predictor(run, threads=count) for count in dict.fromkeys((cores, cores + 1, 2 * cores))}

    def bare() -> None:
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(engine.run, squares))

    def read() -> None:
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(square, paths))

    return {
        "bare": bare,
        **{
            f"predict, {count} threads": lambda predictor=predictor: predictor.predict(paths)  # type: ignore[misc]
            for count, predictor in predictors.items()
        },
        f"bare, batches of {BATCH} on {cores} cores at once": lambda: [
            session.run(None, {"squares": batch}) for batch in batches
        ],
        "reading, decoding and drawing alone": read,
    }


if __name__ == "__main__":
    main()
