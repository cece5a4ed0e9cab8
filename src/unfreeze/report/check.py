"""The doctor's page: what was found in a collection, with thumbnails, in one file that fetches nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unfreeze.audit.examine import Examination
from unfreeze.audit.findings import MEANINGS, Finding, Grade, Kind, Meaning, must_be_mended
from unfreeze.errors import PictureError
from unfreeze.images.decode import decode
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.report.page_text import rendered
from unfreeze.report.pictures import thumbnail

SHOWN = 24
THUMBNAIL_PX = 140
SHORT_SIDE_PX = 2 * THUMBNAIL_PX

GRADES = {Grade.MEND: "to be mended", Grade.LOOK: "to be looked at", Grade.NOTE: "worth knowing"}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A finding as the page shows it.

    Attributes:
        finding: What was found.
        pictures: Path, classes and thumbnail of each picture that it is about; a thumbnail is empty where the picture
            cannot be read.
    """

    finding: Finding
    pictures: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, kw_only=True)
class Section:
    """All findings of one kind.

    Attributes:
        kind: The kind.
        meaning: What it means.
        count: How many there are.
        shown: The first of them.
    """

    kind: Kind
    meaning: Meaning
    count: int
    shown: Sequence[Shown]


def check_page(examination: Examination, *, title: str, squares: str = "") -> str:
    """Renders what the doctor found.

    Args:
        examination: What was found.
        title: Name of the collection.
        squares: A part of the page, in HTML, on what the ways to a square lose; none unless said otherwise.

    Returns:
        HTML; whatever comes from file and class names is escaped.
    """
    return rendered(
        "check.html.jinja",
        title=title,
        table=examination.table,
        verdict=verdict(examination),
        accuracy=examination.accuracy_in_words(),
        leak=examination.leak,
        probes=examination.probes,
        sections=_sections(examination),
        grades=GRADES,
        squares=squares,
        splits=_splits(examination.table),
    )


def verdict(examination: Examination) -> str:
    """What the findings come to, in a sentence.

    Args:
        examination: What was found.

    Returns:
        The sentence.
    """
    pictures = f"{len(examination.table.rows):,} pictures of {len(examination.table.classes)} classes"
    if must_be_mended(examination.findings):
        return f"{pictures}: mend what is marked so before you trust a figure."
    if any(found.grade is Grade.LOOK for found in examination.findings):
        return f"{pictures}: nothing has to be mended; some things should be looked at."
    return f"{pictures}: nothing was found that would flatter or break a model."


def _splits(table: ImageTable) -> Mapping[str, int]:
    return {split: len(rows) for split in ("train", "valid", "test") if (rows := table.of_split(split))}


def _sections(examination: Examination) -> list[Section]:
    by_kind: dict[Kind, list[Finding]] = {}
    for found in examination.findings:
        by_kind.setdefault(found.kind, []).append(found)
    rows = {row.path: row for row in examination.table.rows}
    return [
        Section(
            kind=kind,
            meaning=MEANINGS[kind],
            count=len(findings),
            shown=[_shown(examination.table, rows, found) for found in findings[:SHOWN]],
        )
        for kind, findings in by_kind.items()
    ]


def _shown(table: ImageTable, rows: Mapping[str, ImageRow], found: Finding) -> Shown:
    paths = [path for path in (found.path, found.related) if path in rows]
    return Shown(finding=found, pictures=[_picture(table, rows[path]) for path in paths])


def _picture(table: ImageTable, row: ImageRow) -> tuple[str, str, str]:
    classes = ", ".join(table.classes[label] for label in row.labels)
    try:
        image = decode(table.read(row), path=row.path, short_side_px=SHORT_SIDE_PX)
    except (PictureError, OSError):  # gone since it was examined
        return row.path, classes, ""
    return row.path, classes, thumbnail(image, side_px=THUMBNAIL_PX)
