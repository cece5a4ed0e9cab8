"""The SQLite file that activations lie in."""

import sqlite3
from contextlib import suppress
from pathlib import Path

from unfreeze import database
from unfreeze.errors import RunError

SCHEMA = 2

TABLES = (
    # Times of use lie apart from the values: noting one must not write the page that a value lies in.
    # No number is given twice, so what a store remembers of one stays true after another process removed the entry.
    "CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB UNIQUE NOT NULL, used INTEGER)",
    "CREATE TABLE IF NOT EXISTS value (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
)


def database_path(folder: Path) -> Path:
    """Where in a folder the file lies."""
    return folder / f"activations-{SCHEMA}.sqlite"


def open_database(path: Path) -> sqlite3.Connection:
    """Opens the file; one that is damaged is set aside, and a new one begun.

    Args:
        path: The file, there or not.

    Returns:
        A connection that belongs to the thread that calls.

    Raises:
        RunError: If the file cannot be read or made.
    """
    with suppress(OSError):  # the first schema's file, of no use to this version, may be in use on Windows
        for old in path.parent.glob("activations-1.*"):
            old.unlink()
    try:
        return database.open_database(path, TABLES)
    except sqlite3.OperationalError as error:
        raise unusable(path, error) from error


def begin_anew(path: Path) -> sqlite3.Connection:
    """Sets a damaged file aside and begins a new one.

    Args:
        path: The damaged file, unless another process that met the damage has put a new one in its place.

    Returns:
        A connection to the new one.
    """
    return database.begin_anew(path, TABLES)


def unusable(path: Path, error: sqlite3.Error) -> RunError:
    """The error to raise where a full or locked disk is the user's to mend."""
    message = (
        f"{path}: activations cannot be stored ({error}); free some space, or name another folder in UNFREEZE_CACHE"
    )
    return RunError(message, subject=path)
