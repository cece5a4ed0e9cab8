"""Writes frozen dataclasses of plain values as bytes, and reads them back, as their fields' types say."""

import json
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from operator import itemgetter
from sys import intern
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

Kind = TypeVar("Kind")
Values = list[Any]


class Packing(Generic[Kind]):
    """How instances of one dataclass become bytes and back; no code is ever run from such bytes, as pickles would.

    A field is a bool, int, float, str or bytes, a `Literal` of them, a tuple of any number of str, a tuple of a given
    number of such values, or another such dataclass. Its plain values are written in three runs: floats and the lengths
    of bytes, the bytes, and all else as JSON. A scan that finds every file unchanged waits for this more than for
    anything else.

    Args:
        kind: The dataclass.

    Attributes:
        outline: Names and types of all fields: what was packed under another outline cannot be read.
    """

    def __init__(self, kind: type[Kind]) -> None:
        self.outline = _outline(kind)
        self._kind = kind
        plain = list(_plain_kinds(kind))
        order = sorted(range(len(plain)), key=lambda index: _run_of(plain[index]))
        runs = [[index for index in order if _run_of(plain[index]) == run] for run in range(3)]
        self._floats, self._bytes, self._others = runs
        self._head = struct.Struct(f"<{len(self._floats)}d{len(self._bytes)}I")
        self._texts = [place for place, index in enumerate(order) if plain[index] is str]
        self._lists = [place for place, index in enumerate(order) if _is_any_number(plain[index])]
        self._steps: list[Step] = []
        places = iter(sorted(range(len(order)), key=order.__getitem__))  # of each plain value, in the fields' order
        _add_steps(kind, places, len(order), self._steps)

    def pack(self, instance: Kind) -> bytes:
        """An instance as bytes."""
        values = list(_plain_values(instance, self._kind))
        data = [values[index] for index in self._bytes]
        head = self._head.pack(*(values[index] for index in self._floats), *map(len, data))
        others = json.dumps([values[index] for index in self._others], separators=(",", ":"))
        return b"".join((head, *data, others.encode()))

    def unpack_all(self, packed: Sequence[bytes]) -> list[Kind]:
        """The instances that `pack` wrote down; many at a time are read several times as fast as one by one."""
        parted = [self._parted(each) for each in packed]
        others = json.loads(b"[" + b",".join([rest for _, rest in parted]) + b"]")
        return [self._whole(values + other) for (values, _), other in zip(parted, others, strict=True)]

    def _parted(self, packed: bytes) -> tuple[Values, bytes]:
        """Floats and bytes of an instance, and all else as JSON."""
        count, start = len(self._floats), self._head.size
        head = self._head.unpack_from(packed)
        values: Values = [*head[:count]]
        for length in head[count:]:
            values.append(packed[start : start + length])
            start += length
        return values, packed[start:]

    def _whole(self, values: Values) -> Kind:
        """The instance of plain values; what each step makes of some of them is itself a value for the next steps."""
        for place in self._texts:
            values[place] = intern(values[place])  # names are few, and each is kept once in memory
        for place in self._lists:
            values[place] = tuple(map(intern, values[place]))
        for make, taken in self._steps:
            values.append(make(*taken(values)))
        found: Kind = values[-1]
        return found


Step = tuple[Callable[..., Any], Callable[[Values], tuple[Any, ...]]]
"""What makes a dataclass or tuple, and what takes the values that it is made of from all."""


def _outline(kind: Any) -> str:
    """Names and types of a dataclass's fields, of those within them too."""
    if parts := _fields(kind):
        return "(" + ", ".join(f"{name}: {_outline(part)}" for name, part in parts) + ")"
    name = str(getattr(get_origin(kind) or kind, "__name__", kind))
    inner = ", ".join(_outline(part) for part in get_args(kind))
    return f"{name}[{inner}]" if inner else name


@cache
def _parts(kind: Any) -> list[tuple[str, Any]]:
    """Names and types of a dataclass's fields, or of a tuple of so many values; empty for a plain value."""
    is_fixed = get_origin(kind) is tuple and not _is_any_number(kind)
    return [("", part) for part in get_args(kind)] if is_fixed else _fields(kind)


def _fields(kind: Any) -> list[tuple[str, Any]]:
    hints = get_type_hints(kind) if is_dataclass(kind) else {}
    return [(field.name, hints[field.name]) for field in fields(kind)] if hints else []


def _is_any_number(kind: Any) -> bool:
    return get_args(kind) == (str, Ellipsis)


def _plain_kinds(kind: Any) -> Iterator[Any]:
    """Types of the plain values of a type, in order."""
    if parts := _parts(kind):
        for _, part in parts:
            yield from _plain_kinds(part)
    else:
        known = kind in (bool, int, float, str, bytes) or get_origin(kind) is Literal or _is_any_number(kind)
        assert known, f"{kind} cannot be packed"
        yield kind


def _plain_values(value: Any, kind: Any) -> Iterator[Any]:
    """The plain values of a value, in the order of their types."""
    if not (parts := _parts(kind)):
        yield value
    for place, (name, part) in enumerate(parts):
        yield from _plain_values(getattr(value, name) if name else value[place], part)


def _run_of(kind: Any) -> int:
    return 0 if kind is float else 1 if kind is bytes else 2


def _add_steps(kind: Any, places: Iterator[int], plain: int, steps: list[Step]) -> int:
    """Adds what makes a value of a type, innermost first; the place where that value is when they are done."""
    if not (parts := _parts(kind)):
        return next(places)
    of_parts = [_add_steps(part, places, plain, steps) for _, part in parts]
    several = itemgetter(*of_parts, of_parts[0])  # of a single place it would not give a tuple
    make: Callable[..., Any] = _tupled if get_origin(kind) is tuple else kind
    steps.append((make, lambda values: tuple(several(values)[:-1])))
    return plain + len(steps) - 1


def _tupled(*values: Any) -> tuple[Any, ...]:
    return values
