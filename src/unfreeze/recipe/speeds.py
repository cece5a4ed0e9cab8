"""Measures how fast this machine does what a run consists of, on a few of its pictures and in a learner of its own."""

import time
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.spread_out import spread_out

if TYPE_CHECKING:
    from unfreeze.network.network import Network
    from unfreeze.training.history import EpochRecord

TRIED_PICTURES, TRIED_BATCHES, VALIDATED = 48, 3, 16
WARMING_UP = 4
"""Pictures that are seen before the time is taken: the first ones pay for what later ones find."""
TRIED_RATE = 1e-6
LEAST_USED = 0.05
"""Seconds of the processor; a shorter trial says nothing of other programs."""


@dataclass(frozen=True, kw_only=True)
class BodySpeeds:
    """How fast the body trains, in seconds.

    Attributes:
        opened: Until the first step: the network built, once torch is loaded.
        picture: The activation of one view of one picture where training begins at a cut; 0 where it reads pictures.
        step: One training step at the full size.
        prepared: What the fast engine needs of a trained body before it runs, after each epoch.
    """

    opened: float
    picture: float
    step: float
    prepared: float


@dataclass
class StopWatch:
    """An observer that notes when steps were taken and epochs had ended.

    Attributes:
        marks: Each time, and whether it was a step's.
    """

    marks: list[tuple[float, bool]] = field(default_factory=list)

    def progress(self, task: str, done: int, total: int) -> None:  # noqa: ARG002 - observers are called alike
        """A step of an epoch, or something else, was done."""
        if task.startswith("epoch"):
            self.marks.append((time.perf_counter(), True))

    def epoch(self, record: "EpochRecord") -> None:  # noqa: ARG002
        """An epoch has ended."""
        self.marks.append((time.perf_counter(), False))

    def note(self, text: str) -> None:
        """Says nothing."""

    def seconds(self, *, steps: bool) -> float:
        """What a step, or the end of an epoch, took on average; the first step of all warms up and does not count."""
        found = [now - before for (before, _), (now, step) in pairwise(self.marks) if step == steps]
        return sum(found) / len(found)


class Trial:
    """A learner on a few pictures, to measure with; nothing that the run has is touched, and it stores nothing.

    Args:
        data: The run's pictures.
        settings: The run's settings.
        network: The backbone's name, or a network of the trial's own.
    """

    def __init__(self, data: ImageData, settings: TrainSettings, network: "str | Network") -> None:
        self._settings, self._watch = settings, StopWatch()
        train = spread_out(data.table.of_split("train"), max(TRIED_PICTURES, TRIED_BATCHES * settings.full_batch_size))
        valid = spread_out(data.table.of_split("valid"), VALIDATED)
        self._some = replace(data, table=replace(data.table, rows=(*train, *valid)))
        options = replace(settings.options(), balance="none")  # the few may lack a class
        self._learner = Learner(self._some, network, observer=self._watch, use_store=False, options=options)
        self._learner.model.batch_norm = settings.batch_norm

    def close(self) -> None:
        """Removes what was made to measure with."""
        self._learner.close()

    def picture(self) -> tuple[float, float]:
        """How fast the frozen body is.

        Returns:
            Seconds for one view of one picture, decoding included, on all threads; and how many times longer that was
            than the processor was at work, 1 where no other program was in the way.
        """
        learner = self._learner
        assert learner.model.body().engine, "made before the time is taken"
        rows = self._some.table.of_split("train")[:TRIED_PICTURES]
        learner.source.pooled(rows[:WARMING_UP])
        started, used = time.perf_counter(), time.process_time()
        learner.source.pooled(rows)
        taken, used = time.perf_counter() - started, time.process_time() - used
        return taken / len(rows), max(1.0, taken * self._some.threads / max(used, LEAST_USED))

    def head_step(self) -> float:
        """Seconds that one step of the head takes, from stored activations."""
        return self._learner.estimated_seconds(1)

    def body(self, first_trained: int, *, picture: float) -> BodySpeeds:
        """How fast the body trains.

        Args:
            first_trained: Index of the first layer group that trains.
            picture: Seconds that the frozen body takes for a picture.

        Returns:
            What it took.
        """
        learner, watch = self._learner, self._watch
        from unfreeze.network import build  # noqa: F401 - torch is loaded once, and the run will find it there

        started = time.perf_counter()
        learner.freeze_to(first_trained)
        learner.batch_size = self._settings.full_batch_size
        learner.precompute = False
        learner.network  # noqa: B018 - built now
        opened = time.perf_counter() - started
        each = 0.0
        if not learner.model.reads_pictures:
            assert learner.model.prefix(learner.model.cut).engine, "made before the time is taken"
            begun = time.perf_counter()
            learner.source.training(1)  # all stored views at once
            views = learner.source.stored_views
            each = (time.perf_counter() - begun) / views / len(self._some.table.of_split("train"))
        watch.marks.clear()
        learner.fit(TRIED_RATE, 1 if learner.epoch_steps > 1 else 2)
        prepared = watch.seconds(steps=False) - len(self._some.table.of_split("valid")) * picture
        return BodySpeeds(opened=opened, picture=each, step=watch.seconds(steps=True), prepared=max(0.0, prepared))
