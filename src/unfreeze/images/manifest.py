"""Reads manifests: CSV files in which a user has decided on single pictures of a collection, which stay as they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unfreeze.errors import CollectionError, nearest
from unfreeze.images.csv_file import Record, records
from unfreeze.images.layout import SPLIT_NAMES
from unfreeze.images.list_faults import faults_in_words
from unfreeze.images.table import Split

Action = Literal["exclude", "relabel"]

ACTIONS = ("keep", "exclude", "relabel")
REQUIRED: dict[Action, tuple[str, ...]] = {"exclude": ("path",), "relabel": ("path", "label")}
OPTIONAL: dict[Action, tuple[str, ...]] = {"exclude": ("action", "kind"), "relabel": ("action", "split")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a row of a manifest says of one picture.

    Attributes:
        source: The manifest.
        line: Where the row stands in it, from 1.
        path: The picture's path as it is written there.
        kind: Kind of the finding that the row is; empty where the manifest has no kinds.
        label: The label that the picture is to have, as it is written.
        split: What the picture is to be used for; None where that stays as it is.
    """

    source: Path
    line: int
    path: str
    kind: str = ""
    label: str = ""
    split: Split | None = None

    @property
    def place(self) -> str:
        """The manifest and the line, in words for a message."""
        return f"{self.source}, line {self.line}"


def read_manifest(path: str | Path, action: Action) -> tuple[Entry, ...]:
    """Reads what is to be left out, or relabelled, from a CSV or TSV file with a header.

    A column `path` is needed, and `label` to relabel; `split` may say what a relabelled picture is used for. Where
    there is a column `action`, rows with another action than the one that is asked for are passed over; an empty one
    means it. A list of findings has a column `kind`, and its rows without a path, which are about the whole
    collection, are passed over. Other columns are of no account.

    Args:
        path: The file.
        action: What the file is used for.

    Returns:
        The rows that say so, in the file's order.

    Raises:
        CollectionError: If the file cannot be read or has faults; the message counts all and names the first by line.
    """
    path = Path(path)
    found = records(path, any_bytes=True)  # as a list of findings may have them
    _, header = next(found, (1, []))
    columns = _columns(path, header, action)
    faults: list[str] = []
    entries: list[Entry] = []
    for record in found:
        values = {name: record[1][index] for name, index in columns.items() if index < len(record[1])}
        if values.get("action", "") not in ("", action, *ACTIONS):
            known = f"actions are {', '.join(ACTIONS)}{nearest(values['action'], ACTIONS)}"
            faults.append(f"line {record[0]}: there is no action {values['action']!r}; {known}")
        elif values.get("action", "") in ("", action):
            faults += (f"line {record[0]}: {fault}" for fault in _row_faults(record, values, len(header)))
            entries.append(_entry(path, record[0], values))
    if faults:
        raise CollectionError(f"{path}: {faults_in_words(faults)}; mend the file", subject=path)
    return tuple(entry for entry in entries if entry.path)


def _columns(path: Path, header: Sequence[str], action: Action) -> dict[str, int]:
    """Where the columns stand that are of account."""
    faults = [f"no column {name!r}{nearest(name, header)}" for name in REQUIRED[action] if name not in header]
    wanted = [name for name in (*REQUIRED[action], *OPTIONAL[action]) if name in header]
    faults += [f"{header.count(name)} columns {name!r}" for name in wanted if header.count(name) > 1]
    if faults:
        found = f"the header has {', '.join(header)}" if header else "the file is empty"
        advice = f"to {action} pictures takes the columns {' and '.join(REQUIRED[action])}"
        raise CollectionError(f"{path}: {'; '.join(faults)}; {found}; {advice}", subject=path)
    return {name: header.index(name) for name in wanted}


def _row_faults(record: Record, values: Mapping[str, str], width: int) -> Iterator[str]:
    if len(record[1]) != width:
        fields = f"{len(record[1])} fields where the header has {width}"
        yield f"{fields}; put a field that holds the delimiter in quotes"
    elif not values["path"] and "kind" not in values:
        yield "the path is empty"
    split = values.get("split", "")
    if split and split.lower() not in SPLIT_NAMES:
        yield f"there is no split {split!r}; splits are {', '.join(SPLIT_NAMES)}{nearest(split, SPLIT_NAMES)}"


def _entry(path: Path, line: int, values: Mapping[str, str]) -> Entry:
    return Entry(
        source=path,
        line=line,
        path=values.get("path", ""),
        kind=values.get("kind", ""),
        label=values.get("label", ""),
        split=SPLIT_NAMES.get(values.get("split", "").lower()),
    )
