"""What scans have read, kept in the cache, so that a file that has not changed is not read again.

A file is the one that was read before as long as its storage gives the same state for it. What was found is of use to
this version of the program and of its decoders alone. The cache is an aid: where it cannot be used, `fault` says why,
and everything is read.
"""

import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Generic, TypeVar

from unfreeze.cache import Part, cache_folder
from unfreeze.database import begin_anew, content_bytes, give_back, is_damage, open_database
from unfreeze.errors import RunError
from unfreeze.images.packed import Packing

Kind = TypeVar("Kind")
Result = TypeVar("Result")

SCHEMA = 1
READING = 3
"""To be raised when decoding comes to find something else in the same bytes, where no field's name or type changes."""

LIMIT_BYTES = 1_000_000_000
"""When the file's content is larger after a scan, the collections scanned longest ago go until it is 90 % of this.

The collection that was just scanned stays, whatever its size; a million pictures take some 200 MB.
"""

ROOM_SHARE = 0.9
AT_A_TIME = 500
"""Files that one transaction writes, and one query looks for."""

NOTED_SECONDS = 3600
"""A time of use is written down again when it is older than this, so that a scan that finds all writes nothing."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS collection"
    " (id INTEGER PRIMARY KEY AUTOINCREMENT, root BLOB UNIQUE NOT NULL, version TEXT NOT NULL, used INTEGER NOT NULL)",
    # Rows lie in the order of their paths, which is the order that they are asked for in.
    "CREATE TABLE IF NOT EXISTS reading (collection INTEGER NOT NULL, path BLOB NOT NULL, state BLOB NOT NULL,"
    " value BLOB NOT NULL, PRIMARY KEY (collection, path)) WITHOUT ROWID",
)
DECODERS = ("pillow", "pillow-heif")
BROKEN, SOUND = b"-", b"+"


def scans_path(folder: Path) -> Path:
    """Where in a folder the file lies."""
    return folder / f"scans-{SCHEMA}.sqlite"


class ScanCache(Generic[Kind]):
    """What scans have read of the files of one collection: for each path its file's state, and what was found in it.

    What was found is an instance of one dataclass, or text: the reason why the file is broken. Broken files are looked
    at again when they change, or after `unfreeze cache --clear scans`.

    Args:
        root: The collection's folder or archive, by which it is found again.
        kind: The dataclass; `Packing` says what its fields may be.
        enabled: Whether anything is to be found and kept at all.

    Attributes:
        fault: Why the cache cannot be used; empty while it can.
    """

    def __init__(self, root: Path, kind: type[Kind], *, enabled: bool = True) -> None:
        self.fault = ""
        self._packing = Packing(kind)
        self._root = _bytes(str(root.resolve()))
        self._version = (
            f"{READING} {_installed('unfreeze')} {' '.join(map(_installed, DECODERS))} {self._packing.outline}"
        )
        self._waiting: list[tuple[bytes, bytes, bytes]] = []
        self._database: sqlite3.Connection | None = None
        self._has_written = False
        self._sought: Sequence[str] = ()
        if enabled:
            try:
                self._path = scans_path(cache_folder(Part.SCANS))
                self._open(open_database)
            except RunError as error:
                self.fault = str(error)

    def __enter__(self) -> "ScanCache[Kind]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keeps what was found so far, whatever ended the scan, and makes room."""
        self._tried(self._write, None)
        if self._has_written:
            self._tried(self._make_room, None)
        if self._database:
            self._database.close()

    def find(self, paths: Sequence[str], states: Sequence[str]) -> list[Kind | str | None]:
        """What is known of files.

        Args:
            paths: Their paths, any number.
            states: Their states as they are now; nothing is known of a file without a state.

        Returns:
            In the same order what was found in each, or why it is broken; None for a file that is to be read.
        """
        self._sought = paths
        found: list[Kind | str | None] = []
        for start in range(0, len(paths), AT_A_TIME):
            end = start + AT_A_TIME
            now = list(zip(map(_bytes, paths[start:end]), map(_bytes, states[start:end]), strict=True))
            found += self._tried(partial(self._look_up, files=now), [None] * len(now))
        return found

    def keep(self, path: str, state: str, found: Kind | str) -> None:
        """Keeps what was found in a file, as soon as some more files have been read.

        Args:
            path: The file's path.
            state: Its state before it was read; without one nothing is kept.
            found: What was found, or why it is broken.
        """
        if not state or self._database is None:
            return
        content = BROKEN + _bytes(found) if isinstance(found, str) else SOUND + self._packing.pack(found)
        row = (_bytes(path), _bytes(state))
        self._waiting.append((*row, _check(*row, content) + content))
        if len(self._waiting) >= AT_A_TIME:
            self._tried(self._write, None)

    def _look_up(self, database: sqlite3.Connection, files: Sequence[tuple[bytes, bytes]]) -> list[Kind | str | None]:
        """What is known of some files, each given by its path and its state."""
        query = "SELECT path, state, value FROM reading WHERE collection = ? AND path IN"
        words = (self._number(database), *(path for path, _ in files))
        rows = database.execute(f"{query} ({','.join('?' * len(files))})", words)
        # SQLite does not notice what a disk changes within a value
        kept = {(path, state): value[4:] for path, state, value in rows if value[:4] == _check(path, state, value[4:])}
        contents = [kept.get(file, b"") for file in files]
        sound = iter(self._packing.unpack_all([content[1:] for content in contents if content[:1] == SOUND]))
        return [
            next(sound) if content[:1] == SOUND else _text(content[1:]) if content else None for content in contents
        ]

    def _number(self, database: sqlite3.Connection) -> int:
        """Number of the collection in this version; -1 where it has none. Another process may remove it at any time."""
        query = "SELECT id, used FROM collection WHERE root = ? AND version = ?"
        number, used = database.execute(query, (self._root, self._version)).fetchone() or (-1, time.time())
        if abs(time.time() - used) > NOTED_SECONDS:  # a clock may have been ahead
            with suppress(sqlite3.OperationalError), database:  # a full disk is no reason not to read
                database.execute("UPDATE collection SET used = ? WHERE id = ?", (int(time.time()), number))
        return int(number)

    def _write(self, database: sqlite3.Connection) -> None:
        """Writes what waits, in one transaction that also sees to it that the collection is there in this version."""
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        note = "INSERT INTO collection (root, version, used) VALUES (?, ?, ?) ON CONFLICT (root) DO UPDATE SET used = ?"
        now = int(time.time())
        with database:
            database.execute(note, (self._root, self._version, now, now))
            query = "SELECT id, version FROM collection WHERE root = ?"
            number, found = database.execute(query, (self._root,)).fetchone()
            if found != self._version:
                database.execute("DELETE FROM reading WHERE collection = ?", (number,))
                database.execute("UPDATE collection SET version = ? WHERE id = ?", (self._version, number))
            database.executemany("INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?)", ((number, *row) for row in rows))
        self._has_written = True

    def _make_room(self, database: sqlite3.Connection) -> None:
        """Removes collections that were scanned longest ago, then files that this one has no more, as need be."""
        if content_bytes(database) <= LIMIT_BYTES:
            return
        query = "SELECT id FROM collection WHERE root != ? ORDER BY used, id"
        for (number,) in database.execute(query, (self._root,)).fetchall():
            with database:
                database.execute("DELETE FROM reading WHERE collection = ?", (number,))
                database.execute("DELETE FROM collection WHERE id = ?", (number,))
            if content_bytes(database) <= ROOM_SHARE * LIMIT_BYTES:
                break
        else:
            self._forget_all_but(database, self._sought)
        give_back(database, above_bytes=LIMIT_BYTES)

    def _forget_all_but(self, database: sqlite3.Connection, paths: Sequence[str]) -> None:
        number = self._number(database)
        kept = {path for (path,) in database.execute("SELECT path FROM reading WHERE collection = ?", (number,))}
        gone = [(number, path) for path in kept.difference(map(_bytes, paths))]
        with database:
            database.executemany("DELETE FROM reading WHERE collection = ? AND path = ?", gone)

    def _tried(self, work: Callable[[sqlite3.Connection], Result], otherwise: Result) -> Result:
        """Does something with the file; where that fails, the scan goes on without."""
        if self._database is None:
            return otherwise
        try:
            return work(self._database)
        except sqlite3.OperationalError as error:
            self._give_up(error)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._database.close()
            self._open(begin_anew)
        return otherwise

    def _open(self, opened: Callable[[Path, Sequence[str]], sqlite3.Connection]) -> None:
        try:
            self._database = opened(self._path, TABLES)
        except (sqlite3.OperationalError, OSError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self.fault = f"{self._path}: {error}"
        if self._database:
            self._database.close()
        self._database = None


def clear_scans(path: Path) -> None:
    """Removes all that scans have kept and gives the disk space back; another process may go on using the file.

    Args:
        path: The file.

    Raises:
        RunError: If it cannot be written.
    """
    with _opened(path) as database:
        with database:
            database.execute("DELETE FROM reading")
            database.execute("DELETE FROM collection")
        give_back(database)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def scans_usage(path: Path) -> tuple[int, int | None, int | None]:
    """How many files' readings there are, and when the collection longest out of use and the last one were scanned.

    Args:
        path: The file.

    Returns:
        The number, and two times in seconds of Unix time, to the hour; None without collections.

    Raises:
        RunError: If it cannot be read.
    """
    with _opened(path) as database:
        (entries,) = database.execute("SELECT count(*) FROM reading").fetchone()
        return (entries, *database.execute("SELECT min(used), max(used) FROM collection").fetchone())


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(open_database(path, TABLES)) as database:
            yield database
    except sqlite3.DatabaseError as error:
        message = f"{path}: cannot be used ({error}); close what uses it, or remove it by hand"
        raise RunError(message, subject=path) from error


def _check(path: bytes, state: bytes, content: bytes) -> bytes:
    """Four bytes that change when a row's content does."""
    return zlib.crc32(b"\0".join((path, state, content))).to_bytes(4, "little")


def _bytes(text: str) -> bytes:
    """Text as bytes in the same order; names of files that are no text have characters that UTF-8 lacks."""
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"
