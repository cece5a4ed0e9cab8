"""Where the bytes of a collection's files are: in a folder, or in an archive that is read in place."""

import errno
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

SETTLED_NS = 2_000_000_000
"""So long after a change, in nanoseconds, another one shows in a file's times; FAT counts them in two seconds."""

LARGEST_FILE_BYTES = 2**29
"""A larger file is not read: a picture that is decoded within the limits is smaller, whatever its format."""


class Storage(Protocol):
    """Files by their paths, which are relative and have forward slashes; may be read on several threads at a time."""

    def read(self, path: str) -> bytes:
        """All bytes of a file; raises OSError where it cannot be read."""
        ...

    def state(self, path: str) -> str:
        """What changes whenever a file does, found without reading it; empty where nothing is sure to change."""
        ...


@dataclass(frozen=True)
class FolderStorage:
    """Files below a folder.

    Attributes:
        root: The folder.
    """

    root: Path

    def read(self, path: str) -> bytes:
        """All bytes of a file; raises OSError where it cannot be read, or is no file that ends."""
        file = self.root / path
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):  # to open a pipe may wait for ever, and a device may have no end
            raise OSError(errno.EINVAL, "is not a file", str(file))
        check_size(found.st_size, path)
        return file.read_bytes()

    def state(self, path: str) -> str:
        """Device, number, size and times of a file: writing to it, or putting another in its place, changes them."""
        return file_state(f"{self.root}/{path}")


def file_state(path: str | Path) -> str:
    """Device, number, size and times of a file, which change when it is written to or another takes its place.

    Within some milliseconds, or two seconds on some file systems, a second change may leave the times as the first one
    set them. So a file that was changed a moment ago has no state yet; git's index is careful in the same way.

    Args:
        path: The file.

    Returns:
        Its state; empty where the next change might not show in it.

    Raises:
        OSError: If there is no such file.
    """
    found = os.stat(path)
    now = time.time_ns()
    if abs(now - found.st_mtime_ns) < SETTLED_NS or abs(now - found.st_ctime_ns) < SETTLED_NS:
        return ""
    return state_of(found)


def state_of(found: os.stat_result) -> str:
    """Device, number, size and times of a file, however lately it was changed."""
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def check_size(size_bytes: int, path: str) -> None:
    """Makes sure that a file is not too large to be read.

    Args:
        size_bytes: Its size, or what an archive says of it.
        path: The file, for the error.

    Raises:
        OSError: If it is.
    """
    if size_bytes > LARGEST_FILE_BYTES:
        what = f"has {size_bytes:,} bytes, and no file of more than {LARGEST_FILE_BYTES:,} is read"
        raise OSError(errno.EFBIG, what, path)
