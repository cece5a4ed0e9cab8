"""Where the bytes of a collection's files are: in a folder, or in an archive that is read in place."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


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
        """All bytes of a file; raises OSError where it cannot be read."""
        return (self.root / path).read_bytes()

    def state(self, path: str) -> str:
        """Device, number, size and times of a file: writing to it, or putting another in its place, changes them."""
        found = (self.root / path).stat()
        return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
