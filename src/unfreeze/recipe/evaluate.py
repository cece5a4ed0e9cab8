"""How good a model is: on the pictures that its run predicted, or on new labelled ones."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unfreeze.deploy.bundle import SETTINGS_FILE
from unfreeze.deploy.predictor import Prediction, Predictor
from unfreeze.errors import CollectionError, PictureError, RunError, SettingsError, nearest
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.images.collection import collection_layout
from unfreeze.images.columns import Columns
from unfreeze.images.csv_file import DEFAULT_COLUMNS
from unfreeze.images.decode import probe
from unfreeze.images.layout import FoundFile, Layout
from unfreeze.images.scan import content_hash
from unfreeze.images.table import ImageRow, ImageTable, Quarantined
from unfreeze.parallel import in_parallel
from unfreeze.recipe.compare import PREDICTIONS_FILE, read_run
from unfreeze.recipe.figures import result_figures
from unfreeze.recipe.known_pictures import known_notes, known_pictures

NEW = "new"
"""The split of pictures of which nothing says what they are for."""

TTA_VIEWS = 4
NAMED = 5

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A model's answers to labelled pictures, and what follows from them.

    Attributes:
        run: The run, or the bundle.
        pictures: What named the pictures; None where they are those of the run's own table.
        table: The predictions.
        images: The pictures; None where they were not read.
        notes: What the user should know, one sentence each.
        tta_seconds: What a picture takes longer with test-time augmentation; None where that was not measured.
    """

    run: Path
    pictures: Path | None
    table: PredictionTable
    images: ImageTable | None = None
    notes: tuple[str, ...] = ()
    tta_seconds: float | None = None

    def plain(self) -> dict[str, Any]:
        """All of it but the table, as `figures.json` has it."""
        quarantined = self.images.quarantined if self.images else ()
        return {
            "run": str(self.run),
            "pictures": None if self.pictures is None else str(self.pictures),
            "quarantined": [{"path": broken.path, "reason": broken.reason} for broken in quarantined],
            "notes": list(self.notes),
            "tta_seconds": self.tta_seconds,
            "figures": result_figures(self.table),
        }


def evaluate_run(run: Path, *, split: str | None = None) -> Evaluation:
    """Takes a run's own predictions: no picture is read and no model loaded.

    Args:
        run: A run folder, or a table of predictions.
        split: Only these pictures, such as "test".

    Returns:
        The evaluation.

    Raises:
        RunError: If there is no such table, or no picture of the split in it.
    """
    if (run / SETTINGS_FILE).is_file() and not (run / PREDICTIONS_FILE).exists():
        message = f"{run}: a model alone holds no predictions; name labelled pictures after it, or its run folder"
        raise RunError(message, subject=run)
    return Evaluation(run=run, pictures=None, table=read_run(run, split=split).table)


