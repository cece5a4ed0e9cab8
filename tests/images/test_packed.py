"""Dataclasses as bytes and back."""

import math
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.images.packed import Packing
from unfreeze.images.scan import _Reading


@dataclass(frozen=True, slots=True)
class Inner:
    name: str
    share: float


@dataclass(frozen=True)
class Outer:
    count: int
    flag: bool
    data: bytes
    kind: Literal["a", "b"]
    colour: tuple[float, float, float]
    names: tuple[str, ...]
    inner: Inner
    alone: tuple[Inner]
    mixed: tuple[bytes, int, tuple[float, str]]


inners = st.builds(Inner, st.text(st.characters(codec=None), max_size=40), st.floats(allow_nan=False))
outers = st.builds(
    Outer,
    st.integers(),
    st.booleans(),
    st.binary(),
    st.sampled_from(["a", "b"]),
    st.tuples(*[st.floats(allow_nan=False)] * 3),
    st.lists(st.text()).map(tuple),
    inners,
    st.tuples(inners),
    st.tuples(st.binary(), st.integers(), st.tuples(st.floats(allow_nan=False), st.text())),
)


@given(outers)
def test_what_was_packed_is_unpacked_with_the_same_values_and_types(outer: Outer) -> None:
    packing = Packing(Outer)
    assert repr(packing.unpack_all([packing.pack(outer)] * 2)) == repr([outer, outer])


def test_of_nothing_comes_nothing() -> None:
    assert Packing(Inner).unpack_all([]) == []


def test_numbers_that_are_none_come_back() -> None:
    packing = Packing(Inner)
    (found,) = packing.unpack_all([packing.pack(Inner("a", math.nan))])
    assert math.isnan(found.share)


def test_names_are_kept_once_in_memory() -> None:
    packing = Packing(Inner)
    packed = packing.pack(Inner("JPEG", 0.5))
    (first,), (second,) = packing.unpack_all([packed]), packing.unpack_all([packed])
    assert first.name is second.name


def test_the_outline_names_fields_and_types_of_all_that_is_within() -> None:
    assert Packing(Outer).outline == (
        "(count: int, flag: bool, data: bytes, kind: Literal[a, b], colour: tuple[float, float, float], "
        "names: tuple[str, Ellipsis], inner: (name: str, share: float), alone: tuple[(name: str, share: float)], "
        "mixed: tuple[bytes, int, tuple[float, str]])"
    )


def test_what_a_scan_reads_can_be_packed() -> None:
    assert "look: (size_bytes: int" in Packing(_Reading).outline


def test_a_type_that_cannot_be_packed_is_a_mistake_of_ours() -> None:
    @dataclass(frozen=True)
    class Odd:
        values: list[int]

    with pytest.raises(AssertionError, match=r"list\[int\] cannot be packed"):
        Packing(Odd)
