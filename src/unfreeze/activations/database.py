"""Opens the SQLite file that activations lie in, and sets a damaged one aside.

SQLite was chosen over LMDB, and the size of a page, by measurement: docs/decisions/0002-store.md.
"""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from unfreeze.errors import RunError

SCHEMA = 2
PAGE_BYTES = 16384
WAIT_SECONDS = 60.0
LOG_BYTES = 2**26
"""Above this the write-ahead log is cut when its content has reached the file."""

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
        return _open(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise unusable(path, error) from error
        return begin_anew(path)


def begin_anew(path: Path) -> sqlite3.Connection:
    """Sets a damaged file aside and begins a new one; SQLite drops the log of the old one itself.

    Args:
        path: The damaged file, unless another process that met the damage has put a new one in its place.

    Returns:
        A connection to the new one.
    """
    with suppress(sqlite3.DatabaseError):
        return _open_sound(path)
    with suppress(FileNotFoundError):
        os.replace(path, path.with_suffix(".damaged"))
    return _open(path)


def unusable(path: Path, error: sqlite3.Error) -> RunError:
    """The error to raise where a full or locked disk is the user's to mend."""
    message = (
        f"{path}: activations cannot be stored ({error}); free some space, or name another folder in UNFREEZE_CACHE"
    )
    return RunError(message, subject=path)


def content_bytes(database: sqlite3.Connection) -> int:
    """Bytes of the file's pages that hold something, within the transaction that is open."""
    return PAGE_BYTES * (_number(database, "page_count") - _number(database, "freelist_count"))


def give_back(database: sqlite3.Connection, *, above_bytes: int = 0) -> None:
    """Cuts free pages off the file, in transactions of some megabytes; the disk has them when the log is copied next.

    Args:
        database: The connection.
        above_bytes: Free pages below this size of the file stay, to be written to again.
    """
    excess = _number(database, "page_count") - above_bytes // PAGE_BYTES
    for _ in range(0, min(excess, _number(database, "freelist_count")), 1000):
        database.executescript(f"PRAGMA incremental_vacuum({min(excess, 1000)})")  # execute() would free one page
        excess -= 1000


def _number(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=WAIT_SECONDS)
    try:
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _write_ahead(database)
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA secure_delete = OFF").fetchall()  # some builds write zeros over what is removed
        database.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}").fetchall()
        for table in TABLES:
            database.execute(table)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _open_sound(path: Path) -> sqlite3.Connection:
    """Opens a file that has no damage in it; raises sqlite3.DatabaseError otherwise."""
    database = _open(path)
    try:
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _write_ahead(database: sqlite3.Connection) -> None:
    """Switches to a write-ahead log. SQLite does not wait here while another process switches too, so this does."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return
