"""Reads a collection once: every file is hashed and decoded, and the broken ones are set aside by name."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict, Unpack

from unfreeze.collector import collector_paused
from unfreeze.errors import CollectionError, PictureError, SettingsError
from unfreeze.images.collection import collection_layout
from unfreeze.images.content import content_hash
from unfreeze.images.copies import known_clusters, with_copies
from unfreeze.images.decode import probe
from unfreeze.images.fingerprint import look_at
from unfreeze.images.layout import FoundFile, Layout
from unfreeze.images.look import Look
from unfreeze.images.scan_cache import ScanCache
from unfreeze.images.split import bound_together, valid_rows
from unfreeze.images.split_notes import chosen_notes, straddling_notes, together_notes, unseen_notes
from unfreeze.images.storage import Storage
from unfreeze.images.table import ImageRow, ImageTable, Quarantined, Split
from unfreeze.parallel import in_parallel

NAMES_IN_A_MESSAGE = 5
VALID_SHARE = 0.2
MAX_BROKEN_SHARE = 0.1
STATES_AT_A_TIME = 500


class ScanOptions(TypedDict, total=False):
    """What `scan_layout` understands beside the layout.

    Attributes:
        valid_share: Part of each class that validates, where the layout does not say which pictures do; 0.2 unless
            said otherwise.
        seed: Decides that choice; 0 unless said otherwise.
        max_broken_share: The scan stops when more than this part of the files cannot be decoded; 0.1 unless said
            otherwise.
        threads: Files read and decoded at a time; 1 unless said otherwise.
        progress: Called with the number of files done and the number of files.
        use_cache: Whether files that have not changed since an earlier scan are taken as it found them, and what is
            found now is kept for the next one, as `ScanCache` does; True unless said otherwise.
    """

    valid_share: float
    seed: int
    max_broken_share: float
    threads: int
    progress: Callable[[int, int], None] | None
    use_cache: bool


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """The options with their defaults; raises SettingsError where a share lies outside of its range."""

    valid_share: float = VALID_SHARE
    seed: int = 0
    max_broken_share: float = MAX_BROKEN_SHARE
    threads: int = 1
    progress: Callable[[int, int], None] | None = None
    use_cache: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.valid_share < 1:
            message = f"valid_share is {self.valid_share}; it must lie between 0 and 1"
            raise SettingsError(message, subject="valid_share")
        if not 0 <= self.max_broken_share <= 1:
            message = f"max_broken_share is {self.max_broken_share}; it must lie between 0 and 1"
            raise SettingsError(message, subject="max_broken_share")


def scan_folder(root: str | Path, **options: Unpack[ScanOptions]) -> ImageTable:
    """Reads a collection into a table.

    Args:
        root: `root/CLASS/*`, or `root/train/CLASS/*` with `valid`, `val` or `validation` and perhaps `test` beside it;
            or anything else that `collection_layout` understands, such as a CSV file or an archive.
        **options: As for `scan_layout`.

    Returns:
        The table; rows are sorted by path, classes by name.

    Raises:
        CollectionError: If there are no pictures, fewer than two classes, too many broken files, a class too small
            to split, or a class that training does not have.
        SettingsError: If a share lies outside of its range.
    """
    return scan_layout(collection_layout(root), **options)


def scan_layout(layout: Layout, **options: Unpack[ScanOptions]) -> ImageTable:
    """Reads the files of a collection into a table, wherever its layout comes from.

    Args:
        layout: The files: `collection_layout`, `list_layout` and `frame_layout` give it.
        **options: As `ScanOptions` describes them.

    Returns:
        The table; rows are sorted by path, classes by name.

    Raises:
        CollectionError: As `scan_folder` raises it, for what shows only when the files are read.
        SettingsError: If a share lies outside of its range.
    """
    settings = _Settings(**options)
    readings, cache_notes = _read_all(layout, settings)
    quarantined = tuple(reading for reading in readings if isinstance(reading, Quarantined))
    _check_broken(layout.source, quarantined, len(readings), settings.max_broken_share)
    with collector_paused():
        read = [(file, r) for file, r in zip(layout.files, readings, strict=True) if isinstance(r, _Reading)]
        table = _table(layout, read, settings)
    left_out = f"{len(quarantined)} of {len(readings)} files cannot be decoded and are left out"
    notes = (*((left_out,) if quarantined else ()), *table.notes, *cache_notes)
    return replace(table, quarantined=quarantined, notes=(*layout.notes, *layout.amendments, *notes))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one decodable file told."""

    content: str
    width: int
    height: int
    look: Look


