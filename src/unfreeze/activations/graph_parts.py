"""What an ONNX file holds, read without its library, which comes with training alone.

The file is a message in the wire format of protobuf (https://protobuf.dev/programming-guides/encoding): fields one
after the other, each with its number, its kind, and its length or value. Numbers are those of onnx.proto.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unfreeze.activations.engines import Floats

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
"""Kinds of fields."""

GRAPH = 7
NODE, INITIALIZER, OUTPUT = 1, 5, 12
NODE_INPUT, NODE_OUTPUT, NODE_OPERATOR = 1, 2, 4
TENSOR_DIMENSION, TENSOR_NAME, TENSOR_BYTES = 1, 8, 9
VALUE_NAME = 1

OF_FLOATS = b"\x12\x04\x0a\x02\x08\x01"
"""The second field of a graph's output, its type: a tensor (field 1) of elements (field 1) of float (1)."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node of a graph.

    Attributes:
        operator: Its operator.
        inputs: Names of the tensors that it reads.
        outputs: Names of those that it makes.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def nodes_of(model: bytes) -> list[Node]:
    """The nodes of a model's graph.

    Args:
        model: The ONNX file.

    Returns:
        All of them, in the file's order.
    """
    return [_node(data) for data in _of_graph(model, NODE)]


def outputs_of(model: bytes) -> list[str]:
    """Names of the outputs of a model's graph, in order."""
    return [_text(data, VALUE_NAME) for data in _of_graph(model, OUTPUT)]


def floats_of(model: bytes, name: str) -> Floats:
    """A table of numbers in a model's graph.

    Args:
        model: The ONNX file.
        name: Which of its initializers; its values lie there as the bytes of float32.

    Returns:
        A copy of it.

    Raises:
        KeyError: If there is none of that name.
    """
    for data in _of_graph(model, INITIALIZER):
        if _text(data, TENSOR_NAME) == name:
            (raw,) = _parts(data, TENSOR_BYTES)
            return np.frombuffer(raw, "<f4").reshape(_shape(data)).copy()
    raise KeyError(name)


def with_outputs(model: bytes, names: Sequence[str]) -> bytes:
    """The same model that hands out more of what it computes, after its own outputs.

    Two messages of one kind that follow each other are read as one: lists are joined.

    Args:
        model: The ONNX file.
        names: Tensors of float that its nodes make.

    Returns:
        The file with an output for each.
    """
    more = b"".join(_field(OUTPUT, _field(VALUE_NAME, name.encode()) + OF_FLOATS) for name in names)
    return model + _field(GRAPH, more)


def _node(data: memoryview) -> Node:
    inputs, outputs = (
        tuple(str(name, "utf-8") for name in _parts(data, number)) for number in (NODE_INPUT, NODE_OUTPUT)
    )
    return Node(operator=_text(data, NODE_OPERATOR), inputs=inputs, outputs=outputs)


def _of_graph(model: bytes, number: int) -> Iterator[memoryview]:
    for graph in _parts(memoryview(model), GRAPH):
        yield from _parts(graph, number)


def _shape(tensor: memoryview) -> list[int]:
    """Lengths of a table's sides, which are written one by one or all in one field."""
    lengths: list[int] = []
    for number, value in _fields(tensor):
        if number == TENSOR_DIMENSION and isinstance(value, int):
            lengths.append(value)
        elif number == TENSOR_DIMENSION and isinstance(value, memoryview):
            at = 0
            while at < len(value):
                length, at = _varint(value, at)
                lengths.append(length)
    return lengths


def _text(data: memoryview, number: int) -> str:
    """The last field of a number, as text; empty where there is none."""
    found = list(_parts(data, number))
    return str(found[-1], "utf-8") if found else ""


def _parts(data: memoryview, number: int) -> Iterator[memoryview]:
    """The contents of all fields of a number that have a length."""
    return (value for found, value in _fields(data) if found == number and not isinstance(value, int))


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """All fields of a message, with their numbers: a whole number, or bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 0b111
        if kind == VARINT:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        length, at = _varint(data, at) if kind == LENGTH else ({EIGHT_BYTES: 8, FOUR_BYTES: 4}[kind], at)
        yield tag >> 3, data[at : at + length]
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A whole number in pieces of seven bits, the lowest first, and where the next thing begins."""
    value = shift = 0
    while True:
        piece = data[at]
        value |= (piece & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if piece < 0x80:
            return value, at


def _field(number: int, contents: bytes) -> bytes:
    """A field with a length."""
    return _written(number << 3 | LENGTH) + _written(len(contents)) + contents


def _written(value: int) -> bytes:
    """A whole number as `_varint` reads it."""
    pieces = bytearray()
    while value >= 0x80:
        pieces.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*pieces, value])
