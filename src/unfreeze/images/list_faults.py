"""What can be wrong with a list of pictures: each fault in words, with the place where it stands."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from unfreeze.errors import nearest
from unfreeze.images.layout import SPLIT_NAMES
from unfreeze.images.located import Located
from unfreeze.images.table import Split

FAULTS_IN_A_MESSAGE = 5


@dataclass(frozen=True, slots=True)
class ListedPicture:
    """A picture as a list names it.

    Attributes:
        place: Where in the list it stands, in words for a message: "line 7".
        path: Its path as it is written there, absolute or below the collection's folder.
        labels: Names of its classes; exactly one, which may be empty, unless pictures may have several.
        split: Name of its split; empty where none is given.
        group: Its group; empty where none is given.
        fault: What is wrong with the row, where it is such that the other fields mean nothing.
    """

    place: str
    path: str
    labels: tuple[str, ...]
    split: str = ""
    group: str = ""
    fault: str = ""


def list_faults(
    rows: Sequence[ListedPicture], located: Sequence[Located], *, multilabel: bool, needs_training: bool = True
) -> Iterator[str]:
    """Finds what is wrong with a list.

    Args:
        rows: The list.
        located: Where its pictures lie.
        multilabel: Whether a picture may have several labels, or none; rows of the same picture then add labels.
        needs_training: Whether a class must have training pictures; a model that is there is tested without any.

    Yields:
        A sentence for each fault, in the list's order; of a label that training lacks, at its first row alone.
    """
    others = ("valid", "test") if needs_training else ()
    trained = {label for row in rows if not row.fault and split_of(row) not in others for label in row.labels}
    known = sorted(trained)
    first: dict[str, ListedPicture] = {}
    for row, found in zip(rows, located, strict=True):
        whats = [row.fault] if row.fault else list(_own_faults(row, found))
        if not whats:
            whats = list(_clashes(row, first.setdefault(found.file, row), multilabel))
        for label in () if row.fault else row.labels:
            if label.strip() and label not in trained:
                trained.add(label)
                whats.append(f"label {label!r} has no training picture{nearest(label, known)}")
        yield from (f"{row.place}: {what}" for what in whats)


def faults_in_words(faults: Sequence[str]) -> str:
    """How many faults there are, and the first few of them.

    >>> faults_in_words(["line 2: the path is empty"])
    '1 fault: line 2: the path is empty'
    """
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    hidden = len(faults) - FAULTS_IN_A_MESSAGE
    more = f"; and {hidden} more" if hidden > 0 else ""
    return f"{count}: {'; '.join(faults[:FAULTS_IN_A_MESSAGE])}{more}"


def split_of(row: ListedPicture) -> Split | None:
    """What a row says that its picture is for."""
    return SPLIT_NAMES.get(row.split.lower())


def divided_groups(groups: Iterable[tuple[str, Split | None]]) -> list[str]:
    """Names of the groups, in order, of which more than one split has pictures."""
    sides: dict[str, set[Split | None]] = {}
    for group, split in groups:
        sides.setdefault(group, set()).add(split)
    return sorted(group for group, splits in sides.items() if group and len(splits) > 1)


def _own_faults(row: ListedPicture, found: Located) -> Iterator[str]:
    """What is wrong with a row, whatever the others say."""
    if not row.path.strip():
        yield "the path is empty"
    elif found.fault:
        yield found.fault
    if not all(label.strip() for label in row.labels):
        yield "the label is empty"
    if row.split and split_of(row) is None:
        yield f"there is no split {row.split!r}; splits are {', '.join(SPLIT_NAMES)}{nearest(row.split, SPLIT_NAMES)}"


def _clashes(row: ListedPicture, first: ListedPicture, multilabel: bool) -> Iterator[str]:
    """Where a row contradicts the first sound one that names the same picture."""
    if row.labels != first.labels and not multilabel:
        (label,), (before,) = row.labels, first.labels
        yield f"{row.path!r} has the label {label!r} here and {before!r} at {first.place}"
    if split_of(row) != split_of(first):
        yield f"{row.path!r} is in {row.split or 'no split'} here and in {first.split or 'no split'} at {first.place}"
    if row.group != first.group:
        yield f"{row.path!r} is of {_group(row)} here and of {_group(first)} at {first.place}"


def _group(row: ListedPicture) -> str:
    return f"group {row.group!r}" if row.group else "no group"
