"""Where in its squares a learner's network saw what it says: class activation maps of pictures."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats
from unfreeze.activations.extract import read_squares
from unfreeze.activations.maps import MapEngine, open_maps
from unfreeze.activations.packaged import PackagedPrefix
from unfreeze.errors import SettingsError
from unfreeze.evaluation.explanations import class_maps
from unfreeze.images.table import ImageRow
from unfreeze.learner.learner import Learner
from unfreeze.network.groups import POOLED
from unfreeze.training.head import LinearHead

PICTURES_AT_A_TIME = 8

Squares = npt.NDArray[np.uint8]
Found = tuple[npt.NDArray[np.int64], Floats, Floats, bool]
"""Classes (N,), evidence (N, h, w), logits (N, C), and whether the evidence is exact."""


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


def activation_maps(
    learner: Learner, rows: Sequence[ImageRow], *, classes: Sequence[int] | None = None
) -> ActivationMaps:
    """What pictures show for a class, on the plain view, under the learner's weights as they are now.

    A packaged body that is as it was published is asked through its graph, without torch.

    Args:
        learner: The learner.
        rows: Pictures of its table, at least one.
        classes: Index of the class asked about for each picture; the most probable one unless said otherwise.

    Returns:
        The maps, in the order of the rows.

    Raises:
        SettingsError: If no stage of the network has positions, as in a body that mixes all of them at once.
        CollectionError: If a picture was removed or changed since the scan.
    """
    assert rows, "there is nothing to explain"
    table, transform = learner.data.table, learner.data.transform
    explain = _explainer(learner)
    squares = np.stack([read_squares(table, transform, row, (0,))[0] for row in rows])  # (N, 3, S, S)
    found: list[Found] = [
        explain(squares[some], None if classes is None else classes[some]) for some in _groups(len(rows))
    ]
    asked, evidence, logits, exact = zip(*found, strict=True)
    return ActivationMaps(
        squares=squares,
        classes=np.concatenate(asked),
        evidence=np.concatenate(evidence),
        logits=np.concatenate(logits),
        exact=all(exact),
    )


def _explainer(learner: Learner) -> Callable[[Squares, Sequence[int] | None], Found]:
    """The way that a learner's network can be asked."""
    prefix = learner.model.prefix(POOLED)
    if isinstance(prefix, PackagedPrefix):
        engine = open_maps(prefix.graph(), size_px=learner.data.transform.size_px)
        assert engine, "packaged bodies end in an average over positions"
        return partial(_through_graph, engine, learner.model.head)
    return partial(_through_torch, learner)


def _through_graph(engine: MapEngine, head: LinearHead, squares: Squares, classes: Sequence[int] | None) -> Found:
    maps, features = engine.run(squares)
    logits = head.logits(features)
    asked = logits.argmax(1) if classes is None else np.asarray(classes)
    return np.asarray(asked, np.int64), class_maps(maps, head.weight[asked], head.bias[asked]), logits, True


def _through_torch(learner: Learner, squares: Squares, classes: Sequence[int] | None) -> Found:
    from unfreeze.activations.gradients import weighed_maps

    found = weighed_maps(learner.network, squares, classes=classes)
    if found is None:
        message = f"no map can be made of {learner.model.backbone}: no stage of it has features at positions"
        raise SettingsError(f"{message} that the class depends on", subject=learner.model.backbone)
    asked = found.logits.argmax(1) if classes is None else np.asarray(classes)
    biases = learner.model.head.bias[asked] if found.exact else None
    return np.asarray(asked, np.int64), class_maps(found.maps, found.weights, biases), found.logits, found.exact


def _groups(count: int) -> Iterator[slice]:
    """Parts of so many pictures: the maps of all at once would not fit into memory."""
    for start in range(0, count, PICTURES_AT_A_TIME):
        yield slice(start, start + PICTURES_AT_A_TIME)
