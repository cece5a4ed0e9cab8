"""Kills runs at random points, goes on with them, and compares what they leave with a run that was left alone.

    python -m benchmarks.soak [--kills 200] [--seed 0]

Each run is killed (SIGKILL) at a random event once to three times: at a report of progress, or before or after a file
takes its place. Events lie in every phase: scan, extraction, finder, head, fine-tuning, evaluation, report. Processes
are forked from one that has imported everything, so that a kill costs a second or two.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import timm  # noqa: F401 - imported before forking
import torch  # noqa: F401
import torchvision  # noqa: F401
from PIL import Image

from unfreeze.errors import RunError
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import resume, train
from unfreeze.training.history import EpochRecord

SMALL = TrainSettings(size=32, batch_size=8, full_batch_size=8, max_epochs=3, tta_views=2, threads=1, seed=1)
SETTINGS = {
    "all": replace(SMALL, checkpoint_seconds=0.02),
    "late": replace(SMALL, unfreeze="late", tta_views=0, checkpoint_seconds=0.0),
    "head": replace(SMALL, steps=(1, 2, 3, 4), checkpoint_seconds=0.0),
}
COMPARED = ("model/model.safetensors", "model/model.onnx", "predictions.csv", "history.jsonl")
MOST_KILLS = 3
EVALUATING = 0
"""Number under which a run announces what comes after its steps."""

TOLD = 3
"""The child's end of a pipe."""


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        killed_in: The phase that it was killed in; empty where it came to its end.
        phases: The phase of each event, in order; empty where it was killed.
    """

    killed_in: str = ""
    phases: tuple[str, ...] = ()


class Killer:
    """Watches a run, counts what happens, and kills its own process at one of the events.

    Args:
        die_at: Number of the event; 0 for none.
    """

    def __init__(self, die_at: int) -> None:
        self.phase, self.phases = "scan", list[str]()
        self._die_at, self._number = die_at, -1

    def count(self) -> None:
        """One more event."""
        self.phases.append(self.phase)
        if len(self.phases) == self._die_at:
            os.write(TOLD, self.phase.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def progress(self, task: str, done: int, total: int) -> None:
        """An event; it tells the phase too."""
        assert done <= total
        if self._number == EVALUATING:
            self.phase = "evaluation"
        else:
            training = "head" if self._number <= 4 else "fine-tuning"
            kinds = {"reading": "scan", "activations": "extraction", "learning": "finder", "epoch": training}
            self.phase = kinds[task.split()[0]]
        self.count()

    def epoch(self, record: EpochRecord) -> None:
        """An event."""
        assert record
        self.count()

    def note(self, text: str) -> None:
        """An event."""
        assert text
        self.count()

    def step(self, number: int, name: str, why: str) -> None:
        """An event; the last one is what comes after the steps."""
        assert name
        assert why
        self._number = number
        self.phase = self.phase if number else "evaluation"
        self.count()

    outcome = note

    def writes(self, path: str) -> None:
        """An event: a file takes its place."""
        if self._number == EVALUATING:
            self.phase = "evaluation" if path.endswith((".json", ".csv")) else "report"
        self.count()


def main() -> None:
    """Parses, kills, prints; exit code 1 where a run differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="number of kills at least")
    parser.add_argument("--seed", type=int, default=0, help="decides where")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    phases: Counter[str] = Counter()
    runs = same = 0
    with tempfile.TemporaryDirectory(prefix="unfreeze-soak-") as folder:
        work, pictures = Path(folder), write_colours(Path(folder) / "pictures")
        whole = {name: process(pictures, work / f"{name}-whole", name, 0) for name in SETTINGS}
        while phases.total() < options.kills:
            name = list(SETTINGS)[runs % len(SETTINGS)]
            run = work / f"{name}-{runs}"
            phases.update(soak(pictures, run, name, phases=whole[name].phases, chance=chance))
            runs, same = runs + 1, same + alike(run, work / f"{name}-whole")
            shutil.rmtree(run)
            print(f"{phases.total()} kills, {same} of {runs} runs the same to the last bit", flush=True)
    print(", ".join(f"{phase} {count}" for phase, count in phases.most_common()))
    sys.exit(same != runs)


