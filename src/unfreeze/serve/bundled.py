"""A bundle as the server uses it: onnxruntime, Pillow and numpy; torch is not loaded."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from unfreeze.activations.engines import OnnxEngine
from unfreeze.activations.maps import open_maps
from unfreeze.deploy.bundle import GRAPH_FILE, bundle_folder, read_bundle
from unfreeze.evaluation.activation_maps import Explain, through_graph
from unfreeze.evaluation.explanations import shares, spread
from unfreeze.images.decode import decode
from unfreeze.images.limits import DecodeLimits
from unfreeze.images.scan import content_hash
from unfreeze.plots.heat import overlay
from unfreeze.serve.answers import Answer, Seen, Squares

VERSION_CHARACTERS = 12


class BundledModel:
    """The model of a run folder or bundle.

    Args:
        path: The folder or file.

    Raises:
        BundleError: If there is no whole bundle there.
    """

    def __init__(self, path: Path) -> None:
        folder = bundle_folder(path)
        self._bundle = read_bundle(folder)
        self._transform = self._bundle.to_transform()
        self._objective = self._bundle.objective
        self._engine = OnnxEngine(folder / GRAPH_FILE)
        self._explain = _open_explain(folder / GRAPH_FILE, size_px=self._transform.size_px)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, or labels."""
        return tuple(self._bundle.classes)

    def describe(self) -> dict[str, object]:
        """What is said of the model, as plain values."""
        return {
            "version": self._bundle.sha256[GRAPH_FILE][:VERSION_CHARACTERS],
            "classes": list(self._bundle.classes),
            "several": self._objective.several,
            "backbone": self._bundle.backbone,
            "size_px": self._transform.size_px,
            "square": str(self._transform.square),
            "temperature": 1.0,
            "refusal": None,
            "coverage": None,
            "maps": self._explain is not None,
        }

    def squares(self, data: bytes, *, name: str, views: int, limits: DecodeLimits) -> Squares:
        """The plain view of a picture and some augmented ones, shape (1 + views, 3, S, S)."""
        image = decode(data, path=name, short_side_px=self._transform.short_side_px, limits=limits)
        content = content_hash(data) if views else ""
        return np.stack([self._transform(image, content=content, number=number) for number in range(1 + views)])

    def answers(self, pictures: Sequence[Squares]) -> list[Answer]:
        """What the model says of pictures, each one's views (V, 3, S, S), all in one batch."""
        found = self._engine.run(np.concatenate(pictures))  # (sum of V, C)
        ends = np.cumsum([len(views) for views in pictures])
        return [self._answer(views) for views in np.split(found, ends[:-1])]

    def look(self, square: Squares, *, index: int | None) -> Seen | None:
        """Where in a square (3, S, S) the model sees a class; None where the graph averages no maps."""
        if self._explain is None:
            return None
        found = self._explain(square[np.newaxis], None if index is None else [index])
        share = shares(spread(found.evidence, square.shape[-1]))[0]
        return Seen(index=int(found.classes[0]), overlay=np.asarray(overlay(square, share)))

    def _answer(self, views: np.ndarray) -> Answer:
        mean = np.asarray(views.mean(0, dtype=np.float64), np.float32)  # (V, C) -> (C,)
        answer = self._objective.answers(mean[np.newaxis])[0]
        names = tuple(self._bundle.classes[label] for label in self._objective.labels_of(answer))
        return Answer(probabilities=tuple(mean.tolist()), names=names)


def _open_explain(graph: Path, *, size_px: int) -> Explain | None:
    """What shows where the graph looked; None where it averages no maps, or the library that opens it is not there."""
    if not find_spec("onnx"):
        return None
    from unfreeze.deploy.graph import read_head

    engine = open_maps(graph, size_px=size_px)
    return through_graph(engine, read_head(graph)) if engine else None