def _table(layout: Layout, read: "Sequence[tuple[FoundFile, _Reading]]", settings: _Settings) -> ImageTable:
    """The table of the files that can be decoded."""
    files = [file for file, _ in read]
    _check_validation(layout, files)
    looks = {file.path: r.look for file, r in read}
    near = _clusters(layout, {file.path: r.content for file, r in read}, looks, use_cache=settings.use_cache)
    splits, notes = _splits(files, near, settings, multilabel=layout.multilabel)
    classes = _classes(layout.source, files, splits)
    numbers = {name: label for label, name in enumerate(classes)}
    labels = {names: _labels(names, numbers) for names in {file.class_names for file in files}}  # each kept once
    rows = tuple(
        ImageRow(file.path, labels[file.class_names], split, r.content, r.width, r.height, file.group)
        for (file, r), split in zip(read, splits, strict=True)
    )
    unseen = unseen_notes([[classes[label] for label in row.labels] for row in rows], splits)
    return ImageTable(
        root=layout.root,
        classes=classes,
        rows=rows,
        storage=layout.storage,
        notes=(*notes, *_lost(layout.files, classes), *unseen),
        split_notes=(*notes, *unseen),
        odd=layout.notes,
        multilabel=layout.multilabel,
        looks=looks,
        copies=with_copies(near),
    )


def _labels(names: Sequence[str], numbers: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sorted(numbers[name] for name in names))


def _quarantined(file: FoundFile, found: "_Reading | str | None") -> "_Reading | Quarantined | None":
    return Quarantined(file.path, found) if isinstance(found, str) else found


def _read(storage: Storage, file: FoundFile) -> "tuple[_Reading | Quarantined, bool]":
    """What a file holds, or why it cannot be used; and whether reading it again would come to the same."""
    try:
        data = storage.read(file.path)
        probed = probe(data, path=file.path)
    except PictureError as error:
        broken = Quarantined(file.path, str(error).removeprefix(f"{file.path}: "))
        return broken, not isinstance(error.__cause__, MemoryError | TimeoutError)
    except OSError as error:
        return Quarantined(file.path, error.strerror or str(error)), False
    look = look_at(probed, size_bytes=len(data))
    return _Reading(content_hash(data), probed.width, probed.height, look), True


def _read_all(layout: Layout, settings: _Settings) -> "tuple[list[_Reading | Quarantined], tuple[str, ...]]":
    """What each file holds, known from the cache where it has not changed; and a note where there can be no cache."""
    files, storage, progress = layout.files, layout.storage, settings.progress
    with ScanCache(layout.root, _Reading, enabled=settings.use_cache) as cache:
        states = _states(layout, settings.threads) if settings.use_cache else [""] * len(files)
        paths = [file.path for file in files]
        with collector_paused():
            known = cache.find(paths, states)
            readings = [_quarantined(file, found) for file, found in zip(files, known, strict=True)]
        unread = [index for index, reading in enumerate(readings) if reading is None]
        before = len(files) - len(unread)
        if progress and before:
            progress(before, len(files))
        work = in_parallel(lambda index: _read(storage, files[index]), unread, threads=settings.threads)
        for done, (index, (reading, lasts)) in enumerate(zip(unread, work, strict=True), before + 1):
            readings[index] = reading
            if lasts:
                found = reading.reason if isinstance(reading, Quarantined) else reading
                cache.keep(paths[index], states[index], found)
            if progress:
                progress(done, len(files))
    fault = f"what the scan found cannot be kept, and the next one reads every file again ({cache.fault})"
    return [reading for reading in readings if reading is not None], (fault,) if cache.fault else ()


