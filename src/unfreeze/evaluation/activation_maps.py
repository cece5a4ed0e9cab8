"""What pictures show for a class, position by position, asked of a graph or of a network in torch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats
from unfreeze.activations.maps import MapEngine
from unfreeze.errors import SettingsError
from unfreeze.evaluation.explanations import class_maps
from unfreeze.training.head import LinearHead

if TYPE_CHECKING:
    from unfreeze.network.network import Network

PICTURES_AT_A_TIME = 8
"""The maps of many pictures at once would not fit into memory."""

Squares = npt.NDArray[np.uint8]
Explain = Callable[[Squares, Sequence[int] | None], "ActivationMaps"]
"""Takes squares (N, 3, S, S) and the class asked about for each; the most probable one unless some are given."""


@dataclass(frozen=True, kw_only=True)
class ActivationMaps:
    """What N pictures show, position by position, for or against a class.

    Attributes:
        squares: What the network saw, shape (N, 3, S, S), uint8.
        classes: The class asked about for each picture, shape (N,).
        evidence: In logits, above 0 for the class and below 0 against it, shape (N, h, w), float32.
        logits: What the network says, shape (N, C), float32.
        exact: Whether the mean of a picture's evidence is the class's logit, as it is where the head reads averages
            over positions; otherwise the evidence is Grad-CAM's: it holds near this picture, and its 0 means little.
    """

    squares: Squares
    classes: npt.NDArray[np.int64]
    evidence: Floats
    logits: Floats
    exact: bool


def through_graph(engine: MapEngine, head: LinearHead) -> Explain:
    """A way to ask a graph whose head reads averages over positions: exact, and without torch.

    Args:
        engine: Gives the maps that are averaged.
        head: The linear layer that reads the averages.

    Returns:
        What takes squares.
    """

    def explain(squares: Squares, classes: Sequence[int] | None) -> ActivationMaps:
        maps, features = engine.run(squares)
        logits = head.logits(features)
        asked = _asked(logits, classes)
        evidence = class_maps(maps, head.weight[asked], head.bias[asked])
        return ActivationMaps(squares=squares, classes=asked, evidence=evidence, logits=logits, exact=True)

    return partial(_in_parts, explain)


def through_torch(network: "Network") -> Explain:
    """A way to ask a network in torch, by gradients: exact where its head reads averages, Grad-CAM otherwise.

    Args:
        network: The network; it is left as it was.

    Returns:
        What takes squares, and raises SettingsError if no stage of the network has positions, as in a body that mixes
        all of them at once.
    """

    def explain(squares: Squares, classes: Sequence[int] | None) -> ActivationMaps:
        from unfreeze.activations.gradients import weighed_maps

        found = weighed_maps(network, squares, classes=classes)
        if found is None:
            message = f"no map can be made of {network.backbone}: no stage of it has features at positions"
            raise SettingsError(f"{message} that the class depends on", subject=network.backbone)
        asked = _asked(found.logits, classes)
        biases = network.classifier.bias.detach().cpu().numpy()[asked] if found.exact else None
        evidence = class_maps(found.maps, found.weights, biases)
        return ActivationMaps(squares=squares, classes=asked, evidence=evidence, logits=found.logits, exact=found.exact)

    return partial(_in_parts, explain)


def _in_parts(explain: Explain, squares: Squares, classes: Sequence[int] | None) -> ActivationMaps:
    """The maps of some pictures after others, in their order."""
    assert len(squares), "there is nothing to explain"
    found = [explain(squares[some], None if classes is None else classes[some]) for some in _groups(len(squares))]
    return ActivationMaps(
        squares=squares,
        classes=np.concatenate([part.classes for part in found]),
        evidence=np.concatenate([part.evidence for part in found]),
        logits=np.concatenate([part.logits for part in found]),
        exact=all(part.exact for part in found),
    )


def _asked(logits: Floats, classes: Sequence[int] | None) -> npt.NDArray[np.int64]:
    return np.asarray(logits.argmax(1) if classes is None else classes, np.int64)


def _groups(count: int) -> Iterator[slice]:
    for start in range(0, count, PICTURES_AT_A_TIME):
        yield slice(start, start + PICTURES_AT_A_TIME)