def soak(pictures: Path, run: Path, name: str, *, phases: Sequence[str], chance: random.Random) -> list[str]:
    """A run that is killed up to three times, and then left to end.

    Args:
        pictures: The collection.
        run: Its folder.
        name: Which settings.
        phases: The phase of each event of a run that is not killed; every phase is as likely.
        chance: Decides where it is killed.

    Returns:
        The phases that it was killed in.
    """
    killed: list[str] = []
    for _ in range(chance.randint(1, MOST_KILLS)):
        phase = chance.choice(sorted(set(phases)))
        die_at = chance.choice([number for number, found in enumerate(phases, 1) if found == phase])
        ended = process(pictures, run, name, die_at)
        if not ended.killed_in:
            return killed
        killed.append(ended.killed_in)
    process(pictures, run, name, 0)
    return killed


def alike(one: Path, other: Path) -> bool:
    """Whether two runs left the same files, the compared ones the same to the last bit."""
    different = [name for name in COMPARED if (one / name).read_bytes() != (other / name).read_bytes()]
    left = [{path.relative_to(run).as_posix() for path in run.rglob("*")} for run in (one, other)]
    if different or left[0] != left[1]:
        print(f"{one.name} differs in {different}, files that only one has: {sorted(left[0] ^ left[1])}", flush=True)
    return not different and left[0] == left[1]


def process(pictures: Path, run: Path, name: str, die_at: int) -> Ended:
    """Begins a run, or goes on with it, in a process that may be killed; each run has a cache of its own.

    Args:
        pictures: The collection.
        run: The run's folder.
        name: Which settings.
        die_at: The event that it is killed at; 0 for none.

    Returns:
        How it ended.
    """
    told, tells = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(tells, TOLD)
        _work(pictures, run, name, die_at)
    os.close(tells)
    with os.fdopen(told) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and die_at:
        return Ended(killed_in=said)
    if status:
        raise SystemExit(f"{run}: the process ended with status {status}: {said}")
    return Ended(phases=tuple(said.split(",")))


def write_colours(root: Path) -> Path:
    """Noise in two colours: 18 pictures that train, the last batch is smaller; 6 that validate, 1 broken file."""
    generator = np.random.default_rng(0)
    for split, count in (("train", 9), ("valid", 3)):
        for name, colour in (("red", (200, 60, 60)), ("blue", (60, 60, 200))):
            folder = root / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                values = np.array(colour) + generator.integers(-60, 60, (40, 48, 3))
                Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(folder / f"{number}.png")
    (root / "train/red/broken.png").write_bytes(b"not a picture")
    return root


def _work(pictures: Path, run: Path, name: str, die_at: int) -> NoReturn:
    """What the child does; it does not come back."""
    killer, replaced = Killer(die_at), os.replace
    os.environ["UNFREEZE_CACHE"] = str(run.with_name(f"cache-{run.name}"))

    def replace_file(source: str, target: str) -> None:
        killer.writes(str(target))
        replaced(source, target)
        killer.writes(str(target))

    os.replace = replace_file  # type: ignore[assignment]
    try:
        if (run / "checkpoints" / "run.json").exists():
            resume(run, killer)
        else:
            train(pictures, run, SETTINGS[name], killer)
        os.write(TOLD, ",".join(killer.phases).encode())
    except RunError as error:
        if "is complete" not in str(error):
            os.write(TOLD, repr(error).encode())
            os._exit(1)
        os.write(TOLD, b"complete")  # it was killed right after its last file
    except BaseException as error:  # whatever it is, the parent has to hear of it
        os.write(TOLD, repr(error).encode())
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
