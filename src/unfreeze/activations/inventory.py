"""What lies in the cache, and removing it: only what was written here, and no link is followed."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from unfreeze.activations.database import database_path
from unfreeze.activations.store import ActivationStore, StoreUsage
from unfreeze.cache import Part
from unfreeze.errors import RunError
from unfreeze.images.scan_cache import clear_scans, scans_path, scans_usage

SAMPLES = "samples"

NAMES = {
    Part.ACTIVATIONS: re.compile(r"activations-\d+\.(sqlite(-wal|-shm)?|damaged)"),
    Part.SCANS: re.compile(r"scans-\d+\.(sqlite(-wal|-shm)?|damaged)"),
    Part.GRAPHS: re.compile(r"\.{0,2}(\d+-)?.+-[0-9a-f]+\.onnx(\.\d+)?"),
    Part.SKELETONS: re.compile(r"\.?.+-\d+-torch.+-timm.+\.onnx(\.\d+)?"),
    Part.ARCHIVES: re.compile(r"\.?[0-9a-f]{16}-[0-9a-f]{16}\.tar(\.\d+)?"),
}
"""Names of the files that are written, those of a writer that was killed included."""

DATABASES = {Part.ACTIVATIONS: database_path, Part.SCANS: scans_path}
"""Parts that are one SQLite file, and where in its folder it lies."""


@dataclass(frozen=True, kw_only=True)
class PartContent:
    """What lies in one part of the cache.

    Attributes:
        name: The part.
        entries: Number of stored arrays, of pictures that scans have read, or of files.
        size_bytes: Size of the files.
        usage: When activations or scans were used; None for files.
    """

    name: str
    entries: int
    size_bytes: int
    usage: StoreUsage | None = None


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """What removing a part came to.

    Attributes:
        part: The part.
        entries: Number of arrays or files that were removed.
        freed_bytes: How much smaller its files are.
        left: Names of what was found beside them and left alone.
    """

    part: Part
    entries: int
    freed_bytes: int
    left: tuple[str, ...]


def inventory(root: Path) -> list[PartContent]:
    """What lies in each part of the cache.

    Args:
        root: The cache's folder.

    Returns:
        Every part, those without content too.

    Raises:
        RunError: If stored activations or scans cannot be read.
    """
    return [content(root, part) for part in (*Part, SAMPLES)]


def content(root: Path, part: str) -> PartContent:
    """What lies in one part of the cache, everything below its folder counted.

    Args:
        root: The cache's folder.
        part: The part's name.

    Returns:
        Its content.

    Raises:
        RunError: If stored activations or scans cannot be read.
    """
    folder = root / part
    sizes = list(_sizes(folder))
    if part not in DATABASES:
        return PartContent(name=part, entries=len(sizes), size_bytes=sum(sizes))
    if folder.is_symlink() or not _is_file(DATABASES[Part(part)](folder)):
        return PartContent(name=part, entries=0, size_bytes=sum(sizes))
    usage = _usage(folder, Part(part))
    return PartContent(name=part, entries=usage.entries, size_bytes=sum(sizes), usage=usage)


def clear(root: Path, part: Part) -> Cleared:
    """Removes what was written into one part of the cache.

    Stored activations and scans are removed row by row, because another process may have the file open.

    Args:
        root: The cache's folder.
        part: The part.

    Returns:
        What was removed.

    Raises:
        RunError: If a file cannot be removed, or is a link where the part's folder should be.
    """
    folder = root / part
    if folder.is_symlink():
        raise RunError(f"{folder}: is a link, and none is followed; remove its content by hand", subject=folder)
    before = content(root, part)
    if not folder.is_dir():
        return Cleared(part=part, entries=0, freed_bytes=0, left=())
    if part in DATABASES:
        if _is_file(DATABASES[part](folder)):
            _clear_rows(folder, part)
        doomed = re.compile(rf"{part}-\d+\.damaged")
    else:
        doomed = NAMES[part]
    removed = sum(_remove(folder / name) for name in _ours(folder, doomed))
    ours = set(_ours(folder, NAMES[part]))
    return Cleared(
        part=part,
        entries=before.usage.entries if before.usage else removed,
        freed_bytes=max(0, before.size_bytes - sum(_sizes(folder))),
        left=tuple(sorted(name for name in os.listdir(folder) if name not in ours)),
    )


def _usage(folder: Path, part: Part) -> StoreUsage:
    if part is Part.SCANS:
        entries, oldest, latest = scans_usage(scans_path(folder))
        return StoreUsage(entries=entries, oldest=oldest, latest=latest)
    with ActivationStore(folder) as store:
        return store.usage()


def _clear_rows(folder: Path, part: Part) -> None:
    if part is Part.SCANS:
        clear_scans(scans_path(folder))
    else:
        with ActivationStore(folder) as store:
            store.clear()


def _ours(folder: Path, names: re.Pattern[str]) -> list[str]:
    return [name for name in os.listdir(folder) if names.fullmatch(name) and _is_file(folder / name)]


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _sizes(folder: Path) -> Iterator[int]:
    """Sizes in bytes of the files below a folder; links count for nothing."""
    if folder.is_symlink():
        return
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            with suppress(FileNotFoundError):  # another process may remove its work file
                if not path.is_symlink():
                    yield path.stat().st_size


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:  # another process was first
        return False
    except OSError as error:
        raise RunError(f"{path}: cannot be removed ({error.strerror})", subject=path) from error
    return True
