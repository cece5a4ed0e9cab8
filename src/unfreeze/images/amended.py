"""Leaves pictures out of a collection, and gives pictures other labels, as manifests say: before a file is read."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from unfreeze.errors import CollectionError, SettingsError, nearest
from unfreeze.images.class_names import one_form
from unfreeze.images.layout import FoundFile, Layout
from unfreeze.images.list_faults import faults_in_words
from unfreeze.images.manifest import Entry, read_manifest
from unfreeze.images.several_labels import parted

Manifests = str | Path | Sequence[str | Path]

LABEL_SEPARATOR = ";"
"""Parts the labels of a picture in a manifest, where it may have several and nothing else was said."""


def amended(
    layout: Layout,
    *,
    exclude: Manifests = (),
    exclude_kinds: str | Sequence[str] = (),
    relabel: Manifests = (),
    label_separator: str = "",
) -> Layout:
    """Applies manifests to a collection. A picture that one leaves out and another one relabels is left out.

    Args:
        layout: The collection.
        exclude: Manifest, or manifests, of pictures to leave out; a list of findings is one.
        exclude_kinds: Kind, or kinds, of findings that are left out; rows of all kinds where none is named. Rows
            without a kind always count.
        relabel: Manifest, or manifests, of pictures with another label or split.
        label_separator: Parts labels in them, where a picture may have several; a semicolon unless said otherwise.

    Returns:
        The collection as it is to be used; notes count what was changed.

    Raises:
        CollectionError: If a manifest cannot be read, has faults, contradicts itself, or is none for this collection;
            or if no picture is left.
        SettingsError: If there is no finding of a kind, but of one whose name is much like it.
    """
    exclusions = [entry for path in _several(exclude) for entry in read_manifest(path, "exclude")]
    exclusions = _of_kinds(exclusions, [exclude_kinds] if isinstance(exclude_kinds, str) else exclude_kinds)
    corrections = [entry for path in _several(relabel) for entry in read_manifest(path, "relabel")]
    gone = {file.path for file in layout.files}.intersection(_located(layout, exclusions))
    located = list(zip(corrections, _located(layout, corrections), strict=True))
    if relabel:
        left = [entry for entry, path in located if path not in gone]
        layout = relabelled(layout, left, label_separator=label_separator)
    if exclude:
        layout = excluded(layout, exclusions)
    if not (both := {path for _, path in located if path in gone}):
        return layout
    note = f"{_counted(len(both), 'picture')} left out by one manifest and relabelled by another: left out"
    return replace(layout, amendments=(*layout.amendments, note))


def excluded(layout: Layout, entries: Sequence[Entry]) -> Layout:
    """Leaves pictures out.

    Args:
        layout: The collection.
        entries: The pictures, in some cases more than once. A file that is there, but is no picture of the collection
            anyway, is of no account.

    Returns:
        The collection without them.

    Raises:
        CollectionError: If all entries name files that are not there, or if no picture is left.
    """
    known = {file.path for file in layout.files}
    paths = _located(layout, entries)
    others = [entry for entry, path in zip(entries, paths, strict=True) if path not in known]
    gone = known.intersection(paths)
    if not gone:  # of a list that fits otherwise, a picture may have been removed since
        _reject_strangers(layout, [entry for entry in others if not _is_there(layout, entry.path)])
    files = tuple(file for file in layout.files if file.path not in gone)
    if not files:
        message = f"{layout.source}: all {len(gone)} pictures are left out{_by(entries)}; leave fewer of them out"
        raise CollectionError(message, subject=layout.source)
    kinds = {(path, entry.kind) for entry, path in zip(entries, paths, strict=True) if path in gone and entry.kind}
    notes = [f"{len(gone)} of {_counted(len(known), 'picture')} left out{_by(entries)}{_by_kind(kinds)}"]
    if others:
        what = "about files that are no pictures of the collection, or not any more"
        notes.append(f"{_counted(len(others), 'row')} of {_sources(others)} {what}")
    lost = _names(layout.files).difference(_names(files))
    notes += (f"class {name!r} is left out with all of its pictures" for name in sorted(lost))
    return replace(layout, files=files, amendments=(*layout.amendments, *notes))


def relabelled(layout: Layout, entries: Sequence[Entry], *, label_separator: str = "") -> Layout:
    """Gives pictures other labels, or another split.

    A label is one that a picture of the collection has, or the name of an empty class folder: a new name is more often
    a mistyped one.

    Args:
        layout: The collection.
        entries: The pictures with their labels.
        label_separator: Parts the labels of a picture that may have several; a semicolon where it is empty.

    Returns:
        The collection with them.

    Raises:
        CollectionError: If an entry names no picture of the collection, no label or an unknown one, or another label or
            split than an earlier entry of the same picture; or if it makes the first pictures that validate. One error
            counts all of them.
    """
    known = {file.path: file for file in layout.files}
    paths = _located(layout, entries)
    _reject_strangers(layout, [entry for entry, path in zip(entries, paths, strict=True) if path not in known])
    separator = (label_separator or LABEL_SEPARATOR) if layout.multilabel else ""
    forms = {one_form(name): name for name in (*_names(layout.files), *_empty_classes(layout))}
    faults: list[str] = []
    decided: dict[str, tuple[FoundFile, Entry]] = {}
    for entry, path in zip(entries, paths, strict=True):
        labels = tuple(sorted(parted(entry.label, separator))) if separator else (entry.label,)
        faults += (f"{entry.place}: {fault}" for fault in _label_faults(labels, forms))
        names = tuple(forms.get(one_form(label), label) for label in labels)
        file = replace(known[path], class_names=names, split=entry.split or known[path].split)
        before, earlier = decided.setdefault(path, (file, entry))
        if before != file:
            faults.append(f"{entry.place}: {entry.path!r} has another label or split than at {earlier.place}")
    files = tuple(decided.get(file.path, (file,))[0] for file in layout.files)
    faults += _split_faults(layout.files, files)
    if faults:
        raise CollectionError(f"{layout.source}: {faults_in_words(faults)}; mend the manifest", subject=layout.source)
    return replace(layout, files=files, amendments=(*layout.amendments, *_changes(layout.files, files, entries)))


def _several(manifests: Manifests) -> Sequence[str | Path]:
    return [manifests] if isinstance(manifests, str | Path) else manifests


def _of_kinds(entries: Sequence[Entry], kinds: Sequence[str]) -> list[Entry]:
    """Entries of some kinds; that there are none of a kind is an error only where it looks like a slip of the pen."""
    known = sorted({entry.kind for entry in entries if entry.kind})
    for kind in kinds:
        if kind not in known and (advice := nearest(kind, known)):
            message = f"--exclude-kind {kind!r}: there is no finding of that kind{advice}"
            raise SettingsError(message, subject="exclude_kinds")
    return [entry for entry in entries if not kinds or not entry.kind or entry.kind in kinds]


def _located(layout: Layout, entries: Sequence[Entry]) -> list[str]:
    """The path of each entry's picture as the collection has it; as it is written, where there is no such picture."""
    known = {file.path for file in layout.files}
    root = layout.root.absolute()

    def located(path: str) -> str:
        if path in known:
            return path
        below = Path(path).relative_to(root) if Path(path).is_relative_to(root) else Path(path)
        return below.as_posix()

    return [located(entry.path) for entry in entries]


