"""How good a model is: on the pictures that its run predicted, or on new labelled ones."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unfreeze.deploy.bundle import SETTINGS_FILE
from unfreeze.deploy.predictor import Predictor
from unfreeze.errors import CollectionError, RunError, SettingsError
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.images.collection import collection_layout
from unfreeze.images.columns import Columns
from unfreeze.images.csv_file import DEFAULT_COLUMNS
from unfreeze.images.layout import FoundFile, Layout
from unfreeze.images.table import ImageTable, Quarantined
from unfreeze.recipe.compare import PREDICTIONS_FILE, read_run
from unfreeze.recipe.evaluation_page import evaluation_page
from unfreeze.recipe.figures import result_figures
from unfreeze.recipe.known_pictures import known_notes, known_pictures
from unfreeze.recipe.labelled import NEW, Progress, predict_labelled

NAMED = 5


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
        page: The page of new pictures, HTML; None where the pictures were not read.
    """

    run: Path
    pictures: Path | None
    table: PredictionTable
    images: ImageTable | None = None
    notes: tuple[str, ...] = ()
    tta_seconds: float | None = None
    page: str | None = None

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
    layout = collection_layout(pictures, columns=columns, needs_training=False)
    _check_labels(layout, predictor)
    files = _of_split(layout, split)
    _check_classes(layout, files, predictor.classes)
    found = predict_labelled(predictor, layout, files, tta=tta, progress=progress)
    broken = found.images.quarantined
    if not found.table.paths:
        raise CollectionError(f"{layout.source}: {_broken_note(broken)}; mend them first", subject=layout.source)
    notes = [
        *layout.notes,
        *([_broken_note(broken)] if broken else []),
        *_missing(found.table),
        *known_notes(found.images.rows, known_pictures(run)),
    ]
    return Evaluation(
        run=run,
        pictures=pictures,
        table=found.table,
        images=found.images,
        notes=tuple(notes),
        tta_seconds=found.tta_seconds,
        page=evaluation_page(predictor, pictures, found, {"run": str(run), "notes": notes}),
    )


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
        raise CollectionError(
            f"{layout.source}: no pictures of split {split!r}; there are {known}", subject=layout.source
        )
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
        f"{layout.source}: classes that the model does not know: {found}{more}; it knows {known}; "
        "rename them, or leave them out"
    )
    raise CollectionError(message, subject=next(iter(unknown)))


def _broken_note(broken: Sequence[Quarantined]) -> str:
    named = "; ".join(f"{found.path} ({found.reason})" for found in broken[:NAMED])
    more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    what = "1 file cannot be decoded and is" if len(broken) == 1 else f"{len(broken)} files cannot be decoded and are"
    return f"{what} left out: {named}{more}"


def _missing(table: PredictionTable) -> Iterator[str]:
    """A note on classes of the model of which there is no picture."""
    has = table.objective.indicator(table.targets, len(table.classes))  # (N, C)
    if missing := [name for label, name in enumerate(table.classes) if not has[:, label].any()]:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        yield f"no picture of {', '.join(missing[:NAMED])}{more}: nothing is said of how well that is recognised"
