"""Where a bundle's files lie: in a folder, or in one `.unfreeze` file, a zip archive whose members are not compressed.

Nothing is ever unpacked, and no member is read that the bundle does not name.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from unfreeze.deploy.broken import broken_archive
from unfreeze.deploy.description import SETTINGS_FILE
from unfreeze.errors import BundleError

SUFFIX = ".unfreeze"

MOST_MEMBERS = 64
IS_ENCRYPTED = 0x1
PIECE_BYTES = 1 << 20
HASH_DIGITS = 12
UNREADABLE = (OSError, zipfile.BadZipFile, EOFError)
"""What reading a damaged file raises."""


class BundleFiles(Protocol):
    """A bundle's files, by their names.

    Attributes:
        path: The folder, or the file.
    """

    @property
    def path(self) -> Path:
        """The folder, or the file."""
        ...

    def names(self) -> set[str]:
        """Names of the files that are there."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """A file to read from; raises OSError where it is not there or cannot be read."""
        ...


@dataclass(frozen=True)
class FolderFiles:
    """A bundle's folder.

    Attributes:
        path: The folder.
    """

    path: Path

    def names(self) -> set[str]:
        """Names of the files that are there, those one folder deeper included."""
        found = [*self.path.glob("*"), *self.path.glob("*/*")]
        return {each.relative_to(self.path).as_posix() for each in found if each.is_file()}

    def open(self, name: str) -> IO[bytes]:
        """A file to read from."""
        return (self.path / name).open("rb")


@dataclass(frozen=True)
class ZipFiles:
    """A bundle as one file.

    Attributes:
        path: The file.
        archive: The same, opened.
    """

    path: Path
    archive: zipfile.ZipFile

    def names(self) -> set[str]:
        """Names of the members."""
        return set(self.archive.namelist())

    def open(self, name: str) -> IO[bytes]:
        """A member to read from."""
        try:
            return self.archive.open(name)
        except (KeyError, zipfile.BadZipFile) as error:
            raise OSError(str(error)) from error


def bundle_folder(path: Path) -> Path:
    """The bundle that a user means by a run folder or by the bundle itself."""
    return path / "model" if (path / "model" / SETTINGS_FILE).is_file() else path


def files_of(path: Path) -> BundleFiles:
    """The files of the bundle that a path names.

    Args:
        path: A run folder, a bundle's folder, or an `.unfreeze` file.

    Returns:
        The files; nothing but the index is read yet.

    Raises:
        BundleError: If it is a file, but no bundle, or if it may not be looked at.
    """
    try:
        return _zip_files(path) if path.is_file() else FolderFiles(bundle_folder(path))
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); give yourself the right to read it, or name another"
        raise BundleError(message, subject=path) from error


def _zip_files(path: Path) -> ZipFiles:
    try:
        archive = zipfile.ZipFile(path)
        members = archive.infolist()
    except Exception as error:  # damaged archives make the library raise almost anything
        raise broken_archive(path, error) from error
    names = [member.filename for member in members]
    if SETTINGS_FILE not in names:
        message = f"{path}: no model here (no {SETTINGS_FILE} in it); name a run folder, or a file of unfreeze export"
        raise BundleError(message, subject=path)
    faults = [
        f"{len(names)} members, more than {MOST_MEMBERS}" if len(names) > MOST_MEMBERS else "",
        "two members of one name" if len(set(names)) < len(names) else "",
        *(_fault(member, path) for member in members[:MOST_MEMBERS]),
    ]
    found = "; ".join(fault for fault in faults if fault)
    if found:
        message = f"{path}: damaged, or not a file that unfreeze export made ({found}); copy or export it again"
        raise BundleError(message, subject=path)
    return ZipFiles(path, archive)


def _fault(member: zipfile.ZipInfo, path: Path) -> str:
    """What is wrong with a member's entry; nothing that is stored as it is can grow when it is read."""
    if member.flag_bits & IS_ENCRYPTED:
        return f"{member.filename} is encrypted"
    if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
        return f"{member.filename} is compressed"
    if member.file_size > path.stat().st_size:
        return f"{member.filename} is larger than the file"
    return ""


def read_file(files: BundleFiles, name: str, *, sha256: str | None = None) -> bytes:
    """All bytes of a bundle's file.

    Args:
        files: The bundle's files.
        name: Which of them.
        sha256: Its hash, where it is known.

    Returns:
        The bytes.

    Raises:
        BundleError: If it is missing, or is not what its hash says.
    """
    try:
        with files.open(name) as file:
            data = file.read()
    except UNREADABLE as error:
        raise _damaged(files, name, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if sha256:
        _compare(files, name, found=hashlib.sha256(data).hexdigest(), expected=sha256, size=len(data))
    return data


def check_file(files: BundleFiles, name: str, *, sha256: str) -> None:
    """Makes sure that a file is what its hash says, without holding it in memory; raises BundleError otherwise."""
    digest, size = hashlib.sha256(), 0
    try:
        with files.open(name) as file:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
                size += len(piece)
    except UNREADABLE as error:
        raise _damaged(files, name, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    _compare(files, name, found=digest.hexdigest(), expected=sha256, size=size)


def _compare(files: BundleFiles, name: str, *, found: str, expected: str, size: int) -> None:
    if found != expected:
        hashes = f"{found[:HASH_DIGITS]}..., where {expected[:HASH_DIGITS]}... is expected"
        raise _damaged(files, name, f"{size:,} bytes of SHA-256 {hashes}")


def _damaged(files: BundleFiles, name: str, found: str) -> BundleError:
    path = files.path / name
    if name not in files.names():
        return BundleError(f"{path}: missing; copy the bundle again", subject=path)
    return BundleError(f"{path}: damaged ({found}); copy the bundle again", subject=path)