def _is_there(layout: Layout, path: str) -> bool:
    try:
        layout.storage.state(path)
    except (OSError, ValueError, KeyError):  # a ValueError is a zero byte in the name
        return False
    return True


def _reject_strangers(layout: Layout, entries: Sequence[Entry]) -> None:
    """A manifest of another collection is a mistake, and so is one that was made before files were moved."""
    if not entries:
        return
    faults = [f"{entry.place}: {entry.path!r} is no picture of the collection" for entry in entries]
    advice = "name a manifest of this collection, or take these rows out of it"
    message = f"{layout.source}: {faults_in_words(faults)}; {advice}"
    raise CollectionError(message, subject=entries[0].source)


def _label_faults(labels: Sequence[str], forms: Mapping[str, str]) -> Iterator[str]:
    for label in labels:
        if not label:
            yield "the label is empty"
        elif one_form(label) not in forms:
            known = f"a new class needs pictures, or an empty class folder{nearest(label, forms.values())}"
            yield f"the collection has no label {label!r}; {known}"


def _split_faults(before: Sequence[FoundFile], after: Sequence[FoundFile]) -> Iterator[str]:
    """Where nobody said what validates, a part of each class is chosen; a few pictures must not be all that does."""
    count = sum(file.split == "valid" for file in after)
    if count and not any(file.split == "valid" for file in before):
        what = f"{_counted(count, 'picture')} would be all that validates, as no other is said to"
        yield f"{what}; leave that split away, or say it of more pictures in a CSV file of the collection"


def _changes(before: Sequence[FoundFile], after: Sequence[FoundFile], entries: Sequence[Entry]) -> Iterator[str]:
    """A note on how many pictures have changed in which way."""
    pairs = list(zip(before, after, strict=True))
    labels = sum(set(old.class_names) != set(new.class_names) for old, new in pairs)
    splits = sum(old.split != new.split for old, new in pairs)
    yield f"{labels} of {_counted(len(before), 'picture')} relabelled{_by(entries)}"
    if splits:
        yield f"{_counted(splits, 'picture')} put into another split{_by(entries)}"


def _names(files: Iterable[FoundFile]) -> set[str]:
    return {name for file in files for name in file.class_names}


def _empty_classes(layout: Layout) -> list[str]:
    return [path.rpartition("/")[2] for path in layout.empty_classes]


def _by(entries: Sequence[Entry]) -> str:
    """Which manifests say so; nothing where they say nothing."""
    return f" by {_sources(entries)}" if entries else ""


def _sources(entries: Sequence[Entry]) -> str:
    return " and ".join(dict.fromkeys(entry.source.name for entry in entries))


def _by_kind(kinds: Iterable[tuple[str, str]]) -> str:
    """How many pictures are left out for each kind of finding; a picture may have several."""
    counts = sorted(Counter(kind for _, kind in kinds).items())
    return f" ({', '.join(f'{count} {kind}' for kind, count in counts)})" if counts else ""


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
