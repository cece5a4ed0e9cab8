"""Turns stages of a network into an ONNX graph, and checks the graph against torch before anyone relies on it."""

import contextlib
import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import nn

from unfreeze.activations.engines import ExportMismatch, OnnxEngine, noise_squares, relative_difference
from unfreeze.activations.skeletons import fill, keep_skeleton, known_skeletons, strip

if TYPE_CHECKING:
    import onnx_ir

TOLERANCE = 1e-4
"""Largest difference between torch and onnxruntime that is accepted, relative to the largest activation."""


def export_graph(module: nn.Module, path: Path, *, size_px: int, name: str | None = None) -> None:
    """Writes a module as an ONNX graph from "squares" to "activations", whole or not at all.

    Args:
        module: Takes squares (N, 3, S, S) of uint8, and returns one tensor.
        path: The file to write.
        size_px: Side S of the squares in pixels.
        name: Names what the module computes, weights apart, so that it need not be traced each time.

    Raises:
        ExportMismatch: If the module cannot be traced, if the graph's output differs from the module's by more than
            `TOLERANCE` or is not finite, or if onnxruntime cannot run the graph.
    """
    module = module.eval()
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in module.state_dict().items()}
    for skeleton in known_skeletons(name, size_px) if name else ():
        model = fill(skeleton, weights)
        if model:
            with contextlib.suppress(ExportMismatch):  # then it is traced
                return _write_checked(model, module, path, size_px)
    try:
        model = _trace(module, torch.from_numpy(noise_squares(2, size_px)))
    except torch.onnx.OnnxExporterError as error:
        raise ExportMismatch(_first_line(error)) from error
    _write_checked(model, module, path, size_px)
    if name:
        keep_skeleton(strip(model, weights), name, size_px)
    return None


def _write_checked(model: onnx.ModelProto, module: nn.Module, path: Path, size_px: int) -> None:
    """Writes a graph if it computes what the module computes, for two squares and for one."""
    work = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        work.write_bytes(model.SerializeToString())
        example = noise_squares(2, size_px)
        for squares in (example, example[:1]):  # the engine runs one at a time; two were traced
            difference = _difference(module, work, squares)
            if not difference <= TOLERANCE:  # nor if it is not a number
                raise ExportMismatch(f"onnxruntime and torch differ by {difference:.1e} of the largest activation")
        os.replace(work, path)
    finally:
        work.unlink(missing_ok=True)


def _first_line(error: Exception) -> str:
    """The first line of an error's text without colours: the exporter writes pages."""
    return str(error).split("\x1b")[0].split("\n")[0].strip()


def _trace(module: nn.Module, example: torch.Tensor) -> onnx.ModelProto:
    """A graph whose weights have the names that they have in the module."""
    from onnxscript.optimizer import fold_constants, remove_unused_nodes

    batch = torch.export.Dim("batch", min=1, max=4096)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter warns of its own internals
        program = torch.onnx.export(
            module,
            (example,),
            input_names=["squares"],
            output_names=["activations"],
            dynamo=True,
            dynamic_shapes=({0: batch},),
            optimize=False,  # it would fold BatchNorm into the weights before them, and their names would be gone
            verbose=False,
        )
        assert program is not None, "torch.onnx.export returns a program when dynamo is on"
        fold_constants(program.model, should_fold=lambda node: None if _keeps_names(node) else False)
        remove_unused_nodes(program.model)
        return program.model_proto


def _keeps_names(node: "onnx_ir.Node") -> bool:
    """Whether folding a node leaves the weights their names: a weight that is only laid out anew has to stay."""
    laid_out = node.op_type in ("Transpose", "Reshape", "Unsqueeze")
    return not (laid_out and any(value and value.is_initializer() for value in node.inputs[:1]))


def _difference(module: nn.Module, graph: Path, squares: npt.NDArray[np.uint8]) -> float:
    """Largest difference of the first output between torch and onnxruntime, relative to the largest value."""
    with torch.no_grad():
        expected = module(torch.from_numpy(squares)).numpy()
    try:
        found = OnnxEngine(graph).run(squares)
    except Exception as error:  # Each of onnxruntime's errors derives from Exception alone.
        raise ExportMismatch(f"onnxruntime cannot run the graph: {error}") from error
    return relative_difference(found, expected)
