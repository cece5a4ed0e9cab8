"""A run's pictures, as its settings have them."""

import os
from dataclasses import replace
from pathlib import Path

from unfreeze.audit.quick import quick_findings, worth_saying
from unfreeze.images.amended import amended
from unfreeze.images.collection import collection_layout
from unfreeze.images.folds import folds
from unfreeze.images.scan import scan_layout
from unfreeze.images.table import ImageTable
from unfreeze.learner.data import ImageData
from unfreeze.learner.observer import Observer
from unfreeze.network.backbones import preprocessing
from unfreeze.recipe.settings import TrainSettings
from unfreeze.transforms.transform import Transform


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
    expected = preprocessing(settings.backbone)
    threads = settings.threads or os.cpu_count() or 1
    transform = Transform(
        size_px=settings.size or expected.size_px,
        square=settings.square,
        crop_share=expected.crop_share,
        augment=settings.augment,
        seed=settings.seed,
    )
    layout = amended(
        collection_layout(pictures, columns=settings.columns, relabels=bool(settings.relabel)),
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
    found = quick_findings(table, size_px=transform.size_px)
    table = replace(table, notes=(*table.notes, *worth_saying(found)))
    for note in (_summary(table), *table.notes):
        watcher.note(note)
    return ImageData(
        table=table,
        transform=transform,
        batch_size=settings.batch_size,
        stored_views=settings.views,
        threads=threads,
    )


def _summary(table: ImageTable) -> str:
    counts = ", ".join(f"{len(rows)} {name}" for name in ("train", "valid", "test") if (rows := table.of_split(name)))
    kinds = "labels, any number of them a picture" if table.multilabel else "classes"
    return f"{len(table.rows)} pictures of {len(table.classes)} {kinds} ({counts})"
