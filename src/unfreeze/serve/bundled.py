"""A bundle as the server uses it: onnxruntime, Pillow and numpy; torch is not loaded."""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.activations.maps import open_maps
from unfreeze.deploy.bundle import GRAPH_FILE, OpenBundle, open_bundle
from unfreeze.deploy.head import read_head
from unfreeze.deploy.judgement import Judgement, averaged, judgements
from unfreeze.evaluation.activation_maps import Explain, through_graph
from unfreeze.evaluation.explanations import shares, spread
from unfreeze.images.content import content_hash
from unfreeze.images.decode import decode
from unfreeze.images.limits import DecodeLimits
from unfreeze.plots.heat import overlay
from unfreeze.serve.answers import Answer, Seen, Squares
from unfreeze.serve.shown import shown

VERSION_CHARACTERS = 12


class BundledModel:
    """The model of a run folder or bundle.

    Args:
        path: The folder or file.

    Raises:
        BundleError: If there is no whole bundle there.
    """

    def __init__(self, path: Path) -> None:
        bundle = open_bundle(path)
        self._settings = bundle.settings
        self._classes = tuple(map(shown, bundle.settings.classes))
        self._novelty = bundle.novelty
        self._transform = bundle.settings.to_transform()
        self._objective = bundle.settings.objective
        self._engine = bundle.engine()
        self._explain = _open_explain(bundle)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, or labels."""
        return self._classes

    def describe(self) -> dict[str, object]:
        """What is said of the model, as plain values."""
        settings, bound = self._settings, self._novelty.bound if self._novelty else None
        return {
            "version": settings.sha256[GRAPH_FILE][:VERSION_CHARACTERS],
            "classes": list(self.classes),
            "several": self._objective.several,
            "backbone": shown(settings.backbone),
            "size_px": self._transform.size_px,
            "square": str(self._transform.square),
            "temperature": settings.temperature,
            "refusal": bound and {"distance": bound.value, "expected": bound.expected},
            "coverage": settings.sets.coverage if settings.sets else None,
            "maps": self._explain is not None,
        }

    def squares(self, data: bytes, *, name: str, views: int, limits: DecodeLimits) -> Squares:
        """The plain view of a picture and some augmented ones, shape (1 + views, 3, S, S)."""
        image = decode(data, path=name, short_side_px=self._transform.short_side_px, limits=limits)
        content = content_hash(data) if views else ""
        return np.stack([self._transform(image, content=content, number=number) for number in range(1 + views)])

    def answers(self, pictures: Sequence[Squares]) -> list[Answer]:
        """What the model says of pictures, each one's views (V, 3, S, S), all in one batch."""
        probabilities, features = self._engine.outputs(np.concatenate(pictures))  # (sum of V, C), (sum of V, D)
        starts = np.cumsum([0, *(len(views) for views in pictures)])
        means = [averaged(probabilities[start:end]) for start, end in pairwise(starts.tolist())]  # (V, C) -> (C,)
        known = judgements(self._settings, self._novelty, means, list(features[starts[:-1]]))
        return [self._answer(mean, each) for mean, each in zip(means, known, strict=True)]

    def look(self, square: Squares, *, index: int | None) -> Seen | None:
        """Where in a square (3, S, S) the model sees a class; None where the graph averages no maps."""
        if self._explain is None:
            return None
        found = self._explain(square[np.newaxis], None if index is None else [index])
        share = shares(spread(found.evidence, square.shape[-1]))[0]
        return Seen(index=int(found.classes[0]), overlay=np.asarray(overlay(square, share)))

    def _answer(self, probabilities: Floats, known: Judgement) -> Answer:
        answer = self._objective.answers(probabilities[np.newaxis])[0]
        named = () if known.refused else self._objective.labels_of(answer)
        distance = known.distance
        return Answer(
            probabilities=tuple(probabilities.tolist()),
            names=tuple(self.classes[label] for label in named),
            refused=bool(known.refused),
            distance=distance if distance is not None and math.isfinite(distance) else None,
            members=None if known.candidates is None else tuple(self.classes[label] for label in known.candidates),
        )


def _open_explain(bundle: OpenBundle) -> Explain | None:
    """What shows where the graph looked; None where it averages no maps."""
    engine = open_maps(bundle.graph, size_px=bundle.settings.to_transform().size_px)
    return through_graph(engine, read_head(bundle.graph)) if engine else None
