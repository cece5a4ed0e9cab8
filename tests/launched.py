"""What the tests of several processes launch, and what they run alone to compare: training of a small network.

torchrun --nproc-per-node 2 tests/launched.py PICTURES RUN OUT SECTION...
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from small import small_network
from unfreeze.activations.engines import ExportMismatch, TorchEngine
from unfreeze.activations.extract import read_squares
from unfreeze.errors import LostProcessError
from unfreeze.learner.data import ImageData
from unfreeze.learner.follow import follow
from unfreeze.learner.learner import Learner
from unfreeze.learner.observer import Silent
from unfreeze.processes import joined
from unfreeze.world import World

BATCH = 5
RATES = [0.02, 0.05, 0.1]

Seen = list[tuple[str, str, int]]


@contextmanager
def watched() -> Iterator[Seen]:
    """Every picture that is read, why, and in which view; what takes seconds and is tested elsewhere is left away."""
    seen: Seen = []

    def spy(purpose: str) -> Callable[..., Any]:
        def read(table: Any, transform: Any, row: Any, views: Any) -> Any:
            seen.extend((purpose, row.path, int(view)) for view in views)
            return read_squares(table, transform, row, views)

        return read

    def no_export(*_: object) -> None:
        raise ExportMismatch("not here")

    with (
        patch("unfreeze.training.batches.read_squares", spy("train")),
        patch("unfreeze.activations.extract.read_squares", spy("extract")),
        patch("unfreeze.activations.prefix.open_graph", no_export),
        patch("unfreeze.training.suffix.folded", lambda *_, **__: nullcontext()),
        patch("unfreeze.learner.finding.LEAST_STEPS", 12),
        patch.object(TorchEngine, "batch_size", 1),  # a picture's features do not depend on its company
    ):
        yield seen


def learner_on(pictures: Path, world: World, *, folder: Path | None = None, observer: Silent | None = None) -> Learner:
    data = replace(ImageData.from_folder(pictures, size_px=32), batch_size=BATCH, threads=1)
    learner = Learner(data, small_network(), folder=folder, world=world, observer=observer)
    learner.save_seconds = 0.0 if folder else 1000.0
    return learner


def trained(pictures: Path, _run: Path, world: World) -> dict[str, Any]:
    """The head, then a part of the body on stored activations, then all of it on pictures, and a sweep."""
    with closing(learner_on(pictures, world)) as learner:
        learner.fit(0.05, 1)
        learner.precompute = False
        learner.freeze_to(1)
        learner.fit(RATES, 2, cycle_len=1)
        learner.unfreeze()
        band = learner.lr_find(start=1e-3, end=1e-2)
        learner.fit(RATES, 2, cycle_len=1)
        logits = learner.logits("valid", view=1)
        found = result(learner)
        learner.release()
    return {**found, "sweep": list(band.sweeps[0].losses), "logits": logits.tolist()}


def interrupted(pictures: Path, run: Path, world: World) -> dict[str, Any]:
    """The whole network, until another process is killed in the middle of an epoch."""
    with closing(learner_on(pictures, world, folder=run, observer=Killer(run.parent / "pid-1"))) as learner:
        learner.unfreeze()
        learner.fit(RATES, 3)
    raise AssertionError("the other process was killed")


def resumed(pictures: Path, run: Path, world: World) -> dict[str, Any]:
    """The same to its end; goes on where there is something to go on with."""
    with closing(learner_on(pictures, world, folder=run)) as learner:
        learner.unfreeze()
        before = 0
        if (run / "checkpoints/state.safetensors").exists():
            learner.load(resume=True)
            before = len(learner.history.steps)
        learner.fit(RATES, 3)
        found = result(learner)
        learner.release()
    return {**found, "steps before": before}


class Killer(Silent):
    """Kills another process in the middle of the second epoch."""

    def __init__(self, pid: Path) -> None:
        self._pid = pid

    def progress(self, task: str, done: int, total: int) -> None:
        if task == "epoch 2" and done == 2:
            os.kill(int(self._pid.read_text()), signal.SIGKILL)


def result(learner: Learner) -> dict[str, Any]:
    weights = {name: np.asarray(array).tolist() for name, array in learner.model.arrays().items()}
    steps = [record.loss for record in learner.history.steps]
    return {"weights": weights, "steps": steps, "epochs": [vars(record) for record in learner.history.epochs]}


SECTIONS = {function.__name__: function for function in (trained, interrupted, resumed)}


def main() -> None:
    pictures, run, out = map(Path, sys.argv[1:4])
    torch.set_num_threads(1)
    (run.parent / f"pid-{os.environ['RANK']}").write_text(str(os.getpid()))
    try:
        with joined() as world:
            for name in sys.argv[4:]:
                with watched() as seen:
                    found = None
                    if world.rank == 0:
                        found = SECTIONS[name](pictures, run, world)
                    else:
                        follow(world)
                out.joinpath(f"{name}-{world.rank}.json").write_text(json.dumps({"seen": seen, "found": found}))
    except LostProcessError as error:
        out.joinpath("lost.txt").write_text(str(error))


if __name__ == "__main__":
    main()
