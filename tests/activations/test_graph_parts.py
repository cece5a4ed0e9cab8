"""Parts of ONNX files, read without ONNX's library, which is the oracle here."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from unfreeze.activations.engines import OnnxEngine, noise_squares
from unfreeze.activations.graph_parts import Node, floats_of, nodes_of, outputs_of, with_outputs
from unfreeze.activations.prefix import FrozenPrefix


def model_of(*tensors: onnx.TensorProto) -> onnx.ModelProto:
    """Squares as floats, twice as much, and a value that no output hands out between them."""
    nodes = [
        helper.make_node("Cast", ["squares"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["floats", "floats"], ["double"]),
        helper.make_node("Sub", ["double", "floats"], ["same"], doc_string="x" * 300),
    ]
    made = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("squares", TensorProto.UINT8, ["batch", 3, "side", "side"])],
        [helper.make_tensor_value_info("same", TensorProto.FLOAT, ["batch", 3, "side", "side"])],
        initializer=list(tensors),
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def test_nodes_and_outputs_are_those_that_the_library_reads(packaged_prefix: FrozenPrefix) -> None:
    data = packaged_prefix.graph().read_bytes()
    expected = onnx.load_from_string(data).graph
    assert nodes_of(data) == [
        Node(operator=node.op_type, inputs=tuple(node.input), outputs=tuple(node.output)) for node in expected.node
    ]
    assert outputs_of(data) == [output.name for output in expected.output]


@given(
    shape=st.lists(st.integers(0, 300), max_size=3).filter(lambda shape: np.prod(shape) < 1000), packed=st.booleans()
)
@settings(deadline=None, max_examples=50)
def test_tables_are_those_that_the_library_reads(shape: list[int], packed: bool) -> None:
    table = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    tensor = numpy_helper.from_array(table, "täble")
    data = model_of(numpy_helper.from_array(np.ones(3, np.float32), "other"), tensor).SerializeToString()
    if packed:  # each side in a field of its own is what the library writes; protobuf allows both
        lengths = b"".join(bytes([side]) if side < 128 else bytes([side & 127 | 128, side >> 7]) for side in shape)
        alone = b"".join(b"\x08" + (bytes([s]) if s < 128 else bytes([s & 127 | 128, s >> 7])) for s in shape)
        old = tensor.SerializeToString()
        assert old.startswith(alone)
        new = b"\x0a" + bytes([len(lengths)]) + lengths + old[len(alone) :]
        data = onnx.ModelProto().SerializeToString() + field(7, field(5, new))
    assert np.array_equal(floats_of(data, "täble"), table)
    with pytest.raises(KeyError):
        floats_of(data, "none")


def field(number: int, contents: bytes) -> bytes:
    """A field of protobuf's with a length below 2 ** 14."""
    return bytes([number << 3 | 2, len(contents) & 127 | 128, len(contents) >> 7]) + contents


def test_outputs_are_added_after_those_that_are_there() -> None:
    data = model_of().SerializeToString()
    more = with_outputs(data, ["double", "floats"])
    assert [output.name for output in onnx.load_from_string(more).graph.output] == ["same", "double", "floats"]
    squares = noise_squares(2, 5)
    same, double, floats = OnnxEngine(more).outputs(squares)
    assert np.array_equal(double, 2 * squares.astype(np.float32))
    assert np.array_equal(same, squares)
    assert np.array_equal(OnnxEngine(more).outputs(squares, names=["floats"]), [floats])
