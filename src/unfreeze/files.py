"""Writes files: whole ones, whenever the program is stopped, and ones that replace nothing."""

import os
from collections.abc import Mapping
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
    write_together({path: data})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Writes files that belong together: old ones stay until all new ones are complete.

    Args:
        files: All bytes of each file; they are replaced in this order.

    Raises:
        RunError: If one of them cannot be written.
    """
    works = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in files}
    path = next(iter(files))
    try:
        for path, data in files.items():
            with works[path].open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for path, work in works.items():
            os.replace(work, path)
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); free some space or choose another folder"
        raise RunError(message, subject=path) from error
    finally:
        for work in works.values():
            with suppress(OSError):  # gone after a replacement, and never there where the folder is none
                work.unlink()


def become_whole(work: Path, path: Path) -> None:
    """Gives a file that is written to its end its name, once its bytes are on the disk; raises OSError if it cannot.

    Args:
        work: The file as it was written, in the same folder.
        path: Its name; a file of that name is replaced.
    """
    with work.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(work, path)


def make_folder(path: Path) -> Path:
    """Makes a folder, and those that it lies in, unless it is there.

    Args:
        path: The folder.

    Returns:
        The same.

    Raises:
        RunError: If it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{path}: cannot be made ({error.strerror}); choose another folder", subject=path) from error
    return path


def free_folder(parent: Path, name: str) -> Path:
    """A folder's path that is not taken yet: parent/name, then parent/name-2 and so on.

    Args:
        parent: Where it is to lie.
        name: What it is to be called.

    Returns:
        The path; nothing is made.
    """
    number, path = 1, parent / name
    while path.exists():
        number += 1
        path = parent / f"{name}-{number}"
    return path


def write_new(path: Path, data: bytes, *, flag: str) -> None:
    """Writes a file that is not there yet; one that cannot be written to its end is removed again.

    Args:
        path: The file.
        data: All of its bytes.
        flag: The flag that names it, for the error.

    Raises:
        RunError: If there is such a file already, or it cannot be written.
    """
    try:
        file = path.open("xb")
    except FileExistsError as error:
        raise there_already(path, flag=flag) from error
    except OSError as error:
        raise _unwritable(path, error, flag) from error
    try:
        with file:
            file.write(data)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritable(path, error, flag) from error


def there_already(path: Path, *, flag: str) -> RunError:
    """The error of a file of the user's that would have to be replaced."""
    return RunError(f"{path}: is there already and stays as it is; choose another file for {flag}", subject=path)


def _unwritable(path: Path, error: OSError, flag: str) -> RunError:
    return RunError(f"{path}: cannot be written ({error.strerror}); choose another file for {flag}", subject=path)
