"""Reads pictures out of a zip archive, in place."""

import errno
import stat
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from unfreeze.errors import CollectionError
from unfreeze.images.members import Members
from unfreeze.images.storage import check_size, file_state

IS_UTF8, IS_ENCRYPTED = 0x800, 0x1
"""Bits of a member's flags (.ZIP File Format Specification 6.3.10, section 4.4.4)."""


@dataclass(frozen=True)
class ZipStorage:
    """Files in a zip archive; any number of threads may read them.

    Attributes:
        root: The archive.
    """

    root: Path
    _archive: zipfile.ZipFile = field(repr=False, compare=False)
    _members: dict[str, zipfile.ZipInfo] = field(repr=False, compare=False)
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def read(self, path: str) -> bytes:
        """All bytes of a file; raises OSError where it is encrypted, damaged, or larger than it says."""
        found = self._member(path)
        if found.flag_bits & IS_ENCRYPTED:
            raise OSError(errno.EACCES, "is encrypted; unpack the archive with its password", path)
        check_size(found.file_size, path)
        try:
            with self._lock:  # opening and closing count the archive's users, reading keeps to its own place
                member = self._archive.open(found)
            try:
                data = member.read(found.file_size + 1)
            finally:
                with self._lock:
                    member.close()
        except Exception as error:  # the decompressors raise almost anything on damaged bytes
            raise OSError(errno.EIO, f"cannot be read from the archive ({error})", path) from error
        if len(data) != found.file_size:
            raise OSError(errno.EIO, "is cut short in the archive", path)
        return data

    def state(self, path: str) -> str:
        """The state of the archive, and the file's place and checksum in it."""
        found = self._member(path)
        whole = file_state(self.root)
        return whole and f"{whole} {found.header_offset} {found.file_size} {found.CRC}"

    def _member(self, path: str) -> zipfile.ZipInfo:
        try:
            return self._members[path]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, "is not in the archive", path) from None


def read_zip(path: Path) -> tuple[ZipStorage, Members[zipfile.ZipInfo]]:
    """Reads the index of a zip archive.

    Args:
        path: The archive.

    Returns:
        How its files are read, and what they are called.

    Raises:
        CollectionError: If it is no zip archive, or its index is damaged.
    """
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # damaged archives make the library raise almost anything
        message = f"{path}: cannot be read as a zip archive ({error}); fetch it again, or unpack it"
        raise CollectionError(message, subject=path) from error
    members: Members[zipfile.ZipInfo] = Members()
    names = [_name(found) for found in archive.infolist()]
    backslashes = any("\\" in name for name in names) and not any("/" in name for name in names)
    for name, found in zip(names, archive.infolist(), strict=True):
        kind = stat.S_IFMT(found.external_attr >> 16)  # of the system that packed it; 0 where that has no kinds
        name = name.replace("\\", "/") if backslashes else name  # as some programs on Windows write them
        if name.endswith("/"):
            members.add_folder(name)
        else:
            members.add(name, found if kind in (0, stat.S_IFREG) else None)
    return ZipStorage(path, archive, members.files), members


def _name(found: zipfile.ZipInfo) -> str:
    """A member's name: macOS and old programs write UTF-8 without saying so."""
    if found.flag_bits & IS_UTF8:
        return found.filename
    try:
        return found.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return found.filename
