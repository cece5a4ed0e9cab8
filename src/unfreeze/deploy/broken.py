"""Says where an `.unfreeze` file that cannot be opened is broken: such files are cut when a copy stops early."""

import os
import struct
from pathlib import Path
from typing import IO

from unfreeze.errors import BundleError

MEMBER, INDEX = b"PK\x03\x04", b"PK\x01\x02"
"""What a member's own header and the index begin with (PKWARE's APPNOTE.TXT, 4.3.7 and 4.3.12)."""

HEADER = struct.Struct("<4s14xIIHH")
"""Of a member: what it begins with, bytes in the file, bytes unpacked, lengths of its name and of its extra field."""

COPY_AGAIN = "copy it again from where unfreeze export made it"


def broken_archive(path: Path, reason: Exception) -> BundleError:
    """Why a file that should be a bundle is none.

    Args:
        path: The file.
        reason: What the library says of it.

    Returns:
        That it is damaged, and where, if it begins as a bundle does or is empty; else that it is no model.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        begins = file.read(len(MEMBER))
        if not begins:
            message = f"{path}: is empty; {COPY_AGAIN}"
        elif MEMBER.startswith(begins):
            message = f"{path}: damaged ({_place(file, size)}); {COPY_AGAIN}"
        elif path.suffix == ".unfreeze":
            found = f"{size:,} bytes that begin with {begins!r}, as no such file does"
            message = f"{path}: no model, or a damaged one ({found}); {COPY_AGAIN}"
        else:
            message = f"{path}: no model ({reason}); name a run folder, or a file that unfreeze export made"
    return BundleError(message, subject=path)


def _place(file: IO[bytes], size: int) -> str:
    """What a walk from member to member, each of which says how long it is, meets in place of the index."""
    at, last = 0, ""
    while True:
        file.seek(at, os.SEEK_SET)
        header = file.read(HEADER.size)
        if not INDEX.startswith(header[:4]) and not MEMBER.startswith(header[:4]):
            return f"what follows {last} at byte {at:,} of {size:,} is neither a member nor the index"
        if header.startswith(INDEX):
            return f"all members are there, but from byte {at:,} of {size:,} on there is not just a whole index"
        if len(header) < HEADER.size:
            return f"it ends after {size:,} bytes, {f'behind {last}' if last else 'at its very beginning'}"
        _, length, _, name, extra = HEADER.unpack(header)
        last = file.read(name).decode("utf-8", "replace")
        at += HEADER.size + name + extra + length
        if at > size:
            return f"it ends after {size:,} bytes, within {last}, which ends at byte {at:,}"
