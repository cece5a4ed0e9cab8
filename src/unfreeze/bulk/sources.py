"""From what a user names to parts: an archive is one, and files are put together in the order of their names."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from unfreeze.bulk.places import Place, joined, place
from unfreeze.bulk.plan import Part
from unfreeze.errors import CollectionError
from unfreeze.images.archive import TAR_SUFFIXES, ZIP_SUFFIXES
from unfreeze.images.collection import TABLE_SUFFIXES
from unfreeze.images.formats import PICTURE_SUFFIXES, is_hidden
from unfreeze.images.patterns import expanded, is_pattern
from unfreeze.images.shard_labels import UNFINISHED_FILE, unfinished

EXPECTED = "name a folder, pictures, or tar archives, here or at a URL such as s3://bucket/folder"


def parts_of(sources: Sequence[str], *, part_size: int) -> Iterator[Part]:
    """All pictures that are named, in parts.

    Args:
        sources: Folders, which are searched to the bottom for pictures and tar archives, pictures, tar archives, and
            patterns with braces and stars; each a path or a URL.
        part_size: Files of a part that is no archive.

    Yields:
        The parts, numbered from 0; the same for the same files.

    Raises:
        CollectionError: If something is not there, or cannot be read, or stands for no picture.
    """
    number = 0
    files: list[str] = []
    for name in _each_once(sources):
        if name.lower().endswith(TAR_SUFFIXES):
            yield Part(number, archive=name)
            number += 1
            continue
        files.append(name)
        if len(files) == part_size:
            yield Part(number, files=tuple(files))
            number += 1
            files.clear()
    if files:
        yield Part(number, files=tuple(files))


def _each_once(sources: Sequence[str]) -> Iterator[str]:
    """Names of pictures and archives. What was given is remembered only where it may come twice."""
    whole: set[str] = set()
    if len(sources) == 1 and not is_pattern(sources[0]):
        yield from _names(sources[0], whole)
        return
    seen: set[str] = set()
    for source in sources:
        for name in _names(source, whole):
            if name not in seen:
                seen.add(name)
                yield name


def _names(source: str, whole: set[str]) -> Iterator[str]:
    """The names that one of the user's stands for; `whole` gets the folders whose shards are all there."""
    is_literal = "://" not in source and Path(source).exists()
    found = False
    try:
        for name in [source] if is_literal else expanded(source):
            for each in [name] if is_literal or not glob.has_magic(name) else _globbed(name):
                for below in _below(place(each), whole):
                    found = True
                    yield joined(each, below)
    except (OSError, ValueError) as error:  # no such bucket, no rights, no network
        raise CollectionError(f"{source}: cannot be listed ({error}); {EXPECTED}", subject=source) from error
    if not found:
        raise CollectionError(f"{source}: no pictures or tar archives there; {EXPECTED}", subject=source)


def _globbed(pattern: str) -> list[str]:
    if "://" not in pattern:
        return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - Path.glob finds hidden files
    where = place(pattern)
    return sorted(where.files.unstrip_protocol(path) for path in where.files.glob(where.path))


def _below(where: Place, whole: set[str]) -> Iterator[str]:
    """Relative paths of the pictures and archives in a folder; an empty one for a file."""
    if where.files.isfile(where.path):
        if where.name.lower().endswith((*ZIP_SUFFIXES, *TABLE_SUFFIXES)):
            message = f"{where.name}: neither a picture nor a tar archive; {EXPECTED}"
            raise CollectionError(message, subject=where.name)
        if where.name.lower().endswith(TAR_SUFFIXES):
            _reject_unfinished(where, whole)
        yield ""
        return
    paths = where.files_below()
    if part := next((path for path in paths if path.rpartition("/")[2] == UNFINISHED_FILE), ""):
        raise unfinished(joined(where.name, part.rpartition("/")[0]))
    for path in paths:
        if path and path.lower().endswith(READ_SUFFIXES) and not any(map(is_hidden, path.split("/"))):
            yield path


def _reject_unfinished(archive: Place, whole: set[str]) -> None:
    """Makes sure that an archive is not one of shards that are still to be written; asks once for each folder."""
    path = archive.path.rpartition("/")[0]
    folder = path if archive.is_local else archive.files.unstrip_protocol(path)
    if folder not in whole and archive.files.isfile(joined(path, UNFINISHED_FILE)):
        raise unfinished(folder)
    whole.add(folder)


READ_SUFFIXES = (*PICTURE_SUFFIXES, *TAR_SUFFIXES)
