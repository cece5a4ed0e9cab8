"""What a bundle says of a picture beyond its probabilities, for predictor and server alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.deploy.description import Bundle
from unfreeze.deploy.references import stored_distances
from unfreeze.evaluation.conformal import prediction_sets

if TYPE_CHECKING:
    from unfreeze.evaluation.novelty import Novelty


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a model knows of one answer.

    Attributes:
        distance: How strange the picture is to the training pictures; None where the model cannot tell.
        refused: Whether it is none of the classes; None where the distance is.
        candidates: Indices of the classes that it may be, the most probable one first, so that the true one is among
            them as often as the model promises; none of them where it is refused, for then no class is the true one;
            None where the model promises nothing.
    """

    distance: float | None
    refused: bool | None
    candidates: tuple[int, ...] | None


def averaged(views: Floats | Sequence[Floats]) -> Floats:
    """Probabilities (C,) of a picture from those of its views (V, C)."""
    return np.asarray(np.mean(views, axis=0, dtype=np.float64), np.float32)


def judgements(
    settings: Bundle, novelty: "Novelty | None", probabilities: Sequence[Floats], features: Sequence[Floats]
) -> list[Judgement]:
    """What a model knows of its answers; those of many pictures together are far faster than one by one.

    Args:
        settings: What is said of the model.
        novelty: What tells strange pictures; None where the model cannot.
        probabilities: Of each picture, shape (C,).
        features: Of each picture's plain view, shape (D,).

    Returns:
        One a picture, in order.
    """
    found = []
    for each, distance in zip(probabilities, stored_distances(novelty, features), strict=True):
        refused = None if distance is None or novelty is None else distance > novelty.bound.value
        candidates = () if refused and settings.sets else _candidates(settings, each)
        found.append(Judgement(distance=distance, refused=refused, candidates=candidates))
    return found


def _candidates(settings: Bundle, probabilities: Floats) -> tuple[int, ...] | None:
    if settings.sets is None:
        return None
    (chosen,) = prediction_sets(probabilities[np.newaxis], settings.sets.least_probability)
    return tuple(label for label in np.argsort(-probabilities, kind="stable").tolist() if chosen[label])
