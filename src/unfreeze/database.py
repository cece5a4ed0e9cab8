"""Opens the SQLite files of the cache for several processes at a time, and sets a damaged one aside.

A transaction is written whole or not at all, so a process that is killed leaves what it had finished. SQLite was chosen
over LMDB, and the size of a page, by measurement: docs/decisions/0002-store.md.
"""

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PAGE_BYTES = 16384
WAIT_SECONDS = 60.0
LOG_BYTES = 2**26
"""Above this the write-ahead log is cut when its content has reached the file."""


def open_database(path: Path, tables: Sequence[str]) -> sqlite3.Connection:
    """Opens the file; one that is damaged is set aside, and a new one begun.

    Args:
        path: The file, there or not.
        tables: Statements that make its tables where they are not there.

    Returns:
        A connection that belongs to the thread that calls.

    Raises:
        sqlite3.OperationalError: If the file cannot be read or made, as on a full or locked disk.
    """
    try:
        return _open(path, tables)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return begin_anew(path, tables)


def begin_anew(path: Path, tables: Sequence[str]) -> sqlite3.Connection:
    """Sets a damaged file aside and begins a new one; SQLite drops the log of the old one itself.

    Args:
        path: The damaged file, unless another process that met the damage has put a new one in its place.
        tables: Statements that make its tables.

    Returns:
        A connection to the new one.
    """
    with suppress(sqlite3.DatabaseError):
        return _open_sound(path, tables)
    with suppress(FileNotFoundError):
        os.replace(path, path.with_suffix(".damaged"))
    return _open(path, tables)


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether an error says that a file is damaged; else it is a full or locked disk, or a mistake of ours."""
    return type(error) is sqlite3.DatabaseError


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


def _open(path: Path, tables: Sequence[str]) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=WAIT_SECONDS)
    try:
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _write_ahead(database)
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA secure_delete = OFF").fetchall()  # some builds write zeros over what is removed
        database.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}").fetchall()
        for table in tables:
            database.execute(table)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _open_sound(path: Path, tables: Sequence[str]) -> sqlite3.Connection:
    """Opens a file that has no damage in it; raises sqlite3.DatabaseError otherwise."""
    database = _open(path, tables)
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
