"""Reads a table of paths and labels from a CSV or TSV file; what it says of the pictures, `listing` checks."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from unfreeze.errors import CollectionError, nearest
from unfreeze.images.layout import Layout
from unfreeze.images.listing import ListedPicture, listed_layout

DELIMITERS = ",;\t"
SPLIT_COLUMN = "split"

Record = tuple[int, list[str]]
"""Number of its first line, from 1, and its fields without the blanks around them."""


def csv_layout(
    path: str | Path,
    *,
    root: str | Path | None = None,
    path_column: str = "path",
    label_column: str = "label",
    split_column: str = SPLIT_COLUMN,
) -> Layout:
    """Takes a collection from a CSV or TSV file: UTF-8, a header, one row a picture.

    Fields are parted by tabs in a file named `.tsv`, else by what parts the header: comma, semicolon or tab. Blanks
    around a field do not count, and lines without text are passed over.

    Args:
        path: The file.
        root: The folder that relative paths start from; the file's own unless said otherwise.
        path_column: Name of the column of paths.
        label_column: Name of the column of labels.
        split_column: Name of the column of splits (`train`, `valid`, `val`, `test`, ..., or empty). Only a column of
            the default name may be missing.

    Returns:
        The files, each once.

    Raises:
        CollectionError: If the file cannot be read, lacks a column or has faults; the message names the first of
            them by line.
    """
    path = Path(path)
    found = records(path)
    _, header = next(found, (1, []))
    wanted = [path_column, label_column, split_column]
    if split_column == SPLIT_COLUMN and SPLIT_COLUMN not in header:
        wanted.remove(SPLIT_COLUMN)
    _check_header(path, header, wanted)
    columns = [header.index(name) for name in wanted]
    rows = [_listed(record, columns, len(header)) for record in found]
    layout = listed_layout(rows, source=str(path), root=path.parent if root is None else Path(root))
    unused = [name for name in header if name and name not in wanted]
    notes = (f"columns that are not used: {', '.join(unused)}",) if unused else ()
    return replace(layout, notes=(*notes, *layout.notes))


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


def records(path: Path) -> Iterator[Record]:
    """The records of a CSV or TSV file that hold any text, its header first; `csv_layout` says how they are written.

    Args:
        path: The file.

    Yields:
        Number of a record's first line, and its fields.

    Raises:
        CollectionError: If the file cannot be read.
    """
    lines = io.StringIO(_text(path), newline="")
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


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CollectionError(f"{path}: cannot be read ({error.strerror}); name a CSV file", subject=path) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"{path}: is not UTF-8 (byte 0x{error.object[error.start]:02x} in line {line}); save it as UTF-8"
        raise CollectionError(message, subject=path) from error


def _check_header(path: Path, header: Sequence[str], wanted: Sequence[str]) -> None:
    faults = []
    for name in dict.fromkeys(wanted):
        if name not in header:
            faults.append(f"no column {name!r}{nearest(name, header)}")
        elif header.count(name) > 1:
            faults.append(f"{header.count(name)} columns {name!r}")
    if faults:
        found = f"the header has {', '.join(header)}" if header else "the file is empty"
        advice = "rename a column, or say path_column=, label_column= or split_column="
        raise CollectionError(f"{path}: {'; '.join(faults)}; {found}; {advice}", subject=path)


def _listed(record: Record, columns: Sequence[int], width: int) -> ListedPicture:
    """A record as a picture; fields that are too many or too few may each stand in a wrong column."""
    line, fields = record
    if len(fields) != width:
        fault = f"{len(fields)} fields where the header has {width}; put a field that holds the delimiter in quotes"
        return ListedPicture(f"line {line}", "", "", "", fault)
    path, label, *split = (fields[column] for column in columns)
    return ListedPicture(f"line {line}", path, label, *(split or [""]))
