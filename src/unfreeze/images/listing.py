"""A collection that is written down as a list: paths and labels, checked whole before a picture is opened."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from unfreeze.errors import CollectionError, nearest
from unfreeze.images.layout import SPLIT_NAMES, FoundFile, Layout
from unfreeze.images.storage import FolderStorage
from unfreeze.images.table import Split

FAULTS_IN_A_MESSAGE = 5


@dataclass(frozen=True, slots=True)
class ListedPicture:
    """A picture as a list names it.

    Attributes:
        place: Where in the list it stands, in words for a message: "line 7".
        path: Its path as it is written there, absolute or below the collection's folder.
        label: Name of its class.
        split: Name of its split; empty where none is given.
        fault: What is wrong with the row, where it is such that the other fields mean nothing.
    """

    place: str
    path: str
    label: str
    split: str
    fault: str = ""


def list_layout(
    paths: Sequence[str | Path],
    labels: Sequence[str],
    *,
    splits: Sequence[str | None] | None = None,
    root: str | Path | None = None,
) -> Layout:
    """Takes a collection from Python's lists.

    Args:
        paths: Where the pictures are, absolute or below the root.
        labels: Class of each picture.
        splits: Split of each picture, by the names that folders may have (`train`, `valid`, `val`, `test`, ...); None
            or "" leaves it open. Without a validation picture some of the training pictures are to be chosen.
        root: The folder that relative paths start from; the current one unless said otherwise.

    Returns:
        The files, each once. Without a root the paths of absolute files are given below their common parent.

    Raises:
        CollectionError: If the lists differ in length or have faults; the message names the first of them by index.
    """
    given = {"paths": paths, "labels": labels, **({} if splits is None else {"splits": splits})}
    lengths = {name: len(values) for name, values in given.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise CollectionError(f"lists of different lengths: {found}; give one entry a picture", subject="paths")
    said = [""] * len(paths) if splits is None else splits
    rows = [
        ListedPicture(f"index {index}", str(path), label, str(split or ""), _type_fault(label))
        for index, (path, label, split) in enumerate(zip(paths, labels, said, strict=True))
    ]
    if root is None and not all(Path(row.path).is_absolute() for row in rows):
        root = Path.cwd()
    return listed_layout(rows, source="the lists", root=None if root is None else Path(root))


def listed_layout(rows: Sequence[ListedPicture], *, source: str, root: Path | None) -> Layout:
    """Checks a list whole and turns it into the files of a collection.

    Args:
        rows: The list.
        source: What an error names as the list.
        root: The folder that relative paths start from, and that the result's paths are below if all files are; None
            where all paths are absolute and their common parent is to be taken.

    Returns:
        The files, each once, sorted by path.

    Raises:
        CollectionError: If the list is empty or has faults: an empty path or label, a file that is not there, an
            unknown split, a picture that two rows give different labels or splits, a label that no training picture
            has. One error counts all of them and names the first few by their place.
    """
    if not rows:
        raise CollectionError(f"{source}: no pictures listed; list a path and a label for each", subject=source)
    start = _plain(root or Path.cwd())
    files = [_located(start, row.path) for row in rows]
    faults = list(_faults(rows, files))
    if faults:
        raise CollectionError(f"{source}: {_in_words(faults)} (relative paths start from {start})", subject=source)
    below, notes = _common_root(files, source, root)
    base = _plain(below)
    found = {
        file: FoundFile(file.relative_to(base).as_posix(), (row.label,), _split(row))
        for row, file in zip(rows, files, strict=True)
    }
    in_order = tuple(sorted(found.values(), key=lambda file: file.path))
    return Layout(below, source, in_order, FolderStorage(below), notes=(*notes, *_notes(rows, in_order)))


def _in_words(faults: Sequence[str]) -> str:
    """How many faults there are, and the first few of them."""
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    hidden = len(faults) - FAULTS_IN_A_MESSAGE
    more = f"; and {hidden} more" if hidden > 0 else ""
    return f"{count}: {'; '.join(faults[:FAULTS_IN_A_MESSAGE])}{more}; mend the list, or name another root"


def _plain(folder: Path) -> Path:
    """A folder's absolute path; `..` is resolved as the system does, links are otherwise left as they are named."""
    return folder.resolve() if ".." in folder.parts else folder.absolute()


