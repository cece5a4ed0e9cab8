"""Which activations fit into the cache: arithmetic on numbers of values, pictures and bytes."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from unfreeze.database import PAGE_BYTES
from unfreeze.errors import SettingsError

BYTES_A_VALUE = 2
NOTE_BYTES = 80
"""What the key and the time of use of an entry take."""

UNITS = ("B", "KB", "MB", "GB", "TB")
SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:([kmgt])(i?))?b?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A place where a network can be cut.

    Attributes:
        name: The first stage behind the cut.
        values: How many values one picture's activation has there.
    """

    name: str
    values: int


@dataclass(frozen=True, kw_only=True)
class StorePlan:
    """What is to be stored.

    Attributes:
        cut: Name of the cut.
        views: Augmented views of each picture, beside the plain one.
        wanted_views: How many were asked for.
        pictures: Number of pictures.
        entry_bytes: What one view of one picture takes on the disk.
        limit_bytes: What the cache may take.
    """

    cut: str
    views: int
    wanted_views: int
    pictures: int
    entry_bytes: int
    limit_bytes: int

    @property
    def total_bytes(self) -> int:
        """What all of them take on the disk."""
        return self.pictures * (1 + self.views) * self.entry_bytes

    @property
    def reason(self) -> str:
        """A sentence for the user."""
        fewer = f" ({self.wanted_views} were asked for)" if self.views < self.wanted_views else ""
        return (
            f"activations before {self.cut}: {readable_bytes(self.entry_bytes)} a picture and view, "
            f"1 + {self.views} views{fewer} of {self.pictures:,} pictures take {readable_bytes(self.total_bytes)} "
            f"of {readable_bytes(self.limit_bytes)}"
        )


def plan_store(cuts: Sequence[Cut], *, pictures: int, views: int, limit_bytes: int) -> StorePlan | None:
    """Chooses what is stored: of the cuts that hold the most views, the one nearest the head.

    Less is left to compute behind a later cut, but views count more: without them training does not see augmentation.

    Args:
        cuts: The cuts that freezing allows, from the input to the head.
        pictures: Number of pictures.
        views: Augmented views that are wanted of each, beside the plain one.
        limit_bytes: What the cache may take on the disk.

    Returns:
        The plan; None where not even one augmented view fits (the plain view, where none is wanted), and training has
        to read pictures.

    >>> early, late = Cut(name="block4", values=15680), Cut(name="block6", values=9408)
    >>> plan = plan_store([early, late], pictures=1500, views=3, limit_bytes=5 * 10**9)
    >>> plan.cut, plan.views, plan.entry_bytes  # 2 x 9408 bytes of values and what a page does not use
    ('block6', 3, 19194)
    >>> plan.reason
    'activations before block6: 19 KB a picture and view, 1 + 3 views of 1,500 pictures take 115 MB of 5 GB'
    """
    best: StorePlan | None = None
    for cut in reversed(cuts):
        each = entry_bytes(cut.values)
        fitting = min(views, limit_bytes // (pictures * each) - 1)
        if fitting >= min(1, views) and (best is None or fitting > best.views):
            best = StorePlan(
                cut=cut.name,
                views=fitting,
                wanted_views=views,
                pictures=pictures,
                entry_bytes=each,
                limit_bytes=limit_bytes,
            )
    return best


def entry_bytes(values: int) -> int:
    """Bytes on the disk that a stored activation takes.

    A page is not shared by the ends of two entries that do not fit in it, so a half page and a bit takes a whole one.

    Args:
        values: How many values it has; each is stored as float16.

    Returns:
        Bytes, right within a few percent.

    >>> entry_bytes(1280) - NOTE_BYTES  # six of 2,560 bytes and a bit share a page of 16,384
    2730
    """
    whole_pages, rest = divmod(BYTES_A_VALUE * values + 24, PAGE_BYTES - 12)  # what SQLite writes beside them
    return whole_pages * PAGE_BYTES + PAGE_BYTES // (PAGE_BYTES // (rest or 1)) + NOTE_BYTES


def parse_bytes(text: str, *, flag: str = "--cache-size") -> int:
    """A number of bytes as a user writes it.

    Args:
        text: A number, and a unit if it is not bytes: KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (of 1024).
        flag: Where it was written, for the error.

    Returns:
        Bytes.

    Raises:
        SettingsError: If it is no such number.

    >>> parse_bytes("2.5 GB"), parse_bytes("1GiB"), parse_bytes("512")
    (2500000000, 1073741824, 512)
    """
    match = SIZE.fullmatch(text.strip())
    if not match:
        raise SettingsError(f"{flag} is {text!r}; it must be a size such as 5GB, 500MB or 1GiB", subject=flag)
    number, letter, binary = match.groups()
    power = " kmgt".index((letter or " ").lower())
    return int(Decimal(number) * (1024 if binary else 1000) ** power)


def readable_bytes(count: int) -> str:
    """A number of bytes as a reader takes it in: two digits at least, powers of 1000.

    >>> [readable_bytes(count) for count in (0, 999, 1280, 31360, 999_999, 188_160_000, 2_500_000_000)]
    ['0 B', '999 B', '1.3 KB', '31 KB', '1 MB', '188 MB', '2.5 GB']
    """
    for power, unit in enumerate(UNITS):
        value = count / 1000**power
        shown = round(value, 1) if value < 9.95 and power else math.floor(value + 0.5)
        if shown < 1000 or unit == UNITS[-1]:
            break
    return f"{shown:g} {unit}"
