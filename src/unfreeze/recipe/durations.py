"""Times as users write and read them."""

import math
import re

from unfreeze.errors import SettingsError

SECONDS = {"s": 1, "m": 60, "h": 3600}
PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smh])\s*", re.IGNORECASE)
DURATION = re.compile(rf"(?:{PART.pattern})+", re.IGNORECASE)


def parse_duration(text: str, *, flag: str = "--time-budget") -> float:
    """A time as a user writes it.

    Args:
        text: Numbers with their units: s, m or h. A number alone could be seconds or minutes and is none.
        flag: Where it was written, for the error.

    Returns:
        Seconds.

    Raises:
        SettingsError: If it is no such time.

    >>> parse_duration("10m"), parse_duration("90s"), parse_duration("1.5 h"), parse_duration("1h30m")
    (600.0, 90.0, 5400.0, 5400.0)
    """
    if not DURATION.fullmatch(text.strip()):
        raise SettingsError(f"{flag} is {text!r}; it must be a time such as 90s, 10m or 1h", subject=flag)
    return sum(float(number) * SECONDS[unit.lower()] for number, unit in PART.findall(text))


def written_duration(seconds: float) -> str:
    """A time as a flag takes it, at least as long and a round number.

    >>> [written_duration(seconds) for seconds in (7.2, 89.1, 181, 600, 4000)]
    ['8s', '90s', '4m', '10m', '67m']
    """
    return f"{math.ceil(seconds)}s" if seconds <= 120 else f"{math.ceil(seconds / 60)}m"
