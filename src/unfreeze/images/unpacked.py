"""Compressed tar archives, unpacked once into the cache: out of a compressed stream no picture can be read alone."""

import hashlib
import os
import shutil
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, cast

from unfreeze.cache import CACHE_VARIABLE, Part, cache_folder
from unfreeze.errors import CollectionError, UnfreezeError
from unfreeze.images.storage import state_of

COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "lzma"}
"""Which module reads a compressed file, by the bytes that the file begins with; not every Python has all of them."""

CHUNK_BYTES = 2**20
SPARE_BYTES = 2**30
"""Room on the disk that is left to others: an archive that is made to do harm unpacks without end."""


def plain_tar(path: Path) -> tuple[Path, tuple[str, ...]]:
    """A tar archive that is not compressed.

    Args:
        path: An archive, compressed or not: its first bytes tell.

    Returns:
        The archive itself, or a copy in the cache, which is made unless there is one of the archive as it is now; and
        a note on the copy.

    Raises:
        CollectionError: If the archive cannot be read, or there is no room for the copy.
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
        module = next((module for magic, module in COMPRESSIONS.items() if start.startswith(magic)), None)
        if module is None:
            return path, ()
        copy = _copy_path(path)
        if not copy.is_file():
            _unpack(path, module, copy)
        note = f"{path.name} is compressed: it is read from an unpacked copy of {_megabytes(copy)} MB in the cache"
        return copy, (note,)
    except UnfreezeError:
        raise
    except Exception as error:  # damaged archives make the libraries raise almost anything
        what = getattr(error, "strerror", None) or error
        raise CollectionError(f"{path}: cannot be unpacked ({what}); fetch it again", subject=path) from error


def _copy_path(path: Path) -> Path:
    """Where the copy of an archive in its present state lies."""
    whose, state = (_short_hash(text) for text in (str(path.resolve()), state_of(path.stat())))
    return cache_folder(Part.ARCHIVES) / f"{whose}-{state}.tar"


def _unpack(path: Path, module: str, copy: Path) -> None:
    """Writes the copy whole or not at all, and removes copies of earlier states."""
    work = copy.with_name(f".{copy.name}.{os.getpid()}")
    room = shutil.disk_usage(copy.parent).free - SPARE_BYTES
    try:
        with cast("IO[bytes]", import_module(module).open(path)) as packed, work.open("wb") as file:
            while chunk := packed.read(CHUNK_BYTES):
                if file.tell() + len(chunk) > room:
                    message = f"{path}: no room to unpack it in {copy.parent}; name another folder in {CACHE_VARIABLE}"
                    raise CollectionError(message, subject=path)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.replace(work, copy)
    finally:
        work.unlink(missing_ok=True)
    whose = copy.name.partition("-")[0]
    for old in copy.parent.glob(f"{whose}-*.tar"):
        if old != copy:
            with suppress(OSError):  # another process may read it, where that is a hindrance
                old.unlink()


def _megabytes(path: Path) -> int:
    return -(-path.stat().st_size // 10**6)


def _short_hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
