"""Writes files so that one is always whole, whenever the program is stopped."""

import os
from contextlib import suppress
from pathlib import Path

from unfreeze.errors import RunError


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all: an old one stays until the new one is complete.

    Args:
        path: The file.
        data: All of its bytes.

    Raises:
        RunError: If the file cannot be written.
    """
    work = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with work.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(work, path)
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); free some space or choose another folder"
        raise RunError(message, subject=path) from error
    finally:
        with suppress(OSError):  # gone after a replacement, and never there where the folder is none
            work.unlink()
