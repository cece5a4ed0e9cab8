"""Asks a bundle why: class activation maps, by its graph alone where that averages maps, by torch where it does not."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unfreeze.activations.engines import OnnxEngine, noise_squares, relative_difference
from unfreeze.activations.maps import open_maps
from unfreeze.deploy.bundle import WEIGHTS_FILE, OpenBundle, open_bundle
from unfreeze.deploy.head import read_head
from unfreeze.deploy.storage import read_file
from unfreeze.errors import BackboneError, BundleError
from unfreeze.evaluation.activation_maps import Explain, through_graph, through_torch
from unfreeze.network.groups import POOLED

if TYPE_CHECKING:
    from unfreeze.network.network import Network

TOLERANCE = 1e-3
"""Largest difference between features of the network that is built again and those of the graph, relative to the
largest: a weight that is not in its place changes them by far more, rounding in another engine by far less."""

NOT_A_WEIGHT = "num_batches_tracked"
"""What BatchNorm counts: it is not saved, and nothing that is explained depends on it."""


def open_explainer(path: str | Path) -> Explain:
    """Opens a trained model to ask it what pictures show for a class.

    Where the graph's features are averages over positions, as in most networks of convolutions, that is exact and
    loads no torch. Otherwise the network is built in torch with the bundle's weights and asked by gradients.

    Args:
        path: A run folder or a bundle.

    Returns:
        What takes squares (N, 3, S, S) and the class asked about for each picture.

    Raises:
        BundleError: If there is no whole bundle there, or its network cannot be built again.
    """
    bundle = open_bundle(Path(path))
    engine = open_maps(bundle.graph, size_px=bundle.settings.to_transform().size_px)
    return through_graph(engine, read_head(bundle.graph)) if engine else through_torch(_network(bundle))


def _network(opened: OpenBundle) -> "Network":
    """The bundle's network in torch, after its features were held against the graph's."""
    import torch
    from safetensors.numpy import load

    from unfreeze.network.build import build_network

    folder, bundle = opened.path, opened.settings
    try:
        network = build_network(bundle.backbone, classes=len(bundle.classes), pretrained=False)
    except BackboneError as error:
        raise _cannot(folder, str(error)) from error
    tensors = {name: torch.from_numpy(array) for name, array in load(read_file(opened.files, WEIGHTS_FILE)).items()}
    try:
        missing, unexpected = network.load_state_dict(tensors, strict=False)
    except RuntimeError as error:  # of another shape
        raise _cannot(folder, str(error)) from error
    if left := [name for name in (*missing, *unexpected) if not name.endswith(NOT_A_WEIGHT)]:
        raise _cannot(folder, f"its weights do not fit, such as {left[0]}")
    squares = noise_squares(1, bundle.to_transform().size_px)
    with torch.inference_mode():
        found = np.asarray(network.prefix(POOLED)(torch.from_numpy(squares)).numpy())
    difference = relative_difference(found, OnnxEngine(opened.graph).outputs(squares)[1])
    if not difference <= TOLERANCE:
        raise _cannot(folder, f"its features differ from the graph's by {difference:.1e}")
    return network


def _cannot(folder: Path, reason: str) -> BundleError:
    message = f"{folder}: its graph averages no maps, so torch has to explain it, and its network cannot be built again"
    return BundleError(
        f"{message} ({reason}); in a notebook, ask the learner: activation_maps(learner, rows)", subject=folder
    )
