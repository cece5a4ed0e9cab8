"""A run's pictures, as its settings have them."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from unfreeze.audit.quick import quick_findings, worth_saying
from unfreeze.images.amended import amended
from unfreeze.images.collection import collection_layout
from unfreeze.images.folds import folds
from unfreeze.images.layout import Layout
from unfreeze.images.scan import scan_layout
from unfreeze.images.table import ImageTable
from unfreeze.learner.data import ImageData
from unfreeze.learner.observer import Observer
from unfreeze.network.backbones import preprocessing
from unfreeze.recipe.settings import TrainSettings
from unfreeze.transforms.transform import Transform


@dataclass(frozen=True, kw_only=True)
class RunPictures:
    """A run's pictures, before and after they were read.

    Attributes:
        plain: The collection as it lies there.
        layout: The collection as the run was told to use it.
        data: The pictures, ready for the backbone.
    """

    plain: Layout
    layout: Layout
    data: ImageData


def read_pictures(pictures: Path, settings: TrainSettings, watcher: Observer) -> ImageData:
    """Scans a run's pictures, amends and splits them, and makes them ready for the backbone.

    Args:
        pictures: What names the pictures.
        settings: The run's settings.
        watcher: Is told what was found.

    Returns:
        The pictures.

    Raises:
        UnfreezeError: If pictures, lists or settings cannot be used.
    """
    data = scan_pictures(pictures, settings, watcher).data
    found = quick_findings(data.table, size_px=data.transform.size_px)
    table = replace(data.table, notes=(*data.table.notes, *worth_saying(found)))
    for note in (_summary(table), *table.notes):
        watcher.note(note)
    return replace(data, table=table)


def scan_pictures(pictures: Path, settings: TrainSettings, watcher: Observer) -> RunPictures:
    """Does the same and looks for nothing; arguments and errors as of `read_pictures`.

    Args:
        pictures: What names the pictures.
        settings: The run's settings.
        watcher: Is told of progress.

    Returns:
        The pictures, and what names them before they are read.
    """
    threads = settings.threads or os.cpu_count() or 1
    plain = collection_layout(pictures, columns=settings.columns, relabels=bool(settings.relabel))
    layout = amended(
        plain,
        exclude=settings.exclude,
        exclude_kinds=settings.exclude_kinds,
        relabel=settings.relabel,
        label_separator=settings.label_separator,
    )
    table = scan_layout(
        layout,
        valid_share=settings.valid_share,
        seed=settings.seed,
        max_broken_share=settings.max_broken_share,
        threads=threads,
        progress=lambda done, total: watcher.progress("reading pictures", done, total),
        use_cache=settings.use_store,
    )
    if settings.fold:
        fold, count = settings.fold
        table = folds(table, count, fold, seed=settings.seed)
    data = ImageData(
        table=table,
        transform=settings_transform(settings),
        batch_size=settings.batch_size,
        stored_views=settings.views,
        threads=threads,
    )
    return RunPictures(plain=plain, layout=layout, data=data)


def settings_transform(settings: TrainSettings) -> Transform:
    """How a run's pictures become squares: as its settings say, and as its backbone expects them where they do not."""
    expected = preprocessing(settings.backbone)
    return Transform(
        size_px=settings.size or expected.size_px,
        square=settings.square,
        crop_share=expected.crop_share,
        augment=settings.augment,
        seed=settings.seed,
    )


def _summary(table: ImageTable) -> str:
    counts = ", ".join(f"{len(rows)} {name}" for name in ("train", "valid", "test") if (rows := table.of_split(name)))
    kinds = "labels, any number of them a picture" if table.multilabel else "classes"
    return f"{len(table.rows)} pictures of {len(table.classes)} {kinds} ({counts})"
