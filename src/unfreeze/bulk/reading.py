"""The pictures of a part, one after another, so that no more of them than are in work are ever held."""

import errno
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from unfreeze.bulk.places import Place, place
from unfreeze.bulk.plan import Part
from unfreeze.deploy.inputs import Source
from unfreeze.images.formats import PICTURE_SUFFIXES, is_hidden
from unfreeze.images.members import clean_name
from unfreeze.images.storage import LARGEST_FILE_BYTES, check_size

DAMAGED = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError)
FOR_GOOD = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
"""What is no better at the next try; far file systems raise these without a number."""

NUMBERS_FOR_GOOD = (errno.EFBIG, errno.ELOOP, errno.ENAMETOOLONG)
"""Likewise, where Python has no class for it."""


class Unreachable(Exception):  # noqa: N818 - says what happened; the part is tried again
    """A file cannot be read now, and may be later."""


def pictures_of(part: Part) -> Iterator[Source]:
    """The pictures of a part, as a predictor takes them.

    Args:
        part: The part.

    Returns:
        Sources in order. One that stands for what can never be read raises OSError when it is read; a damaged archive
        ends with such a one.

    Raises:
        Unreachable: Here or when a source is read, if it may be read later.
    """
    return _in_archive(part.archive) if part.archive else (Source(name, _Far(name)) for name in part.files)


@dataclass(frozen=True, slots=True)
class _Far:
    """A file that is read when the predictor's thread comes to it."""

    at: str

    def read(self) -> bytes:
        where = place(self.at)
        try:
            size = where.files.size(where.path) if where.is_local else None
            check_size(size or 0, self.at)
            data = where.read(0, LARGEST_FILE_BYTES + 1)  # to ask a far file's size is a request more
            if len(data) > LARGEST_FILE_BYTES:
                what = f"has more than {LARGEST_FILE_BYTES:,} bytes, and no larger file is read"
                raise OSError(errno.EFBIG, what, self.at)
            return data
        except OSError as error:
            if _is_for_good(error, where):
                raise
            raise Unreachable(f"{self.at}: {error}") from error


def _is_for_good(error: OSError, where: Place) -> bool:
    """Whether the next try would end alike; a lack of handles, a stale mount, a failing disk or network may pass."""
    if isinstance(error, PermissionError):
        return where.is_local  # far file systems raise it for a key that has expired, and for a clock that is wrong
    return isinstance(error, FOR_GOOD) or error.errno in NUMBERS_FOR_GOOD


@dataclass(frozen=True, slots=True)
class _Broken:
    """What cannot be read."""

    reason: str

    def read(self) -> bytes:
        raise OSError(self.reason)


class _Header(tarfile.TarInfo):
    """A member's header; the library takes a damaged one, or none, for the archive's end."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> "_Header":
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # the two empty blocks that end an archive
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error) or "a damaged header") from error


def _in_archive(name: str) -> Iterator[Source]:
    """The pictures of a tar archive, which is read once from its beginning to its end, compressed or not."""
    seen: set[str] = set()
    count = 0
    where = place(name)
    try:
        with (
            where.open() as file,
            tarfile.open(fileobj=file, mode="r|*", errors="surrogateescape", tarinfo=_Header) as archive,
        ):
            for member in archive:
                count += 1
                path = clean_name(member.name)
                if not path.lower().endswith(tuple(PICTURE_SUFFIXES)) or any(map(is_hidden, path.split("/"))):
                    continue
                yield Source(f"{name}/{path}", _member(archive, member, path, seen))
    except DAMAGED as error:
        yield Source(name, _Broken(f"damaged after {count} members ({error}); fetch it again"))
    except OSError as error:
        if not _is_for_good(error, where):
            raise Unreachable(f"{name}: {error}") from error
        yield Source(name, _Broken(error.strerror or str(error)))


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, seen: set[str]) -> bytes | _Broken:
    """The bytes of a member; a name that comes again is no second row of the same path."""
    if path in seen:
        return _Broken("another file of the archive has the same name, and the first one counts")
    seen.add(path)
    try:
        check_size(member.size, path)
    except OSError as error:
        return _Broken(error.strerror or str(error))
    file = archive.extractfile(member) if member.isreg() else None
    if file is None:
        return _Broken("is no file, but a link or something else, in the archive")
    data = file.read()
    if len(data) < member.size:
        raise tarfile.ReadError("unexpected end of data")
    return data
