"""Decisions as the file that --relabel and --exclude read: the one that `unfreeze check` writes, decided on."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unfreeze.images.amended import LABEL_SEPARATOR
from unfreeze.images.layout import Layout
from unfreeze.images.table import Split
from unfreeze.serve.review.decisions import Event, in_force, of_pictures

COLUMNS = ("action", "path", "label", "score", "detail")
CARRIED = "as the run was told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the run's own manifests said of a picture.

    Attributes:
        label: Its label, or its labels with the separator between them.
        split: Another split than its own; None where they named none.
    """

    label: str
    split: Split | None


def told_by_manifests(plain: Layout, amended: Layout, *, label_separator: str = "") -> dict[str, Told]:
    """What a run's manifests relabelled, so that one file can say it together with what is decided now.

    Two manifests that give a picture two labels contradict each other, and neither would be taken.

    Args:
        plain: The collection as it lies there.
        amended: The collection as the run was told to use it.
        label_separator: Parts the labels of a picture, where it may have several; a semicolon where it is empty.

    Returns:
        What was said of each picture whose label or split is another, by its path.
    """
    before = {file.path: file for file in plain.files}
    separator = label_separator or LABEL_SEPARATOR
    return {
        file.path: Told(
            label=separator.join(file.class_names), split=file.split if file.split != before[file.path].split else None
        )
        for file in amended.files
        if (file.class_names, file.split) != (before[file.path].class_names, before[file.path].split)
    }


def corrections_file(events: Sequence[Event], told: Mapping[str, Told]) -> bytes:
    """The contents of `corrections.csv`.

    Args:
        events: All events.
        told: What the run's own manifests said.

    Returns:
        The file's bytes, UTF-8; names that are not Unicode keep their bytes.
    """
    decided = of_pictures(in_force(events))
    still = {
        path: said for path, said in told.items() if path not in decided or decided[path].action == "keep"
    }  # whoever keeps a picture keeps the label that the run had
    rows = [("relabel", path, said.label, "", CARRIED) for path, said in still.items()]
    rows += [
        (event.action, path, event.label, event.score, event.detail)
        for path, event in decided.items()
        if path not in still
    ]
    if not any(said.split for said in told.values()):
        return _csv([COLUMNS, *rows])
    splits = {path: said.split or "" for path, said in told.items()}
    return _csv([(*COLUMNS, "split"), *((*row, splits.get(row[1], "")) for row in rows)])


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    # Before Python 3.13 a carriage return in a name is quoted only where lines end in one.
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", errors="surrogateescape")
