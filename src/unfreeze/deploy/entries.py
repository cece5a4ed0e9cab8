"""Takes the entries of a JSON object one by one, and notes everything that is wrong with them."""

import math
from collections.abc import Callable
from typing import Any


class Entries:
    """A JSON object that is checked whole: each fault is noted, and reading goes on with a stand-in.

    Args:
        found: What JSON gave.
        name: What the object is called in faults; empty for the outermost.
        faults: Gets the faults.
    """

    def __init__(self, found: object, name: str, faults: list[str]) -> None:
        self._name, self._faults = name, faults
        self._left: dict[str, Any] = dict(found) if isinstance(found, dict) else {}
        if not isinstance(found, dict):
            faults.append(f"{name or 'it'} is no object")
            self._broken = True
        else:
            self._broken = False

    def take(self, key: str, fits: Callable[[Any], bool], what: str, stand_in: Any) -> Any:
        """One entry, if it is as it has to be.

        Args:
            key: Its name.
            fits: Whether a value will do.
            what: What it has to be, in words.
            stand_in: What is given where it is missing or is not that.

        Returns:
            The value, or the stand-in.
        """
        full = f"{self._name}.{key}" if self._name else key
        if key not in self._left:
            if not self._broken:
                self._faults.append(f"{full} is missing")
            return stand_in
        value = self._left.pop(key)
        if fits(value):
            return value
        self._faults.append(f"{full} is {shortened(value)}, not {what}")
        return stand_in

    def number(self, key: str, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        return float(self.take(key, lambda found: is_number(found, low, high), _range("a number", low, high), low))

    def whole(self, key: str, low: int, high: float = math.inf) -> int:
        """A whole number from `low` to `high`."""

        def fits(found: Any) -> bool:
            return isinstance(found, int) and is_number(found, low, high)

        return int(self.take(key, fits, _range("a whole number", low, high), low))

    def text(self, key: str) -> str:
        """A text."""
        return str(self.take(key, lambda found: isinstance(found, str), "a text", ""))

    def share(self, key: str) -> tuple[float, float]:
        """Two numbers from 0 to 1, the lower one first."""

        def fits(found: Any) -> bool:
            two = isinstance(found, list) and len(found) == 2 and all(is_number(end, 0, 1) for end in found)
            return two and found[0] <= found[1]

        low, high = self.take(key, fits, "two numbers from 0 to 1, the lower one first", (0.0, 1.0))
        return float(low), float(high)

    def end(self) -> None:
        """Notes entries that nobody took."""
        for key in self._left:
            self._faults.append(f"{f'{self._name}.{key}' if self._name else key} is unknown")


def is_number(found: object, low: float, high: float) -> bool:
    """Whether something is a finite number in a range, its ends included; true and false are none."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    return bool(low <= found <= high) and abs(found) < math.inf


def shortened(value: object) -> str:
    """A value for an error, short whatever it is."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _range(what: str, low: float, high: float) -> str:
    return f"{what} of at least {low}" if high == math.inf else f"{what} from {low} to {high}"
