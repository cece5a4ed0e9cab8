"""A bundle as the server uses it: onnxruntime, Pillow and numpy; torch is not loaded."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unfreeze.activations.engines import OnnxEngine
from unfreeze.deploy.bundle import GRAPH_FILE, bundle_folder, read_bundle
from unfreeze.images.decode import decode
from unfreeze.images.limits import DecodeLimits
from unfreeze.images.scan import content_hash
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
            "maps": False,
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
        """Where in a square (3, S, S) the model sees a class."""
        return None

    def _answer(self, views: np.ndarray) -> Answer:
        mean = np.asarray(views.mean(0, dtype=np.float64), np.float32)  # (V, C) -> (C,)
        answer = self._objective.answers(mean[np.newaxis])[0]
        names = tuple(self._bundle.classes[label] for label in self._objective.labels_of(answer))
        return Answer(probabilities=tuple(mean.tolist()), names=names)