def _states(layout: Layout, threads: int) -> list[str]:
    """What shows of each file whether it has changed; on several threads, as a disk in a network answers slowly."""

    def state(file: FoundFile) -> str:
        try:
            return layout.storage.state(file.path)
        except OSError:
            return ""

    chunks = [layout.files[start : start + STATES_AT_A_TIME] for start in range(0, len(layout.files), STATES_AT_A_TIME)]
    found = in_parallel(lambda chunk: [state(file) for file in chunk], chunks, threads=threads)
    return [state for some in found for state in some]


def _check_broken(source: str, quarantined: Sequence[Quarantined], files: int, max_share: float) -> None:
    if len(quarantined) <= max_share * files and len(quarantined) < files:
        return
    named = "; ".join(f"{broken.path} ({broken.reason})" for broken in quarantined[:NAMES_IN_A_MESSAGE])
    more = f" and {len(quarantined) - NAMES_IN_A_MESSAGE} more" if len(quarantined) > NAMES_IN_A_MESSAGE else ""
    message = (
        f"{source}: {len(quarantined)} of {files} files cannot be decoded, more than the {max_share:.0%} that is"
        f" allowed: {named}{more}; mend or remove them, or raise --max-broken-share"
    )
    raise CollectionError(message, subject=source)


def _check_validation(layout: Layout, good: Sequence[FoundFile]) -> None:
    """Validation pictures of which none can be decoded are not made up for from the training pictures."""
    given = sum(file.split == "valid" for file in layout.files)
    if given and not any(file.split == "valid" for file in good):
        message = f"{layout.source}: none of the {given} validation pictures can be decoded; mend them, or give none"
        raise CollectionError(message, subject=layout.source)


def _clusters(
    layout: Layout, contents: Mapping[str, str], looks: Mapping[str, Look], *, use_cache: bool
) -> dict[str, str]:
    """For each path the content hash of the first of its near-duplicates."""
    state = content_hash("\n".join(sorted(set(contents.values()))).encode())
    return known_clusters(layout.root, contents, looks, state=state, use_cache=use_cache)


def _splits(
    files: Sequence[FoundFile], near: Mapping[str, str], settings: _Settings, *, multilabel: bool
) -> tuple[list[Split], tuple[str, ...]]:
    """The split of each file: what the layout says, else chosen; validation is taken from training where missing."""
    units = bound_together([near[file.path] for file in files], [file.group for file in files])
    splits: list[Split] = [file.split or "train" for file in files]
    if "valid" in splits:
        return splits, straddling_notes(units, splits)
    pool = [index for index, file in enumerate(files) if file.split != "test"]
    chosen = valid_rows(
        [files[i].class_names for i in pool],
        [units[i] for i in pool],
        share=settings.valid_share,
        seed=settings.seed,
        multilabel=multilabel,
    )
    for i in chosen:
        splits[pool[i]] = "valid"
    together = together_notes([near[files[i].path] for i in pool])
    return splits, (*chosen_notes(splits, settings.seed), *together, *straddling_notes(units, splits))


def _classes(source: str, files: Sequence[FoundFile], splits: Sequence[Split]) -> tuple[str, ...]:
    """Names of the classes that have training pictures; a class that only another split has is an error."""
    named = [(split, name) for file, split in zip(files, splits, strict=True) for name in file.class_names]
    trained = {name for split, name in named if split == "train"}
    unknown = Counter((split, name) for split, name in named if name not in trained)
    if unknown:
        found = ", ".join(f"{split}/{name} ({count} pictures)" for (split, name), count in sorted(unknown.items()))
        message = f"{source}: classes without a training picture: {found}; training has {', '.join(sorted(trained))}"
        raise CollectionError(message, subject=min(unknown)[1])
    if len(trained) < 2:
        found = f"only one class, {min(trained)!r}" if trained else "no training picture has a label"
        message = f"{source}: {found}; a classifier needs at least two classes"
        raise CollectionError(message, subject=source)
    return tuple(sorted(trained))


def _lost(files: Sequence[FoundFile], classes: Sequence[str]) -> Iterator[str]:
    """A note for each class of which no file decodes."""
    for name in sorted({name for file in files for name in file.class_names}.difference(classes)):
        yield f"class {name!r} is left out: none of its files can be decoded"
