"""Stored activations: a table from (content, view, weights, cut) to arrays, in one SQLite file.

A transaction is written whole or not at all, so a run that is killed leaves what it had finished; several processes may
read and write at a time. Figures: docs/decisions/0002-store.md.
"""

import hashlib
import sqlite3
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from unfreeze.activations.database import begin_anew, database_path, open_database, unusable
from unfreeze.activations.engines import Floats
from unfreeze.activations.rounding import narrowed
from unfreeze.database import content_bytes, give_back, is_damage

KEYS_PER_QUERY = 500
NOTED_SECONDS = 3600
"""A time of use is written down again when it is older than this, so that reading seldom writes."""

ROOM_SHARE = 0.9
"""Part of the limit that is still filled after old entries went."""

TYPES: dict[bytes, npt.DTypeLike] = {b"e": "<f2", b"f": "<f4"}


@dataclass(frozen=True, kw_only=True)
class StoreUsage:
    """What lies in a store.

    Attributes:
        entries: Number of arrays.
        oldest: When the array longest out of use was used, in seconds of Unix time, to the hour; None without arrays.
        latest: When an array was used last.
    """

    entries: int
    oldest: int | None
    latest: int | None


class ActivationStore:
    """A persistent mapping from keys to arrays of float32, kept as float16 where that holds them: see `as_stored`.

    It belongs to the thread that made it: a call from another one is a `sqlite3.ProgrammingError`, and changes nothing.
    Another process may remove any entry at any time, when it makes room or clears the cache.

    Args:
        folder: Where the file lies or is made. A damaged file is set aside under another name, and a new one begun,
            whenever the damage shows.
        limit_bytes: When the file's content is larger after something was put, the arrays used longest ago go until it
            is 90 % of this. Arrays that this store has found or stored since it was opened stay, whatever their size.

    Raises:
        RunError: If the folder cannot be written.
    """

    def __init__(self, folder: Path, *, limit_bytes: int | None = None) -> None:
        self.path = database_path(folder)
        self._limit_bytes = limit_bytes
        self._own = bytearray()  # 1 at the number of each entry of this store's own
        self._database = open_database(self.path)

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
            What was found, as float32; keys that are not stored are missing.

        Raises:
            RunError: If the file cannot be read.
        """
        found: dict[bytes, Floats] = {}
        unnoted: list[int] = []
        now = int(time.time())
        query = "SELECT id, used, key, data FROM entry JOIN value USING (id) WHERE key IN"
        for number, used, key, data in self._select(query, keys):
            found[key] = unpack(data)
            if abs(now - used) > NOTED_SECONDS:  # a clock may have been ahead
                unnoted.append(number)
        if unnoted:
            self._note(unnoted, now)
        return found

    def has(self, keys: Sequence[bytes]) -> set[bytes]:
        """Which of the keys are stored; no array is read, and none of these will make room for another.

        Args:
            keys: Keys as `activation_key` makes them.

        Returns:
            Those that are stored.

        Raises:
            RunError: If the file cannot be read.
        """
        return {key for _, key in self._select("SELECT id, key FROM entry WHERE key IN", keys)}

    def put(self, arrays: Mapping[bytes, Floats]) -> None:
        """Stores arrays, all of them or, if it is interrupted, none; a key that is there keeps its array.

        Args:
            arrays: Arrays by key.

        Raises:
            RunError: If they cannot be written, as on a full disk.
        """
        packed = {key: pack(array) for key, array in arrays.items()}
        try:
            self._insert(packed)
        except sqlite3.DatabaseError as error:
            self._recover(error)
            self._insert(packed)
        if self._limit_bytes is not None:
            try:
                self._make_room(self._limit_bytes)
            except sqlite3.DatabaseError as error:
                self._recover(error)

    def usage(self) -> StoreUsage:
        """How many arrays there are, and when they were used; raises RunError if the file cannot be read."""
        query = "SELECT count(*), min(used), max(used) FROM entry"
        try:
            count, oldest, latest = self._database.execute(query).fetchone()
        except sqlite3.DatabaseError as error:
            self._recover(error)
            return StoreUsage(entries=0, oldest=None, latest=None)
        return StoreUsage(entries=count, oldest=oldest, latest=latest)

    def clear(self) -> None:
        """Removes all arrays and gives the disk space back; another process may go on using the file meanwhile.

        Raises:
            RunError: If another process holds the file for too long.
        """
        try:
            with self._database:
                self._database.execute("DELETE FROM entry")
                self._database.execute("DELETE FROM value")
            give_back(self._database)
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.DatabaseError as error:
            self._recover(error)

    def _select(self, query: str, keys: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
        """Rows of a query for keys, some keys at a time; the first column numbers entries that are in use from now."""
        for start in range(0, len(keys), KEYS_PER_QUERY):
            some = keys[start : start + KEYS_PER_QUERY]
            try:
                with closing(self._database.execute(f"{query} ({','.join('?' * len(some))})", some)) as rows:
                    for row in rows:
                        self._keep(row[0])
                        yield row
            except sqlite3.DatabaseError as error:
                self._recover(error)

    def _insert(self, packed: Mapping[bytes, bytes]) -> None:
        now = int(time.time())
        note = "INSERT INTO entry (key, used) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET used = excluded.used"
        with self._database:
            for key, data in packed.items():
                self._database.execute(note, (key, now))
                (number,) = self._database.execute("SELECT id FROM entry WHERE key = ?", (key,)).fetchone()
                self._database.execute("INSERT OR IGNORE INTO value VALUES (?, ?)", (number, data))
                self._keep(number)

    def _note(self, numbers: Sequence[int], now: int) -> None:
        """Writes down that entries were used; a full disk is no reason not to read."""
        with suppress(sqlite3.OperationalError), self._database:
            self._database.executemany("UPDATE entry SET used = ? WHERE id = ?", ((now, number) for number in numbers))

    def _keep(self, number: int) -> None:
        if number >= len(self._own):
            self._own.extend(bytes(number + 1 - len(self._own)))
        self._own[number] = 1

    def _make_room(self, limit_bytes: int) -> None:
        """Removes entries that are not this store's own, those used longest ago first, where there are too many."""
        if content_bytes(self._database) <= limit_bytes:
            return
        numbers = [number for (number,) in self._database.execute("SELECT id FROM entry ORDER BY used, id")]
        others = [number for number in numbers if number >= len(self._own) or not self._own[number]]
        while others and content_bytes(self._database) > ROOM_SHARE * limit_bytes:
            self._remove(others[:KEYS_PER_QUERY], until_bytes=int(ROOM_SHARE * limit_bytes))
            del others[:KEYS_PER_QUERY]
        give_back(self._database, above_bytes=limit_bytes)
        if content_bytes(self._database) > limit_bytes:
            self._limit_bytes = None  # all that is left is its own: there is nothing to look for at each put

    def _remove(self, numbers: Sequence[int], *, until_bytes: int) -> None:
        with self._database:
            for number in numbers:
                self._database.execute("DELETE FROM entry WHERE id = ?", (number,))
                self._database.execute("DELETE FROM value WHERE id = ?", (number,))
                if content_bytes(self._database) <= until_bytes:
                    return

    def _recover(self, error: sqlite3.DatabaseError) -> None:
        """Begins a new file where the old one is damaged; a full or locked disk is the user's to mend."""
        if isinstance(error, sqlite3.OperationalError):
            raise unusable(self.path, error) from error
        if not is_damage(error):
            raise error  # a mistake of ours, such as using a closed store
        self._database.close()
        self._database = begin_anew(self.path)
        self._own.clear()


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
    """An array as bytes: the values' type, the number of axes, their lengths, then little-endian values.

    >>> list(pack(np.ones(3, np.float32))[:6])  # "e" for float16, one axis, of length 3
    [101, 1, 3, 0, 0, 0]
    """
    values = narrowed(array)
    return struct.pack(f"<cB{array.ndim}I", values.dtype.char.encode(), array.ndim, *array.shape) + values.tobytes()


def unpack(data: bytes) -> Floats:
    """The array that `pack` wrote down, as float32."""
    kind, axes = data[:1], data[1]
    shape = struct.unpack_from(f"<{axes}I", data, 2)
    return np.frombuffer(data, TYPES[kind], offset=2 + 4 * axes).reshape(shape).astype(np.float32)
