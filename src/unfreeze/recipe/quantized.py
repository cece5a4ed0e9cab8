"""A run's model in eight bits: calibrated on its training pictures, held against itself on the validation pictures."""

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats, OnnxEngine
from unfreeze.activations.extract import read_squares
from unfreeze.activations.rounding import as_stored
from unfreeze.deploy.bundle import OpenBundle, open_bundle
from unfreeze.deploy.packing import default_file, pack_bundle
from unfreeze.deploy.quantize import quantized_graph
from unfreeze.deploy.quantized_bundle import write_quantized
from unfreeze.errors import BundleError, RunError
from unfreeze.evaluation.paired import paired_interval
from unfreeze.files import there_already
from unfreeze.images.table import ImageRow
from unfreeze.learner.data import ImageData
from unfreeze.learner.observer import Observer
from unfreeze.parallel import in_parallel
from unfreeze.recipe.read_pictures import read_pictures
from unfreeze.recipe.run_folder import RunFolder
from unfreeze.recipe.spread_out import spread_out

CALIBRATION_PICTURES = 100
PROBES = 16
TIMED_SQUARES, TIMED_ROUNDS = 8, 9


@dataclass(frozen=True, kw_only=True)
class Exchanged:
    """What a model in eight bits is worth beside the one that it was made of, on the same validation pictures.

    Attributes:
        pictures: How many they are.
        accuracy_before: Accuracy (of several labels, exact match) of the model, between 0 and 1.
        accuracy_after: That of the quantized one.
        gained: Pictures that only the quantized one is right about.
        lost: Pictures that only the model is right about.
        interval: In which the difference of the accuracies, after less before, lies with 95 % confidence.
        largest_difference: Of a probability.
        speed: How many pictures the quantized one does in the time of one, on one core of this machine.
        bytes_before: Size of the model's graph.
        bytes_after: Size of the quantized graph.
    """

    pictures: int
    accuracy_before: float
    accuracy_after: float
    gained: int
    lost: int
    interval: tuple[float, float]
    largest_difference: float
    speed: float
    bytes_before: int
    bytes_after: int

    def in_words(self) -> list[str]:
        """What there is to say of it, in a few lines."""
        low, high = (100 * end for end in self.interval)
        before, after = 100 * self.accuracy_before, 100 * self.accuracy_after
        return [
            f"accuracy on {self.pictures} validation pictures: {before:.1f} % before, {after:.1f} % in eight bits "
            f"({after - before:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}; {self.gained} gained, "
            f"{self.lost} lost); largest difference of a probability {self.largest_difference:.2f}",
            f"speed on one core of this machine: {self.speed:.2f} times the model's",
            f"graph: {self.bytes_after / 1e6:.1f} MB, {self.bytes_before / 1e6:.1f} MB before",
        ]


