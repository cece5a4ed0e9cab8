"""Writes frozen dataclasses of plain values as bytes, and reads them back, as their fields' types say."""

import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Kind = TypeVar("Kind")
Convert = Callable[[Any], Any]


class Packing(Generic[Kind]):
    """How instances of one dataclass become bytes and back; no code is ever run from such bytes, as pickles would.

    A field is a bool, int, float, str or bytes, a `Literal` of them, a tuple, or another such dataclass; any may be
    None where its type says so.

    Args:
        kind: The dataclass.

    Attributes:
        outline: Names and types of all fields: what was packed under another outline cannot be read.
    """

    def __init__(self, kind: type[Kind]) -> None:
        self.outline = _outline(kind)
        self._plain, self._whole = _converters(kind)

    def pack(self, instance: Kind) -> bytes:
        """An instance as bytes."""
        return json.dumps(self._plain(instance), separators=(",", ":")).encode()

    def unpack_all(self, packed: Sequence[bytes]) -> list[Kind]:
        """The instances that `pack` wrote down; many at a time are read several times as fast as one by one."""
        return [self._whole(values) for values in json.loads(b"[" + b",".join(packed) + b"]")]


def _outline(kind: Any) -> str:
    """Names and types of a dataclass's fields, of those within them too."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return "(" + ", ".join(f"{field.name}: {_outline(hints[field.name])}" for field in fields(kind)) + ")"
    name = str(getattr(get_origin(kind) or kind, "__name__", kind))
    inner = ", ".join(_outline(part) for part in get_args(kind))
    return f"{name}[{inner}]" if inner else name


def _converters(kind: Any) -> tuple[Convert, Convert]:
    """What turns a value of a type into what JSON holds, and what turns that back."""
    if kind in (bool, int, float, NoneType) or get_origin(kind) is Literal:
        return _same, _same
    if kind is str:
        return _same, sys.intern  # names are few, and each is kept once in memory
    if kind is bytes:
        return lambda value: b64encode(value).decode(), b64decode
    if is_dataclass(kind):
        return _of_dataclass(kind)
    if get_origin(kind) is tuple:
        return _of_tuple(get_args(kind))
    assert get_origin(kind) in (Union, UnionType), f"{kind} cannot be packed"
    (inner,) = (part for part in get_args(kind) if part is not NoneType)
    plain, whole = _converters(inner)
    return (
        lambda value: None if value is None else plain(value),
        lambda value: None if value is None else whole(value),
    )


def _of_dataclass(kind: Any) -> tuple[Convert, Convert]:
    hints = get_type_hints(kind)
    values = [(attrgetter(field.name), *_converters(hints[field.name])) for field in fields(kind)]
    changing = [(index, whole) for index, (_, _, whole) in enumerate(values) if whole is not _same]

    def whole_of(found: list[Any]) -> Any:
        for index, whole in changing:
            found[index] = whole(found[index])
        return kind(*found)

    return lambda instance: [plain(get(instance)) for get, plain, _ in values], whole_of


def _of_tuple(parts: Sequence[Any]) -> tuple[Convert, Convert]:
    if len(parts) == 2 and parts[1] is Ellipsis:
        plain, whole = _converters(parts[0])
        return lambda value: [plain(part) for part in value], lambda found: tuple(whole(part) for part in found)
    pairs = [_converters(part) for part in parts]
    return (
        lambda value: [plain(part) for (plain, _), part in zip(pairs, value, strict=True)],
        lambda found: tuple(whole(part) for (_, whole), part in zip(pairs, found, strict=True)),
    )


def _same(value: Any) -> Any:
    return value
