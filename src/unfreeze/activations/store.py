"""Stored activations: a table from (content, view, weights, cut) to arrays, in one SQLite file.

SQLite was chosen over LMDB by measurement (docs/decisions/0002-store.md). A transaction is written whole or not at
all, so a run that is killed leaves what it had finished; several processes may read and write at a time.
"""

import hashlib
import os
import sqlite3
import struct
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.errors import RunError

SCHEMA = 1
KEYS_PER_QUERY = 500
WAIT_SECONDS = 60.0


class ActivationStore:
    """A persistent mapping from keys to float32 arrays.

    Args:
        folder: Where the file lies or is made. A damaged file is set aside under another name, and a new one begun,
            whenever the damage shows.

    Raises:
        RunError: If the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"activations-{SCHEMA}.sqlite"
        try:
            self._database = _open(self.path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise _unusable(self.path, error) from error
            self._database = _begin_anew(self.path)

    def __enter__(self) -> "ActivationStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Floats]:
        """The arrays that are stored under some of the keys.

        Args:
            keys: Keys as `activation_key` makes them.

        Returns:
            What was found; keys that are not stored are missing.

        Raises:
            RunError: If the file cannot be read.
        """
        found: dict[bytes, Floats] = {}
        try:
            for start in range(0, len(keys), KEYS_PER_QUERY):
                found.update(self._find(keys[start : start + KEYS_PER_QUERY]))
        except sqlite3.DatabaseError as error:
            self._recover(error)
        return found

    def put(self, arrays: Mapping[bytes, Floats]) -> None:
        """Stores arrays, all of them or, if it is interrupted, none.

        Args:
            arrays: Arrays by key.

        Raises:
            RunError: If they cannot be written, as on a full disk.
        """
        try:
            self._insert(arrays)
        except sqlite3.DatabaseError as error:
            self._recover(error)
            self._insert(arrays)

    def _find(self, keys: Sequence[bytes]) -> dict[bytes, Floats]:
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, value FROM activation WHERE key IN ({marks})"  # noqa: S608 - nothing but question marks
        with closing(self._database.execute(query, keys)) as rows:
            return {key: unpack(value) for key, value in rows}

    def _insert(self, arrays: Mapping[bytes, Floats]) -> None:
        with self._database:
            rows: Iterable[tuple[bytes, bytes]] = ((key, pack(array)) for key, array in arrays.items())
            self._database.executemany("INSERT OR IGNORE INTO activation VALUES (?, ?)", rows)

    def _recover(self, error: sqlite3.DatabaseError) -> None:
        """Begins a new file where the old one is damaged; a full or locked disk is the user's to mend."""
        if isinstance(error, sqlite3.OperationalError):
            raise _unusable(self.path, error) from error
        if type(error) is not sqlite3.DatabaseError:
            raise error  # a mistake of ours, such as using a closed store
        self._database.close()
        self._database = _begin_anew(self.path)


def activation_key(prefix: str, transform: str, content: str) -> bytes:
    """The key of one activation.

    Args:
        prefix: Names backbone, weights and cut.
        transform: Names all that decides the view's pixels beside the picture, its number included.
        content: Hash of the picture's bytes.

    Returns:
        16 bytes.
    """
    return hashlib.blake2b(f"{prefix}\n{transform}\n{content}".encode(), digest_size=16).digest()


def pack(array: Floats) -> bytes:
    """An array as bytes: the number of axes, their lengths, then little-endian float32 values.

    >>> unpack(pack(np.ones((2, 3), np.float32))).shape
    (2, 3)
    """
    return struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape) + array.astype("<f4").tobytes()


def unpack(data: bytes) -> Floats:
    """The array that `pack` wrote down; it cannot be written to."""
    axes = data[0]
    shape = struct.unpack_from(f"<{axes}I", data, 1)
    return np.frombuffer(data, "<f4", offset=1 + 4 * axes).reshape(shape)


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=WAIT_SECONDS)
    try:
        _write_ahead(database)
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("CREATE TABLE IF NOT EXISTS activation (key BLOB PRIMARY KEY, value BLOB NOT NULL)")
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


def _begin_anew(path: Path) -> sqlite3.Connection:
    """Sets a damaged file aside and begins a new one; SQLite drops the log of the old one itself."""
    os.replace(path, path.with_suffix(".damaged"))
    return _open(path)


def _unusable(path: Path, error: sqlite3.Error) -> RunError:
    message = (
        f"{path}: activations cannot be stored ({error}); free some space, or name another folder in UNFREEZE_CACHE"
    )
    return RunError(message, subject=path)
