"""Reads pictures out of tar archives, in place: each by its offset, so that threads need not wait for one another."""

import errno
import posixpath
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from unfreeze.errors import CollectionError
from unfreeze.images.members import Members, clean_name
from unfreeze.images.storage import check_size, file_state
from unfreeze.images.unpacked import plain_tar

BLOCK_BYTES = 512


@dataclass(frozen=True, slots=True)
class Extent:
    """Where the bytes of a file lie.

    Attributes:
        archive: The archive as the user knows it.
        file: The same, or an unpacked copy of it.
        offset: The first byte.
        size_bytes: The number of bytes.
    """

    archive: Path
    file: Path
    offset: int
    size_bytes: int


@dataclass(frozen=True)
class TarStorage:
    """Files in one or several tar archives; any number of threads may read them.

    Attributes:
        root: The archive, or the folder that the archives lie in.
    """

    root: Path
    _extents: Mapping[str, Extent] = field(repr=False, compare=False)

    def read(self, path: str) -> bytes:
        """All bytes of a file; raises OSError where they cannot be read."""
        extent = self._extent(path)
        check_size(extent.size_bytes, path)
        with extent.file.open("rb") as file:
            file.seek(extent.offset)
            data = file.read(extent.size_bytes)
        if len(data) < extent.size_bytes:
            raise OSError(errno.EIO, "is cut short in the archive", path)
        return data

    def state(self, path: str) -> str:
        """The state of the archive, and the file's place in it."""
        extent = self._extent(path)
        whole = file_state(extent.archive)
        return whole and f"{whole} {extent.offset} {extent.size_bytes}"

    def _extent(self, path: str) -> Extent:
        try:
            return self._extents[path]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, "is not in the archive", path) from None


@dataclass(frozen=True)
class TarIndex:
    """What lies in a tar archive.

    Attributes:
        members: Where its files lie, by their paths.
        notes: What the user should know of how it is read, one sentence each.
    """

    members: Members[Extent]
    notes: tuple[str, ...]


def read_tar(path: Path) -> TarIndex:
    """Reads the index of a tar archive; a compressed one is unpacked into the cache first.

    Args:
        path: The archive.

    Returns:
        Its files, and notes.

    Raises:
        CollectionError: If it is no tar archive, or is damaged or cut short.
    """
    plain, notes = plain_tar(path)
    members: Members[Extent] = Members()
    links: list[tarfile.TarInfo] = []
    count = 0
    try:
        with tarfile.open(plain, "r:", errors="surrogateescape") as archive:
            for found in archive:
                count += 1
                if found.isreg() and not found.issparse():
                    members.add(found.name, Extent(path, plain, found.offset_data, found.size))
                elif found.issym() or found.islnk():
                    links.append(found)
                elif found.isdir():
                    members.add_folder(found.name)
                else:
                    members.add(found.name, None)
            _check_end(plain, archive.offset)
    except Exception as error:  # damaged archives make the library raise almost anything
        message = f"{path}: cannot be read as a tar archive after {count} members ({error}); fetch it again"
        raise CollectionError(message, subject=path) from error
    for link in links:
        members.add(link.name, members.files.get(_target(link)))
    return TarIndex(members, notes)


def _target(link: tarfile.TarInfo) -> str:
    """The path that a link within an archive leads to: a hard link names it in full, another one from its folder."""
    target = posixpath.join(posixpath.dirname(link.name), link.linkname) if link.issym() else link.linkname
    return clean_name(posixpath.normpath(target))


def _check_end(path: Path, offset: int) -> None:
    """Makes sure that the end follows the last member, and no damaged header: the library takes that for the end."""
    with path.open("rb") as file:
        file.seek(offset)
        if any(file.read(BLOCK_BYTES)):
            raise tarfile.ReadError(f"the header at byte {offset} is damaged")
