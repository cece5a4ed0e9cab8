"""Opens a finished run for its review: the pictures as the run saw them, what it said of them, and its settings."""

from dataclasses import dataclass
from pathlib import Path

from unfreeze.errors import RunError
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.images.collection import collection_name
from unfreeze.images.layout import Layout
from unfreeze.images.table import ImageTable
from unfreeze.learner.data import ImageData
from unfreeze.learner.observer import Observer
from unfreeze.recipe.compare import read_run
from unfreeze.recipe.read_pictures import scan_pictures
from unfreeze.recipe.run_folder import BEGUN_FILE, RunFolder
from unfreeze.recipe.settings import TrainSettings
from unfreeze.serve.review.corrections import Told, told_by_manifests


@dataclass(frozen=True, kw_only=True)
class OpenedRun:
    """A finished run.

    Attributes:
        path: Its folder.
        name: What its pictures are called.
        pictures: What names them.
        settings: Its settings.
        layout: The pictures as it was told to use them, before any of them is read.
        told: What its own manifests relabelled.
        data: The pictures with classes and splits, and how they become squares.
        predictions: What its model says of the validation pictures.
    """

    path: Path
    name: str
    pictures: Path
    settings: TrainSettings
    layout: Layout
    told: dict[str, Told]
    data: ImageData
    predictions: PredictionTable

    @property
    def table(self) -> ImageTable:
        """The pictures."""
        return self.data.table

    @property
    def trained_its_body(self) -> bool:
        """Whether the run trained more than the head."""
        return {5, 8} <= set(self.settings.steps)


def open_run(path: Path, observer: Observer) -> OpenedRun:
    """Reads a finished run and its pictures again.

    Args:
        path: The run's folder.
        observer: Is told of progress.

    Returns:
        The run.

    Raises:
        RunError: If it is no folder of a finished run, or validated no picture.
        CollectionError: If the pictures, or the manifests that the run was told of, are not what they were.
    """
    if not (path / "checkpoints" / BEGUN_FILE).is_file():
        what = "a bundle alone cannot be reviewed" if path.exists() else "there is no such run"
        raise RunError(f"{path}: {what}; name a run folder that unfreeze train finished", subject=path)
    predictions = read_run(path, split="valid").table
    folder = RunFolder(path, was_there=True, is_new=False)
    pictures, settings = folder.begun()
    found = scan_pictures(pictures, settings, observer)
    folder.check_pictures(found.data.table)
    return OpenedRun(
        path=path,
        name=collection_name(pictures),
        pictures=pictures,
        settings=settings,
        layout=found.layout,
        told=told_by_manifests(found.plain, found.layout, label_separator=settings.label_separator),
        data=found.data,
        predictions=predictions,
    )
