"""The doctor's page: what was found in a collection, with thumbnails, in one file that fetches nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unfreeze.audit.examine import Examination
from unfreeze.audit.findings import MEANINGS, PAIRED, Finding, Kind, Meaning, by_kind
from unfreeze.audit.pictures import class_names
from unfreeze.errors import PictureError
from unfreeze.images.decode import decode
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.report.page_text import rendered
from unfreeze.report.pictures import thumbnail

SHOWN = 24
THUMBNAIL_PX = 140
SHORT_SIDE_PX = 2 * THUMBNAIL_PX


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
    rows = {row.path: row for row in examination.table.rows}
    return rendered(
        "check.html.jinja",
        title=title,
        table=examination.table,
        verdict=examination.verdict(),
        accuracy=examination.accuracy_in_words(),
        leak=examination.leak,
        doubted=[_shown(examination.table, rows, found) for found in examination.doubted],
        probes=examination.probes,
        sections=_sections(examination, rows),
        squares=squares,
        splits=_splits(examination.table),
    )


def _splits(table: ImageTable) -> Mapping[str, int]:
    return {split: len(rows) for split in ("train", "valid", "test") if (rows := table.of_split(split))}


def _sections(examination: Examination, rows: Mapping[str, ImageRow]) -> list[Section]:
    return [
        Section(
            kind=kind,
            meaning=MEANINGS[kind],
            count=len(findings),
            shown=[_shown(examination.table, rows, found) for found in findings[:SHOWN]],
        )
        for kind, findings in by_kind(examination.findings).items()
    ]


def _shown(table: ImageTable, rows: Mapping[str, ImageRow], found: Finding) -> Shown:
    named = (found.path, found.related) if found.kind in PAIRED else (found.path,)
    paths = [path for path in named if path in rows]
    return Shown(finding=found, pictures=[_picture(table, rows[path]) for path in paths])


def _picture(table: ImageTable, row: ImageRow) -> tuple[str, str, str]:
    classes = class_names(table, row)
    try:
        image = decode(table.read(row), path=row.path, short_side_px=SHORT_SIDE_PX)
    except (PictureError, OSError):  # gone since it was examined
        return row.path, classes, ""
    return row.path, classes, thumbnail(image, side_px=THUMBNAIL_PX)
