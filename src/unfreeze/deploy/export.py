"""Writes a trained model as a bundle's files, after holding its graph against the model on real pictures."""

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import ExportMismatch, OnnxEngine
from unfreeze.activations.extract import Prefix
from unfreeze.deploy.bundle import GRAPH_FILE, WEIGHTS_FILE
from unfreeze.deploy.graph import add_head
from unfreeze.errors import BundleError
from unfreeze.training.checkpoints import write_weights
from unfreeze.training.head import LinearHead

TOLERANCE = 1e-4
"""Largest difference in a probability that is accepted between the model and the shipped graph."""


class Exportable(Protocol):
    """A trained model, as far as exporting it goes."""

    head: LinearHead

    def body(self) -> Prefix:
        """The stages before the head."""
        ...

    def arrays(self) -> dict[str, np.ndarray]:
        """All weights by name."""
        ...

    def probabilities(self, squares: npt.NDArray[np.uint8], *, temperature: float = 1.0) -> npt.NDArray[np.float64]:
        """What the model says of squares (N, 3, S, S): shape (N, C)."""
        ...


def export_model(model: Exportable, folder: Path, *, squares: npt.NDArray[np.uint8], temperature: float = 1.0) -> float:
    """Writes `model.safetensors` and `model.onnx`, and compares the graph with the model.

    Args:
        model: The trained model.
        folder: Where the files go.
        squares: Squares (N, 3, S, S) of real pictures to compare on.
        temperature: What the graph divides logits by; the weights stay as they are.

    Returns:
        The largest difference in a probability that was found.

    Raises:
        BundleError: If the model cannot be exported, or a probability differs by more than `TOLERANCE`.
    """
    write_weights(folder / WEIGHTS_FILE, model.arrays())
    graph = folder / GRAPH_FILE
    try:
        body = model.body().graph()
    except ExportMismatch as error:
        message = f"{graph}: this network cannot be exported ({error}); its weights are beside it"
        raise BundleError(message, subject=graph) from error
    head = model.head
    add_head(body, graph, weight=head.weight, bias=head.bias, objective=head.objective, temperature=temperature)
    expected = model.probabilities(squares, temperature=temperature)
    difference = float(np.abs(OnnxEngine(graph).run(squares) - expected).max())
    if not difference <= TOLERANCE:  # NaN is no small difference either
        message = f"{graph}: differs from the model by {difference:.1e} in a probability, more than {TOLERANCE:.0e}"
        raise BundleError(message, subject=graph)
    return difference
