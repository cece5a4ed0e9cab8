"""Writes a trained network as a bundle, after holding its graph against torch on real pictures."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from unfreeze.activations.engines import OnnxEngine
from unfreeze.activations.export import ExportMismatch, first_line
from unfreeze.activations.extract import FrozenPrefix
from unfreeze.deploy.bundle import GRAPH_FILE, WEIGHTS_FILE
from unfreeze.deploy.graph import add_head
from unfreeze.errors import BundleError
from unfreeze.network.network import Network
from unfreeze.training.checkpoints import write_weights

TOLERANCE = 1e-4
"""Largest difference in a probability that is accepted between torch and the shipped graph."""


def export_model(network: Network, prefix: FrozenPrefix, folder: Path, *, squares: npt.NDArray[np.uint8]) -> float:
    """Writes `model.safetensors` and `model.onnx`, and compares the graph with the network.

    Args:
        network: The trained network.
        prefix: Its body as a graph, up to the pooled features.
        folder: Where the files go.
        squares: Squares (N, 3, S, S) of real pictures to compare on.

    Returns:
        The largest difference in a probability that was found.

    Raises:
        BundleError: If the network cannot be exported, or a probability differs by more than `TOLERANCE`.
    """
    write_weights(folder / WEIGHTS_FILE, network.state_dict())
    head = network.classifier
    weight, bias = (part.detach().cpu().numpy() for part in (head.weight, head.bias))
    graph = folder / GRAPH_FILE
    try:
        body = prefix.graph()
    except (ExportMismatch, torch.onnx.OnnxExporterError) as error:
        message = f"{graph}: this network cannot be exported ({first_line(error)}); its weights are beside it"
        raise BundleError(message, subject=graph) from error
    add_head(body, graph, weight=weight, bias=bias, classes=len(bias))
    network.eval()
    with torch.inference_mode():
        logits = network(torch.from_numpy(squares).to(head.weight.device))
        expected = logits.cpu().double().softmax(1).numpy()
    difference = float(np.abs(OnnxEngine(graph).run(squares) - expected).max())
    if difference > TOLERANCE:
        message = f"{graph}: differs from torch by {difference:.1e} in a probability, more than {TOLERANCE:.0e}"
        raise BundleError(message, subject=graph)
    return difference
