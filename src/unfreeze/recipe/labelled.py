"""Predicts labelled pictures with a bundle: a table of predictions, and the pictures beside it."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.deploy.predictor import SCORED_AT_A_TIME, Predictor
from unfreeze.errors import PictureError
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.images.content import content_hash
from unfreeze.images.decode import probe
from unfreeze.images.layout import FoundFile, Layout
from unfreeze.images.table import ImageRow, ImageTable, Quarantined
from unfreeze.parallel import in_parallel
from unfreeze.transforms.views import TTA_VIEWS

NEW = "new"
"""The split of pictures of which nothing says what they are for."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class LabelledPictures:
    """Pictures and what a model says of them.

    Attributes:
        images: Those that can be decoded, and the files that cannot.
        table: The predictions, in the same order.
        tta_seconds: What a picture takes longer with test-time augmentation, by the clock with all cores at work; None
            where that was not asked for.
    """

    images: ImageTable
    table: PredictionTable
    tta_seconds: float | None = None


def predict_labelled(
    predictor: Predictor,
    layout: Layout,
    files: Sequence[FoundFile],
    *,
    tta: bool = False,
    progress: Progress | None = None,
) -> LabelledPictures:
    """Reads and predicts files, as many at a time as there are cores.

    Args:
        predictor: The model, which knows all of the files' classes.
        layout: What the files are of.
        files: Which of them.
        tta: Whether they are predicted once more with test-time augmentation.
        progress: Is told what is done, how many pictures are, and how many there are.

    Returns:
        The pictures; one that cannot be decoded is set aside with the reason.
    """
    look = _Look(predictor, layout, progress)
    good, broken, distances = look.at(files)
    images = _images(layout, good, broken, predictor)
    table = _table(good, images, predictor)
    if predictor.can_refuse:
        table = table.with_distances(np.array(distances, np.float32))
    if not tta or not good:
        return LabelledPictures(images=images, table=table)
    table, seconds = look.again(table, [row.file for row in good])
    return LabelledPictures(images=images, table=table, tta_seconds=seconds)


@dataclass(frozen=True, slots=True)
class _Good:
    """A file that was decoded, and the probabilities (C,) that the model gives it."""

    file: FoundFile
    content: str
    width: int
    height: int
    probabilities: Floats


class _Look:
    """Reads files and predicts them, so many at a time as there are cores.

    Args:
        predictor: The model.
        layout: Where the files lie.
        progress: Is told of each.
    """

    def __init__(self, predictor: Predictor, layout: Layout, progress: Progress | None) -> None:
        self._predictor, self._storage, self._progress = predictor, layout.storage, progress
        self._seconds = 0.0

    def at(self, files: Sequence[FoundFile]) -> tuple[list[_Good], list[Quarantined], list[float | None]]:
        """Files with what is said of their plain view, those that cannot be decoded, and the distances."""
        good: list[_Good] = []
        broken: list[Quarantined] = []
        waiting: list[Floats] = []
        distances: list[float | None] = []
        started = time.perf_counter()
        for found in self._each("predicting", files, self._plain):
            if isinstance(found, Quarantined):
                broken.append(found)
                continue
            row, features = found
            good.append(row)
            waiting.append(features)
            if len(waiting) == SCORED_AT_A_TIME:
                distances += self._predictor.distances(waiting)
                waiting.clear()
        distances += self._predictor.distances(waiting)
        self._seconds = (time.perf_counter() - started) / max(len(good), 1)
        return good, broken, distances

    def again(self, table: PredictionTable, files: Sequence[FoundFile]) -> tuple[PredictionTable, float]:
        """The table with test-time augmentation, and the seconds that a picture took longer than on the plain view."""
        started, found = time.perf_counter(), list(self._each("predicting views", files, self._augmented))
        seconds = (time.perf_counter() - started) / len(files) - self._seconds
        return table.with_tta(np.array(found, np.float32).reshape(table.probabilities.shape)), max(0.0, seconds)

    def _each(self, task: str, files: Sequence[FoundFile], function: Callable[[FoundFile], Any]) -> Iterator[Any]:
        for done, found in enumerate(in_parallel(function, files, threads=os.cpu_count() or 1), 1):
            if self._progress:
                self._progress(task, done, len(files))
            yield found

    def _plain(self, file: FoundFile) -> tuple[_Good, Floats] | Quarantined:
        try:
            data = self._storage.read(file.path)
            probed = probe(data, path=file.path)
            probabilities, features = self._predictor.outputs(data, path=file.path)
        except PictureError as error:
            return Quarantined(file.path, str(error).removeprefix(f"{file.path}: "))
        except OSError as error:
            return Quarantined(file.path, error.strerror or str(error))
        return _Good(file, content_hash(data), probed.width, probed.height, probabilities), features

    def _augmented(self, file: FoundFile) -> np.ndarray:
        return self._predictor.probabilities(self._storage.read(file.path), path=file.path, tta_views=TTA_VIEWS)


def _images(layout: Layout, good: Sequence[_Good], broken: Sequence[Quarantined], predictor: Predictor) -> ImageTable:
    numbers = {name: label for label, name in enumerate(predictor.classes)}
    rows = tuple(
        ImageRow(
            path=row.file.path,
            labels=tuple(sorted(numbers[name] for name in row.file.class_names)),
            split=row.file.split or "test",  # a picture of no split has had no part in anything
            content=row.content,
            width=row.width,
            height=row.height,
            group=row.file.group,
        )
        for row in good
    )
    return ImageTable(
        root=layout.root,
        classes=predictor.classes,
        rows=rows,
        storage=layout.storage,
        quarantined=tuple(broken),
        multilabel=layout.multilabel,
    )


def _table(good: Sequence[_Good], images: ImageTable, predictor: Predictor) -> PredictionTable:
    classes, objective = predictor.classes, predictor.objective
    probabilities = np.array([row.probabilities for row in good], np.float32).reshape(len(good), len(classes))
    targets = objective.targets([row.labels for row in images.rows], len(classes)).astype(np.int64)
    return PredictionTable(
        classes=classes,
        paths=tuple(row.file.path for row in good),
        splits=tuple(row.file.split or NEW for row in good),
        targets=targets,
        probabilities=probabilities,
        losses=objective.losses_of(probabilities, targets),
    )
