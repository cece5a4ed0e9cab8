"""Opens a finished run for its review: the pictures as the run saw them, what it said of them, and its settings."""

import os
from dataclasses import dataclass
from pathlib import Path

from unfreeze.errors import RunError
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.images.amended import amended
from unfreeze.images.collection import collection_layout, collection_name
from unfreeze.images.folds import folds
from unfreeze.images.layout import Layout
from unfreeze.images.scan import scan_layout
from unfreeze.images.table import ImageTable
from unfreeze.learner.data import ImageData
from unfreeze.learner.observer import Observer
from unfreeze.network.backbones import preprocessing
from unfreeze.recipe.compare import read_run
from unfreeze.recipe.run_folder import BEGUN_FILE, RunFolder
from unfreeze.recipe.settings import TrainSettings
from unfreeze.serve.review.corrections import Told, told_by_manifests
from unfreeze.transforms.transform import Transform


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
    plain = collection_layout(pictures, columns=settings.columns)
    layout = amended(
        plain,
        exclude=settings.exclude,
        exclude_kinds=settings.exclude_kinds,
        relabel=settings.relabel,
        label_separator=settings.label_separator,
    )
    table = _scanned(layout, settings, observer)
    folder.check_pictures(table)
    return OpenedRun(
        path=path,
        name=collection_name(pictures),
        pictures=pictures,
        settings=settings,
        layout=layout,
        told=told_by_manifests(plain, layout, label_separator=settings.label_separator),
        data=_data(table, settings),
        predictions=predictions,
    )


def _scanned(layout: Layout, settings: TrainSettings, observer: Observer) -> ImageTable:
    table = scan_layout(
        layout,
        valid_share=settings.valid_share,
        seed=settings.seed,
        max_broken_share=settings.max_broken_share,
        threads=os.cpu_count() or 1,
        progress=lambda done, total: observer.progress("reading pictures", done, total),
        use_cache=settings.use_store,
    )
    if settings.fold:
        fold, count = settings.fold
        table = folds(table, count, fold, seed=settings.seed)
    return table


def _data(table: ImageTable, settings: TrainSettings) -> ImageData:
    expected = preprocessing(settings.backbone)
    transform = Transform(
        size_px=settings.size or expected.size_px,
        square=settings.square,
        crop_share=expected.crop_share,
        augment=settings.augment,
        seed=settings.seed,
    )
    return ImageData(table=table, transform=transform, threads=os.cpu_count() or 1)
