"""A collection that is written down as a list: paths and labels, checked whole before a picture is opened."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path

from unfreeze.errors import CollectionError
from unfreeze.images.class_names import name_notes, one_form
from unfreeze.images.layout import FoundFile, Layout
from unfreeze.images.list_faults import ListedPicture, divided_groups, faults_in_words, list_faults, split_of
from unfreeze.images.located import Located, below, common_root, locate, plain
from unfreeze.images.several_labels import parted, several_note
from unfreeze.images.storage import FolderStorage

MOST_MISSING = 0.4
"""Part of a list's files that may not be there; of more, its root is likely to be another folder."""

Labels = Sequence[str] | Sequence[int] | Sequence[Iterable[str | int]]
"""A label for each picture; or labels for each, where a picture may have several of them or none."""


def list_layout(
    paths: Sequence[str | Path],
    labels: Labels,
    *,
    splits: Sequence[str | None] | None = None,
    groups: Sequence[str | None] | None = None,
    root: str | Path | None = None,
) -> Layout:
    """Takes a collection from Python's lists.

    Args:
        paths: Where the pictures are, absolute or below the root.
        labels: Class of each picture, as text or a whole number; or, where pictures may have several labels or none, a
            list of labels for each.
        splits: Split of each picture, by the names that folders may have (`train`, `valid`, `val`, `test`, ...); None
            or "" leaves it open. Without a validation picture some of the training pictures are to be chosen.
        groups: Group of each picture; None or "" for a picture on its own.
        root: The folder that relative paths start from; the current one unless said otherwise.

    Returns:
        The files, each once. Without a root the paths of absolute files are given below their common parent.

    Raises:
        CollectionError: If the lists differ in length or have faults; the message names the first of them by index.
    """
    given: dict[str, Sequence[object]] = {"paths": paths, "labels": labels}
    given |= {name: values for name, values in {"splits": splits, "groups": groups}.items() if values is not None}
    lengths = {name: len(values) for name, values in given.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise CollectionError(f"lists of different lengths: {found}; give one entry a picture", subject="paths")
    return values_layout(given, place="index", source="the lists", root=root)


def values_layout(
    values: dict[str, Sequence[object]],
    *,
    place: str,
    source: str,
    root: str | Path | None,
    separator: str = "",
) -> Layout:
    """Takes a collection from values of Python's, of which any may be of a wrong type or missing.

    Args:
        values: The lists, of equal length: `paths`, `labels`, and perhaps `splits` and `groups`. A missing split or
            group (None or not a number) is none; a group that is no text counts by what it looks like.
        place: What a message calls an entry: "index" or "row", counted from 0.
        source: What an error names as the list.
        root: The folder that relative paths start from; the current one unless said otherwise.
        separator: Parts the labels of a picture where they are one text; empty where a picture has one label, or
            labels are given as a list for each picture.

    Returns:
        The files, each once. Without a root the paths of absolute files are given below their common parent.

    Raises:
        CollectionError: If the lists have faults; the message names the first of them.
    """
    count = len(values["paths"])
    splits, groups = (values.get(name, [None] * count) for name in ("splits", "groups"))
    multilabel = bool(separator) or any(_is_several(label) for label in values["labels"])
    rows = [
        _row(f"{place} {index}", entry, separator, multilabel)
        for index, entry in enumerate(zip(values["paths"], values["labels"], splits, groups, strict=True))
    ]
    if root is None and not all(Path(row.path).is_absolute() for row in rows):
        root = Path.cwd()
    return listed_layout(rows, source=source, root=None if root is None else Path(root), multilabel=multilabel)


def listed_layout(rows: Sequence[ListedPicture], *, source: str, root: Path | None, multilabel: bool = False) -> Layout:
    """Checks a list whole and turns it into the files of a collection.

    Args:
        rows: The list.
        source: What an error names as the list.
        root: The folder that relative paths start from, and that the result's paths are below if all files are; None
            where all paths are absolute and their common parent is to be taken.
        multilabel: Whether a picture may have several labels, or none. Rows of the same picture then add labels.

    Returns:
        The files, each once, sorted by path.

    Raises:
        CollectionError: If the list is empty or has faults: an empty path or label, a file that is not there, an
            unknown split, a picture that two rows give different labels, splits or groups, a label that no training
            picture has. One error counts all of them and names the first few by their place. Files that are not there
            are no faults where they are two of five or fewer, and nothing else is wrong: a note names them, and the
            scan counts them among the broken ones.
    """
    return located_layout(rows, source=source, root=root, multilabel=multilabel)[0]


def located_layout(
    rows: Sequence[ListedPicture], *, source: str, root: Path | None, multilabel: bool, needs_training: bool = True
) -> tuple[Layout, list[Located]]:
    """As `listed_layout`; also says where each row's picture lies, and may do without training pictures."""
    if not rows:
        raise CollectionError(f"{source}: no pictures listed; list a path and a label for each", subject=source)
    written = [label for row in rows for label in row.labels]
    rows = _in_one_form(rows)
    start = plain(root or Path.cwd())
    located = locate([row.path for row in rows], start)
    faults = list(list_faults(rows, located, multilabel=multilabel, needs_training=needs_training))
    missing = _missing(rows, located)
    if len(faults) > len(missing) or len(missing) > MOST_MISSING * len(rows):
        end = f"; mend the list, or name another root (relative paths start from {start})"
        raise CollectionError(f"{source}: {faults_in_words(faults)}{end}", subject=source)
    root, notes = common_root([found.file for found in located], source, root)
    files = _files(rows, located, plain(root))
    about_labels = name_notes(written) if multilabel else (*name_notes(written), *several_note(written))
    notes = (*notes, *_notes(rows, located, files), *about_labels)
    return Layout(root, source, files, FolderStorage(root), notes=notes, multilabel=multilabel), located


def _is_several(label: object) -> bool:
    return isinstance(label, Iterable) and not isinstance(label, (str, bytes))


def _row(place: str, entry: tuple[object, object, object, object], separator: str, multilabel: bool) -> ListedPicture:
    """A row of Python's values; what has a wrong type is its fault."""
    path, label, split, group = entry
    labels = parted(label, separator) if separator and isinstance(label, str) else label
    faults = [] if isinstance(path, (str, os.PathLike)) else [_wrong("path", path)]
    if not multilabel:
        labels = (labels,)
    elif not isinstance(labels, Iterable) or isinstance(labels, (str, bytes)):
        faults.append(f"labels {label!r} are of type {type(label).__name__}; here they are a list, which may be empty")
        labels = ()
    names = tuple(dict.fromkeys(labels))
    faults += [_wrong("label", name) for name in names if not _is_label(name)]
    if not (_is_missing(split) or isinstance(split, str)):
        faults.append(_wrong("split", split))
    said, whose = ("" if _is_missing(value) else str(value).strip() for value in (split, group))
    return ListedPicture(place, str(path), tuple(map(str, names)), said, whose, "; ".join(faults))


def _is_label(value: object) -> bool:
    """Whether a value is text, or a whole number; 1.0 may be a 1 that was made a float by a gap in its column."""
    return isinstance(value, str) or (isinstance(value, Integral) and not isinstance(value, bool))


def _wrong(kind: str, value: object) -> str:
    what = "text or a whole number" if kind == "label" else "text"
    return f"{kind} {value!r} is of type {type(value).__name__}; a {kind} is {what}"


def _is_missing(value: object) -> bool:
    """Whether a value stands for none; tables have several such, and none of them equals itself for certain."""
    return (
        value is None or (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType")
    )


def _in_one_form(rows: Sequence[ListedPicture]) -> list[ListedPicture]:
    forms = {label: one_form(label) for row in rows for label in row.labels}
    if all(label == form for label, form in forms.items()):
        return list(rows)
    return [replace(row, labels=tuple(dict.fromkeys(forms[label] for label in row.labels))) for row in rows]


def _files(rows: Sequence[ListedPicture], located: Sequence[Located], base: Path) -> tuple[FoundFile, ...]:
    """Each picture once, with the labels of all its rows, sorted by path."""
    labels: dict[str, set[str]] = {}
    last: dict[str, ListedPicture] = {}
    for row, found in zip(rows, located, strict=True):
        labels.setdefault(found.file, set()).update(row.labels)
        last[found.file] = row
    files = (
        FoundFile(below(file, base), tuple(sorted(labels[file])), split_of(row), row.group)
        for file, row in last.items()
    )
    return tuple(sorted(files, key=lambda file: file.path))


def _missing(rows: Sequence[ListedPicture], located: Sequence[Located]) -> list[str]:
    """Places of the rows that are right but for the file, which is not there."""
    pairs = zip(rows, located, strict=True)
    return [row.place for row, found in pairs if found.missing and row.path.strip() and not row.fault]


def _notes(rows: Sequence[ListedPicture], located: Sequence[Located], files: Sequence[FoundFile]) -> Iterator[str]:
    """A sentence for what the user may not have meant, and what is made of it."""
    if missing := _missing(rows, located):
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        yield f"rows without a picture: {', '.join(missing[:3])}{more}; each counts as a picture that is broken"
    if repeats := len(rows) - len(files):
        labels: dict[str, set[tuple[str, ...]]] = {}
        for row, found in zip(rows, located, strict=True):
            labels.setdefault(found.file, set()).add(tuple(sorted(row.labels)))
        joined = any(len(several) > 1 for several in labels.values())
        what = "with the labels of all its rows" if joined else "once"
        yield f"{repeats} rows name a picture that an earlier row names, too; it counts {what}"
    if turned := sum(found.turned for found in located):
        yield f"{turned} paths are written with backslashes, which are read as slashes"
    unsaid = sum(file.split is None for file in files)
    if unsaid and any(file.split == "valid" for file in files):
        yield f"{unsaid} pictures without a split are used to train, as others are said to validate"
    if divided := divided_groups((file.group, file.split) for file in files):
        names = ", ".join(map(repr, divided[:3]))
        yield f"{len(divided)} groups have pictures in more than one of the given splits ({names})"