def quantize_run(
    run: Path, out: Path | None, *, max_loss_points: float, watcher: Observer, probes: bool = True
) -> tuple[Path, Exchanged]:
    """Writes a run's model in eight bits as one file, unless that costs too much accuracy.

    Args:
        run: A run folder whose pictures are still there.
        out: The file; left away, one named after the run in the current folder.
        max_loss_points: Percentage points of accuracy that may be lost on the validation pictures.
        watcher: Is told how far it is.
        probes: Whether the probe pictures go along.

    Returns:
        The file, and what the model in it is worth.

    Raises:
        BundleError: If there is no whole model, or quantizing loses too much; nothing is written then.
        CollectionError: If the run's pictures are not what they were.
        RunError: If it is no run folder, or the file is there already or cannot be written.
    """
    if run.is_file():
        message = f"{run}: a file that was exported; --quantize calibrates on the run's pictures: name the run folder"
        raise RunError(message, subject=run)
    default = default_file(run)
    target = out or default.with_stem(f"{default.stem}-int8")
    if target.exists():
        raise there_already(target, flag="--out")
    bundle, data = open_bundle(run), _pictures(run, watcher)
    rows = data.table.of_split("train")
    chosen = spread_out(rows, CALIBRATION_PICTURES)
    watcher.note(f"calibrating on {len(chosen)} training pictures")
    graph = quantized_graph(bundle.graph, (_square(data, row) for row in chosen))
    before, after = (_answers(data, OnnxEngine(each), watcher) for each in (bundle.graph, graph))
    found = _exchanged(bundle, data, before[0], after[0], graph)
    if 100 * (found.accuracy_before - found.accuracy_after) > max_loss_points + 1e-9:
        message = f"{run}: eight bits lose more than --max-loss {max_loss_points:g} points: {found.in_words()[0]}"
        raise BundleError(f"{message}; allow more, or leave --quantize away; nothing was written", subject=run)
    valid = data.table.of_split("valid")
    carried = sorted(valid, key=lambda row: row.content)[:PROBES] if bundle.settings.probes else []
    with tempfile.TemporaryDirectory() as folder:
        write_quantized(
            Path(folder),
            bundle,
            graph,
            answers=(*after, data.targets(valid)),
            about={"kind": "int8", "calibration_pictures": len(chosen), **asdict(found)},
            probes=[_square(data, row) for row in carried],
        )
        return pack_bundle(Path(folder), target, probes=probes), found


def _pictures(run: Path, watcher: Observer) -> ImageData:
    """The run's own pictures, as it saw them."""
    folder = RunFolder(run.parent if run.name == "model" else run, was_there=True, is_new=False)
    pictures, settings = folder.begun()
    data = read_pictures(pictures, settings, watcher)
    folder.check_pictures(data.table)
    return data


def _square(data: ImageData, row: ImageRow) -> npt.NDArray[np.uint8]:
    return read_squares(data.table, data.transform, row, (0,))[0]


def _answers(data: ImageData, engine: OnnxEngine, watcher: Observer) -> tuple[Floats, Floats]:
    """Probabilities (N, C) and features (N, D) of the validation pictures."""
    rows = data.table.of_split("valid")

    def answer(row: ImageRow) -> tuple[Floats, Floats]:
        probabilities, features = engine.outputs(_square(data, row)[np.newaxis])
        return probabilities[0], as_stored(features[0])

    found = []
    for done, each in enumerate(in_parallel(answer, rows, threads=data.threads), start=1):
        found.append(each)
        watcher.progress("validation pictures", done, len(rows))
    probabilities, features = zip(*found, strict=True)
    return np.stack(probabilities), np.stack(features)


def _exchanged(bundle: OpenBundle, data: ImageData, before: Floats, after: Floats, graph: bytes) -> Exchanged:
    objective, rows = bundle.settings.objective, data.table.of_split("valid")
    targets = data.targets(rows)
    right = [objective.agree(objective.answers(each), targets) for each in (before, after)]
    gained, lost = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    return Exchanged(
        pictures=len(rows),
        accuracy_before=float(right[0].mean()),
        accuracy_after=float(right[1].mean()),
        gained=gained,
        lost=lost,
        interval=paired_interval(gained, lost, len(rows)),
        largest_difference=float(np.abs(before - after).max()),
        speed=_speed(bundle.graph, graph, [_square(data, row) for row in rows[:TIMED_SQUARES]]),
        bytes_before=len(bundle.graph),
        bytes_after=len(graph),
    )


def _speed(before: bytes, after: bytes, squares: Sequence[npt.NDArray[np.uint8]]) -> float:
    """The median ratio of times that were taken in turn; processor time, which a busy machine hardly changes."""
    engines, ratios = [OnnxEngine(each) for each in (before, after)], []
    for number in range(1 + TIMED_ROUNDS):
        seconds = []
        for engine in engines:
            started = time.thread_time()
            for square in squares:
                engine.run(square[np.newaxis])
            seconds.append(time.thread_time() - started)
        if number:  # the first round warms up
            ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios)