def _located(start: Path, path: str) -> Path:
    """Where a listed picture lies; the file itself may be a link and keeps its name."""
    try:
        return _plain((start / path).parent) / Path(path).name
    except (RuntimeError, ValueError):  # a circle of links, or a zero byte: found to be no file next
        return start / path


def _split(row: ListedPicture) -> Split | None:
    return SPLIT_NAMES.get(row.split.lower())


def _type_fault(label: object) -> str:
    """A number is no label: 1, 1.0 and "01" would be other classes than they look."""
    if isinstance(label, str):
        return ""
    return f"label {label!r} is of type {type(label).__name__}; a label is text"


def _faults(rows: Sequence[ListedPicture], files: Sequence[Path]) -> Iterator[str]:
    """A sentence for each fault, in the list's order; of a label that training lacks, at its first row alone."""
    trained = {row.label for row in rows if not row.fault and _split(row) not in ("valid", "test")}
    known = sorted(trained)
    first: dict[Path, ListedPicture] = {}
    for row, file in zip(rows, files, strict=True):
        whats = [row.fault] if row.fault else list(_own_faults(row, file))
        if not whats:
            whats = list(_clashes(row, first.setdefault(file, row)))
        if not row.fault and row.label.strip() and row.label not in trained:
            trained.add(row.label)
            whats.append(f"label {row.label!r} has no training picture{nearest(row.label, known)}")
        yield from (f"{row.place}: {what}" for what in whats)


def _own_faults(row: ListedPicture, file: Path) -> Iterator[str]:
    """What is wrong with a row, whatever the others say."""
    if not row.path.strip():
        yield "the path is empty"
    elif fault := _file_fault(file):
        yield fault
    if not row.label.strip():
        yield "the label is empty"
    if row.split and _split(row) is None:
        yield f"there is no split {row.split!r}; splits are {', '.join(SPLIT_NAMES)}{nearest(row.split, SPLIT_NAMES)}"


def _file_fault(file: Path) -> str:
    try:
        is_file = stat.S_ISREG(file.stat().st_mode)
    except (OSError, ValueError) as error:  # a ValueError is a zero byte in the name
        return f"{str(file)!r}: {getattr(error, 'strerror', None) or error}"
    return "" if is_file else f"{str(file)!r} is not a file"


def _clashes(row: ListedPicture, first: ListedPicture) -> Iterator[str]:
    """Where a row contradicts the first sound one that names the same picture."""
    if row.label != first.label:
        yield f"{row.path!r} has the label {row.label!r} here and {first.label!r} at {first.place}"
    if _split(row) != _split(first):
        yield f"{row.path!r} is in {row.split or 'no split'} here and in {first.split or 'no split'} at {first.place}"


def _common_root(files: Sequence[Path], source: str, root: Path | None) -> tuple[Path, tuple[str, ...]]:
    """The folder that all files lie below, the given one if it is such a folder; and a note where it is not."""
    if root is not None:
        start = _plain(root)
        if all(file.is_relative_to(start) for file in files):
            return root, ()
    try:
        common = Path(os.path.commonpath({file.parent for file in files}))
    except ValueError as error:
        message = f"{source}: the pictures lie on several drives; move them below one folder"
        raise CollectionError(message, subject=source) from error
    return common, () if root is None else (f"not all pictures lie below {root}: paths are given below {common}",)


def _notes(rows: Sequence[ListedPicture], files: Sequence[FoundFile]) -> Iterator[str]:
    """A sentence for what the user may not have meant, and what is made of it."""
    if repeats := len(rows) - len(files):
        yield f"{repeats} rows name a picture that an earlier row names, too; it counts once"
    unsaid = sum(file.split is None for file in files)
    if unsaid and any(file.split == "valid" for file in files):
        yield f"{unsaid} pictures without a split are used to train, as others are said to validate"
