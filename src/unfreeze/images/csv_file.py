"""Reads a table of paths and labels from a CSV or TSV file; what it says of the pictures, `listing` checks."""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from unfreeze.errors import CollectionError
from unfreeze.images.columns import Columns
from unfreeze.images.layout import Layout
from unfreeze.images.list_faults import ListedPicture
from unfreeze.images.listing import located_layout
from unfreeze.images.located import unlisted_note
from unfreeze.images.several_labels import parted

DELIMITERS = ",;\t"
WIDE_MARKS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
"""How files begin that Excel writes as 'Unicode text'."""

DEFAULT_COLUMNS = Columns()

Record = tuple[int, list[str]]
"""Number of its first line, from 1, and its fields without the blanks around them."""


def csv_layout(
    path: str | Path,
    *,
    root: str | Path | None = None,
    columns: Columns = DEFAULT_COLUMNS,
    needs_training: bool = True,
) -> Layout:
    """Takes a collection from a CSV or TSV file: a header, one row a picture, in UTF-8 or, with its mark, UTF-16.

    Fields are parted by tabs in a file named `.tsv`, else by what parts the header: comma, semicolon or tab. Blanks
    around a field do not count, and lines without text are passed over.

    Args:
        path: The file.
        root: The folder that relative paths start from; the file's own unless said otherwise.
        columns: Names of the columns, and how labels are read.
        needs_training: Whether a class must have training pictures; a model that is there is tested without any.

    Returns:
        The files, each once. A note names the pictures below the root that have no row.

    Raises:
        CollectionError: If the file cannot be read, lacks a column or has faults; the message names the first of
            them by line.
    """
    path = Path(path)
    found = records(path)
    _, header = next(found, (1, []))
    places = columns.within(header, source=path)
    rows = [_listed(record, places, len(header), columns.label_separator) for record in found]
    start = path.parent if root is None else Path(root)
    layout, located = located_layout(
        rows,
        source=str(path),
        root=start,
        multilabel=bool(columns.label_separator),
        needs_training=needs_training,
    )
    unused = [name for index, name in enumerate(header) if name and index not in places.values()]
    notes = [f"columns that are not used: {', '.join(unused)}"] if unused else []
    missing = unlisted_note(start, located) if layout.root == start else ()  # elsewhere may lie anything
    return replace(layout, notes=(*notes, *layout.notes, *missing))


def delimiter_of(header: str) -> str:
    r"""What parts the fields of a header: the one of comma, semicolon and tab that is most frequent there.

    Args:
        header: The first line of a file.

    Returns:
        The delimiter; a comma where there is none, as in a file of one column.

    >>> delimiter_of("path;label;comment, if any"), delimiter_of("path\tlabel"), delimiter_of("path")
    (';', '\t', ',')
    """
    return max(DELIMITERS, key=header.count)


def records(path: Path, *, any_bytes: bool = False) -> Iterator[Record]:
    """The records of a CSV or TSV file that hold any text, its header first; `csv_layout` says how they are written.

    Args:
        path: The file.
        any_bytes: Whether bytes that are no UTF-8 may stand in it, as they do in names of files on some systems.

    Yields:
        Number of a record's first line, and its fields.

    Raises:
        CollectionError: If the file cannot be read.
    """
    lines = io.StringIO(_text(path, any_bytes), newline="")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else delimiter_of(next(filter(str.strip, lines), ""))
    lines.seek(0)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield line, [field.strip() for field in fields]
            line = reader.line_num + 1  # a quoted field may hold line breaks
    except csv.Error as error:
        message = f"{path}: cannot be read from line {line} on ({error}); look for a quotation mark that is not closed"
        raise CollectionError(message, subject=path) from error


def _text(path: Path, any_bytes: bool) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CollectionError(f"{path}: cannot be read ({error.strerror}); name a CSV file", subject=path) from error
    encoding = WIDE_MARKS.get(data[:2], "UTF-8")
    try:
        if encoding == "UTF-16":
            return data.decode("utf-16")
        return data.decode("utf-8-sig", "surrogateescape" if any_bytes else "strict")
    except UnicodeDecodeError as error:
        line = len(data[: error.start].decode(encoding, errors="replace").split("\n"))
        found = f"byte 0x{error.object[error.start]:02x} in line {line}"
        raise CollectionError(f"{path}: is not {encoding} ({found}); save it as UTF-8", subject=path) from error


def _listed(record: Record, places: Mapping[str, int], width: int, separator: str) -> ListedPicture:
    """A record as a picture; fields that are too many or too few may each stand in a wrong column."""
    line, fields = record
    if len(fields) != width:
        fault = f"{len(fields)} fields where the header has {width}; put a field that holds the delimiter in quotes"
        return ListedPicture(f"line {line}", "", (), fault=fault)
    found = {role: fields[place] for role, place in places.items()}
    labels = parted(found["label"], separator) if separator else (found["label"],)
    return ListedPicture(f"line {line}", found["path"], labels, found.get("split", ""), found.get("group", ""))