def evaluate_pictures(
    run: Path,
    pictures: Path,
    *,
    columns: Columns = DEFAULT_COLUMNS,
    split: str | None = None,
    tta: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Predicts labelled pictures with a run's model, without torch.

    Args:
        run: A run folder, or a bundle.
        pictures: A collection: anything that `collection_layout` understands. A folder of class folders is one split,
            "new".
        columns: How a CSV file is read.
        split: Only these pictures.
        tta: Whether each picture is predicted with test-time augmentation as well.
        progress: Is told what is done, how many pictures are, and how many there are.

    Returns:
        The evaluation; files that cannot be decoded are left out and named in its notes.

    Raises:
        CollectionError: If there are no pictures, none can be decoded, or one is of a class that the model lacks.
        SettingsError: If the model and the pictures differ in how many labels a picture has.
        BundleError: If there is no whole model.
    """
    predictor = Predictor(run, threads=os.cpu_count() or 1)
    layout = collection_layout(pictures, columns=columns)
    _check_labels(layout, predictor)
    files = _of_split(layout, split)
    _check_classes(layout, files, predictor.classes)
    look = _Look(predictor, layout, progress)
    good, broken = look.at(files)
    if not good:
        raise CollectionError(f"{layout.source}: {_broken_note(broken)}; mend or remove them", subject=layout.source)
    images, table = _tables(layout, good, broken, predictor)
    seconds = None
    if tta:
        table, seconds = look.again(table, [row.file for row in good])
    notes = [
        *layout.notes,
        *([_broken_note(broken)] if broken else []),
        *_missing(table),
        *known_notes(images.rows, known_pictures(run)),
    ]
    return Evaluation(
        run=run, pictures=pictures, table=table, images=images, notes=tuple(notes), tta_seconds=seconds
    )


@dataclass(frozen=True, slots=True)
class _Good:
    """A file that was decoded, and what the model says of it."""

    file: FoundFile
    content: str
    width: int
    height: int
    prediction: Prediction


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

    def at(self, files: Sequence[FoundFile]) -> tuple[list[_Good], list[Quarantined]]:
        """Files with their predictions on the plain view, and those that cannot be decoded."""
        started, found = time.perf_counter(), list(self._each("predicting", files, self._plain))
        good = [row for row in found if isinstance(row, _Good)]
        self._seconds = (time.perf_counter() - started) / max(len(good), 1)
        return good, [row for row in found if isinstance(row, Quarantined)]

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

    def _plain(self, file: FoundFile) -> _Good | Quarantined:
        try:
            data = self._storage.read(file.path)
            probed = probe(data, path=file.path)
            prediction = self._predictor.answer(data, path=file.path)
        except PictureError as error:
            return Quarantined(file.path, str(error).removeprefix(f"{file.path}: "))
        except OSError as error:
            return Quarantined(file.path, error.strerror or str(error))
        return _Good(file, content_hash(data), probed.width, probed.height, prediction)

    def _augmented(self, file: FoundFile) -> np.ndarray:
        return self._predictor.probabilities(self._storage.read(file.path), path=file.path, tta_views=TTA_VIEWS)


def _check_labels(layout: Layout, predictor: Predictor) -> None:
    if layout.multilabel == predictor.objective.several:
        return
    what = (
        f"the model gives a picture one class, and {layout.source} any number of labels; leave --label-separator away"
        if layout.multilabel
        else f"the model gives a picture any number of labels, and {layout.source} one class; "
        "name a CSV file with --label-separator"
    )
    raise SettingsError(f"--label-separator: {what}", subject="label-separator")


def _of_split(layout: Layout, split: str | None) -> list[FoundFile]:
    files = [file for file in layout.files if split in (None, file.split or NEW)]
    if not files:
        known = ", ".join(sorted({file.split or NEW for file in layout.files}))
        raise CollectionError(f"{layout.source}: no pictures of split {split!r}; there are {known}", subject=layout.source)
    return files


def _check_classes(layout: Layout, files: Sequence[FoundFile], classes: Sequence[str]) -> None:
    counts = Counter(name for file in files for name in file.class_names)
    unknown = {name: count for name, count in sorted(counts.items()) if name not in classes}
    if not unknown:
        return
    found = ", ".join(f"{name} ({count} pictures)" for name, count in list(unknown.items())[:NAMED])
    more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
    known = ", ".join(classes[:NAMED]) + (f" and {len(classes) - NAMED} more" if len(classes) > NAMED else "")
    message = (
        f"{layout.source}: classes that the model does not know: {found}{more}; it knows {known}"
        f"{nearest(next(iter(unknown)), classes)}; rename or leave them out"
    )
    raise CollectionError(message, subject=next(iter(unknown)))


def _tables(
    layout: Layout, good: Sequence[_Good], broken: Sequence[Quarantined], predictor: Predictor
) -> tuple[ImageTable, PredictionTable]:
    """The pictures, and what is said of them."""
    numbers = {name: label for label, name in enumerate(predictor.classes)}
    labels = [tuple(sorted(numbers[name] for name in row.file.class_names)) for row in good]
    rows = tuple(
        # A picture of no split has had no part in anything: a test picture.
        ImageRow(row.file.path, own, row.file.split or "test", row.content, row.width, row.height, row.file.group)
        for row, own in zip(good, labels, strict=True)
    )
    images = ImageTable(
        root=layout.root,
        classes=predictor.classes,
        rows=rows,
        storage=layout.storage,
        quarantined=tuple(broken),
        multilabel=layout.multilabel,
    )
    probabilities = np.array([row.prediction.probabilities for row in good], np.float32)
    targets = predictor.objective.targets(labels, len(numbers)).astype(np.int64)
    table = PredictionTable(
        classes=predictor.classes,
        paths=tuple(row.file.path for row in good),
        splits=tuple(row.file.split or NEW for row in good),
        targets=targets,
        probabilities=probabilities,
        losses=predictor.objective.losses_of(probabilities, targets),
    )
    return images, table


def _broken_note(broken: Sequence[Quarantined]) -> str:
    named = "; ".join(f"{found.path} ({found.reason})" for found in broken[:NAMED])
    more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    return f"{len(broken)} files cannot be decoded and are left out: {named}{more}"


def _missing(table: PredictionTable) -> Iterator[str]:
    """A note on classes of the model of which there is no picture."""
    seen = table.objective.indicator(table.targets, len(table.classes)).any(0)
    if missing := [name for name, has in zip(table.classes, seen, strict=True) if not has]:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        yield f"no picture of {', '.join(missing[:NAMED])}{more}: nothing is said of how well that is recognised"
