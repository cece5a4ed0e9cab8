"""Files and folders by their names, on this machine or in an object store: `answers`, `s3://bucket/answers`."""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from uuid import uuid4

from unfreeze.errors import CollectionError, RunError
from unfreeze.files import become_whole

BLOCK_BYTES = 8 * 2**20
"""What is fetched of a far file at a time, when it is read from its beginning to its end."""

OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"})
"""Protocols under which a file is there when it is complete, and not before."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder that is there or not.

    Attributes:
        name: What the user calls it.
        path: The same, as its file system calls it.
        files: The file system, one of fsspec's.
    """

    name: str
    path: str
    files: Any

    def __truediv__(self, below: str) -> "Place":
        return Place(joined(self.name, below), joined(self.path, below), self.files)

    @property
    def is_local(self) -> bool:
        """Whether it lies on this machine's file systems."""
        return "file" in _protocols(self.files)

    def is_file(self) -> bool:
        """Whether there is such a file; a lasting cache of listings is not asked."""
        self.files.invalidate_cache()
        return bool(self.files.isfile(self.path))

    def open(self) -> IO[bytes]:
        """The file, to be read from its beginning to its end; raises OSError where that cannot be done."""
        found: IO[bytes] = self.files.open(self.path, "rb", block_size=BLOCK_BYTES)
        return found

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        """Bytes of the file; raises OSError where they cannot be read."""
        data: bytes = self.files.cat_file(self.path, start=start, end=end)
        return data

    def names_in(self) -> list[str]:
        """Names of what lies in the folder; none where there is no such folder."""
        self.files.invalidate_cache()
        with suppress(FileNotFoundError):
            return [path.rstrip("/").rpartition("/")[2] for path in self.files.ls(self.path, detail=False)]
        return []

    def files_below(self) -> list[str]:
        """Paths of all files below the folder, relative to it, sorted; of the file itself an empty one."""
        root = self.path.rstrip("/")
        return sorted(path[len(root) :].lstrip("/") for path in self.files.find(self.path))

    def remove(self) -> None:
        """Takes the file away, if there is one."""
        if self.is_file():
            self.files.rm_file(self.path)

    def take(self, file: Path) -> None:
        """Becomes a copy of a file, whole or not at all, whenever the program is stopped.

        Args:
            file: A file on this machine.

        Raises:
            RunError: If that cannot be written.
        """
        try:
            if self.is_local:
                self._take_here(file)
            else:
                self._take_far(file)
        except OSError as error:
            message = f"{self.name}: cannot be written ({error.strerror or error}); free some space or choose another"
            raise RunError(f"{message} folder for --out", subject=self.name) from error

    def _take_far(self, file: Path) -> None:
        if not OBJECT_STORES.isdisjoint(_protocols(self.files)):
            self.files.put_file(str(file), self.path)
            return
        folder, _, name = self.path.rpartition("/")
        work = f"{folder}/{_unfinished(name)}"
        self.files.makedirs(folder, exist_ok=True)
        try:
            self.files.put_file(str(file), work)
            self.remove()  # some do not move a file over another one
            self.files.mv(work, self.path)
        except OSError:
            with suppress(OSError):
                self.files.rm_file(work)
            raise

    def write(self, data: bytes) -> None:
        """Becomes a file of these bytes, as `take` does it."""
        with TemporaryDirectory(prefix="unfreeze-") as folder:
            file = Path(folder) / "file"
            file.write_bytes(data)
            self.take(file)

    def _take_here(self, file: Path) -> None:
        target = Path(self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        work = target.with_name(_unfinished(target.name))
        try:
            shutil.copyfile(file, work)
            become_whole(work, target)
        finally:
            work.unlink(missing_ok=True)


def _unfinished(name: str) -> str:
    """A name for a file in work; machines that share the folder may have processes of the same number."""
    return f".{name}.{uuid4().hex}"


def place(name: str) -> Place:
    """The file or folder of a name.

    Args:
        name: A path, or a URL that fsspec understands.

    Returns:
        The place; nothing is opened.

    Raises:
        CollectionError: If there is no such kind of file system, or what reads it is not installed.
    """
    from fsspec.core import url_to_fs

    try:
        files, path = url_to_fs(name)
    except ValueError as error:
        raise CollectionError(
            f"{name}: {error}; name a path, or a URL such as s3://bucket/key", subject=name
        ) from error
    except ImportError as error:
        raise CollectionError(f"{name}: {error}", subject=name) from error
    return Place(name, path, files)


def joined(folder: str, below: str) -> str:
    """A path or URL below a folder.

    >>> joined("s3://bucket/", "a/1.jpg"), joined("a", ""), joined("/", "a")
    ('s3://bucket/a/1.jpg', 'a', '/a')
    """
    return f"{folder.rstrip('/')}/{below}" if below else folder


def absolute(name: str) -> str:
    """A name that means the same in every process: a path is taken from the current folder, a URL stays.

    >>> absolute("s3://bucket/a"), absolute("/a/../b")
    ('s3://bucket/a', '/b')
    """
    return name if "://" in name else os.path.abspath(name)  # noqa: PTH100 - as `Path.absolute` leaves dots


def _protocols(files: Any) -> tuple[str, ...]:
    found = files.protocol
    return (found,) if isinstance(found, str) else tuple(found)
