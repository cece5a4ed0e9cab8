"""Kills runs at random points, goes on with them, and compares what they leave with a run that was left alone.

    python -m benchmarks.soak [--kills 200] [--seed 0] [--pictures FOLDER]

Each run is killed (SIGKILL) at a random event once to three times: at a report of progress, or while a file is being
written. Events lie in every phase: scan, extraction, finder, head, fine-tuning, evaluation, report. Where the system
can fork, processes are forked from one that has imported everything, so that a kill costs a second or two.
"""

import argparse
import collections
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.colours import write_colours
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import resume, train
from unfreeze.transforms.views import Augment

SETTINGS = TrainSettings(
    size=32, batch_size=8, full_batch_size=8, max_epochs=3, tta_views=2, threads=1, checkpoint_seconds=0.02, seed=1
)
LATE = TrainSettings(
    size=32, batch_size=8, full_batch_size=8, max_epochs=3, tta_views=0, threads=1, checkpoint_seconds=0, unfreeze="late"
)
HEAD = TrainSettings(size=32, batch_size=8, steps=(1, 2, 3, 4), tta_views=2, threads=1, augment=Augment.UPRIGHT)
COMPARED = ("model/model.safetensors", "model/model.onnx", "predictions.csv", "history.jsonl")
MOST_KILLS_A_RUN = 3


class Killer:
    """Watches a run, counts what happens, and kills its own process at one of the events.

    Args:
        die_at: Number of the event; 0 for none.
        told: A file that gets the phase of the kill, or the number of events of a run that came to its end.
    """

    def __init__(self, die_at: int, told: Path) -> None:
        self.die_at, self.told = die_at, told
        self.events, self.number, self.phase = 0, 0, "scan"

    def count(self) -> None:
        """One more event."""
        self.events += 1
        if self.events == self.die_at:
            self.told.write_text(self.phase)
            os.kill(os.getpid(), signal.SIGKILL)

    def progress(self, task: str, done: int, total: int) -> None:  # noqa: ARG002 - an observer's
        """An event; it tells the phase too."""
        head_or_body = "head" if self.number <= 4 else "fine-tuning"
        kinds = {"reading": "scan", "activations": "extraction", "learning": "finder", "epoch": head_or_body}
        self.phase = kinds[task.split()[0]] if self.number else "evaluation" if self.events > 50 else "scan"
        self.count()

    def epoch(self, record: object) -> None:
        """An event."""
        self.count()

    def note(self, text: str) -> None:
        """An event."""
        self.count()

    def step(self, number: int, name: str, why: str) -> None:
        """An event."""
        self.number = number
        self.phase = "evaluation" if not number else self.phase
        self.count()

    def outcome(self, text: str) -> None:
        """An event."""
        self.count()

    def writing(self, path: str) -> None:
        """An event."""
        if path.endswith((".html", ".onnx", "model.safetensors", "result.json")) and not self.number:
            self.phase = "report"
        self.count()
