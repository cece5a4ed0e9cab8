"""A whole run: scan, eight steps, evaluation, model, report."""

import os
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from unfreeze.cache import cache_folder
from unfreeze.errors import SettingsError
from unfreeze.images.collection import check_named, reject_inside
from unfreeze.images.sample import write_digits
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.learner.model import check_batch_norm
from unfreeze.network.backbones import preprocessing
from unfreeze.network.groups import POOLED
from unfreeze.recipe.begin_budget import begun_budget, read_budget
from unfreeze.recipe.clock import Clock
from unfreeze.recipe.eight_steps import EightSteps
from unfreeze.recipe.finish import RunResult, Watcher, finished
from unfreeze.recipe.option_notes import option_notes
from unfreeze.recipe.read_pictures import read_pictures
from unfreeze.recipe.run_folder import RunFolder, begun_run, new_run
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.settings_network import settings_network
from unfreeze.recipe.time_budget import TimeBudget
from unfreeze.world import ALONE, World

SAMPLES = {"digits": write_digits}
LOOKED_AT, LEAST_LOOK_SECONDS = 0.03, 5.0
"""Part of a time budget after which the speed is looked at again within an epoch, and seconds at least."""

WHY_AFTER = "Predicts the validation pictures with the weights that were kept, and writes model and report."


def sample_folder(name: str) -> Path:
    """The folder of a sample collection, written to the cache at first use.

    Args:
        name: One of `SAMPLES`.

    Returns:
        The folder.
    """
    return SAMPLES[name](cache_folder("samples"))


def train(
    pictures: Path,
    out: Path,
    settings: TrainSettings,
    watcher: Watcher,
    *,
    world: World = ALONE,
    clock: Clock | None = None,
) -> RunResult:
    """Takes a collection of pictures through the eight steps to a model.

    Args:
        pictures: A folder with `CLASS/*`, or `train/CLASS/*` beside `valid/CLASS/*`; or anything else that
            `collection_layout` understands, such as a CSV file or an archive.
        out: The run folder, which must not be there or be empty.
        settings: All settings.
        watcher: Is told of everything.
        world: The processes that share the work; this is the first.
        clock: Counts the run's seconds, and what a time budget allows; from now unless said otherwise.

    Returns:
        Where the run is and what it came to.

    Raises:
        UnfreezeError: If pictures, settings or folders cannot be used.
    """
    clock = clock or Clock()
    check_named(pictures)
    reject_inside(out, pictures)
    size = settings.size or (None if settings.time_budget else preprocessing(settings.backbone).size_px)
    weights = settings.weights and settings.weights.resolve()  # a run may go on from another folder
    settings = replace(settings, size=size, threads=settings.threads or os.cpu_count() or 1, weights=weights)
    exclude, relabel = (tuple(path.resolve() for path in paths) for paths in (settings.exclude, settings.relabel))
    settings = replace(settings, exclude=exclude, relabel=relabel)
    with new_run(out) as folder:
        with folder.removed_if_barren():
            folder.begin(pictures, settings)
        return _run(folder, watcher, world, clock)


def resume(run: Path, watcher: Watcher, *, world: World = ALONE, clock: Clock | None = None) -> RunResult:
    """Goes on with a run that was stopped, at the step after its last checkpoint, with its own settings.

    Args:
        run: The run folder.
        watcher: Is told of everything.
        world: The processes that share the work, as many as before or not; this is the first.
        clock: What is left of a time budget is counted from its start; from now unless said otherwise.

    Returns:
        Where the run is and what it came to: what it would have come to without the stop, to the last bit on a CPU.

    Raises:
        UnfreezeError: If there is nothing to go on with, or the pictures are not what they were.
    """
    with begun_run(run) as folder:
        return _run(folder, watcher, world, clock or Clock())


def _run(folder: RunFolder, watcher: Watcher, world: World, clock: Clock) -> RunResult:
    """Takes a run from where it is to its end."""
    pictures, settings = folder.begun()
    with folder.removed_if_barren():
        _check_processes(settings, world)
        if world.size > 1:
            watcher.note(f"{world.size} processes share the work, {world.on_machine} of them on this machine")
        data = read_pictures(pictures, settings, watcher)
        folder.check_pictures(data.table)
        learner, budget = _learner(folder, _shared(data, world), settings, watcher, world), None
        if settings.time_budget:
            learner, settings, budget = _planned(folder, learner, settings, watcher, clock)
    with closing(learner):
        receipt = folder.write_receipt(settings, data.table, learner.model.prefix(POOLED).key)
        for note in option_notes(settings):
            watcher.note(note)
        course = EightSteps(learner, settings, watcher, budget, clock=clock)
        learner.about = course.to_dict
        if folder.has_state:
            course.restore(learner.load(resume=True))
            watcher.note(f"goes on {course.position}")
        course.run()
        watcher.step(0, "evaluate, export, report", WHY_AFTER)
        result = finished(folder, course, receipt, watcher)
        learner.release()
        return result


def _check_processes(settings: TrainSettings, world: World) -> None:
    """Raises SettingsError where the settings are for fewer processes than there are."""
    if settings.time_budget and world.size > 1:
        message = f"--time-budget is for one process; {world.size} were launched: launch one, or leave it away"
        raise SettingsError(message, subject="time_budget")
    check_batch_norm(settings.batch_norm, processes=world.size)


def _shared(data: ImageData, world: World) -> ImageData:
    """The same pictures, served by each process on its share of the machine's threads."""
    return replace(data, threads=max(1, data.threads // world.on_machine))


def _planned(
    folder: RunFolder, learner: Learner, settings: TrainSettings, watcher: Watcher, clock: Clock
) -> tuple[Learner, TrainSettings, TimeBudget]:
    """Plans a run with a time budget, or reads the plan; the learner's squares have the planned size afterwards."""
    if record := folder.read_budget():
        budget = read_budget(record, settings, clock)
    else:
        classes = len(learner.data.table.classes)
        try:
            network = partial(settings_network, settings, classes=classes)
            budget = begun_budget(learner, settings, network, clock=clock, narrator=watcher)
        except BaseException:
            learner.close()
            raise
        folder.write_budget(budget.record())  # before the size is settled, which the plan must not take for the user's
    size = budget.first.rung.size_px
    settings = replace(settings, size=size)
    folder.settle(settings)
    data = learner.data
    if data.transform.size_px == size:
        return learner, settings, budget
    learner.close()
    data = replace(data, transform=replace(data.transform, size_px=size))
    return _learner(folder, data, settings, watcher), settings, budget


def _learner(
    folder: RunFolder, data: ImageData, settings: TrainSettings, watcher: Watcher, world: World = ALONE
) -> Learner:
    """A learner on the run's folder."""
    learner = Learner(
        data,
        settings_network(settings, classes=len(data.table.classes)),
        observer=watcher,
        folder=folder.path,
        use_store=settings.use_store,
        limit_bytes=settings.cache_size,
        world=world,
        options=settings.options(),
    )
    learner.model.batch_norm = settings.batch_norm
    learner.save_seconds = settings.checkpoint_seconds
    if settings.time_budget:  # a save is also when the schedule is planned anew
        looked_at = max(LEAST_LOOK_SECONDS, settings.time_budget * LOOKED_AT)
        learner.save_seconds = min(learner.save_seconds, looked_at)
    return learner
