"""Predicts from a bundle with onnxruntime, Pillow and numpy alone: torch is not loaded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.activations.store import as_stored
from unfreeze.deploy.bundle import open_bundle
from unfreeze.errors import CollectionError, PictureError
from unfreeze.evaluation.conformal import prediction_sets
from unfreeze.evaluation.novelty import Novelty
from unfreeze.images.decode import decode
from unfreeze.images.formats import PICTURE_SUFFIXES, is_hidden
from unfreeze.images.scan import content_hash
from unfreeze.parallel import in_parallel

SCORED_AT_A_TIME = 32
"""Pictures whose distances are computed together: far faster than one by one, and soon enough."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one picture.

    Attributes:
        path: The picture.
        probabilities: A probability for each class, in the predictor's order; empty where it cannot be read. They add
            up to 1 where a picture is of one class; each stands on its own where it has any number of labels.
        error: Why the picture cannot be read; empty where it can.
        distance: How strange the picture is to the training pictures, 0 for one of them; None where the model cannot
            tell, or the picture cannot be read.
        refused: Whether it is none of the classes; None where the distance is.
        candidates: The classes that it may be, the most probable one first, so that the true one is among them as
            often as the model promises; empty where it promises nothing.
    """

    path: str
    probabilities: tuple[float, ...] = ()
    error: str = ""
    distance: float | None = None
    refused: bool | None = None
    candidates: tuple[str, ...] = ()


class Predictor:
    """A trained model, ready to predict.

    Args:
        path: A run folder, a bundle's folder, or an `.unfreeze` file.
        threads: Pictures in work at a time.

    Attributes:
        classes: Names of the classes, or labels.
        transform: How a picture becomes a square.
        objective: What the model has learned of a picture.
        settings: All that the bundle says of its model.

    Raises:
        BundleError: If there is no whole bundle there.
    """

    def __init__(self, path: str | Path, *, threads: int = 1) -> None:
        bundle = open_bundle(Path(path))
        self.settings = bundle.settings
        self.classes = tuple(self.settings.classes)
        self.transform = self.settings.to_transform()
        self.objective = self.settings.objective
        self._novelty = bundle.novelty
        self._engine = bundle.engine()
        self._threads = threads

    @property
    def novelty(self) -> Novelty | None:
        """How strange pictures are told; None where the model cannot tell."""
        return self._novelty

    @property
    def can_refuse(self) -> bool:
        """Whether the model can tell a picture that is none of its classes."""
        return self._novelty is not None

    def predict(
        self, paths: Sequence[str | Path], *, tta_views: int = 0, progress: Callable[[int, int], None] | None = None
    ) -> list[Prediction]:
        """Predicts pictures; one that cannot be read costs its own row and nothing else.

        Args:
            paths: The pictures.
            tta_views: Augmented views to average with the plain one; distances are the plain view's.
            progress: Called with the number of pictures done and the number of pictures.

        Returns:
            One prediction a picture, in order.
        """
        predictions: list[Prediction] = []
        waiting: list[_Seen] = []
        for seen in in_parallel(lambda path: self._see(Path(path), tta_views), paths, threads=self._threads):
            waiting.append(seen)
            done = len(predictions) + len(waiting)
            if len(waiting) == SCORED_AT_A_TIME or done == len(paths):
                predictions.extend(self._answers(waiting))
                waiting.clear()
            if progress:
                progress(done, len(paths))
        return predictions

    def names(self, prediction: Prediction) -> tuple[str, ...]:
        """What a picture is: its most probable class, or all labels above 0.5; nothing where it cannot be read.

        A picture that is refused has a most probable class too.
        """
        if not prediction.probabilities:
            return ()
        answer = self.objective.answers(np.array([prediction.probabilities]))[0]
        return tuple(self.classes[label] for label in self.objective.labels_of(answer))

    def answer(self, data: bytes, *, path: str | Path = "picture", tta_views: int = 0) -> Prediction:
        """All that the model says of one picture, from the bytes of its file.

        Args:
            data: The whole file.
            path: Where it came from, for the error.
            tta_views: Augmented views to average with the plain one.

        Returns:
            The prediction.

        Raises:
            PictureError: If the bytes are not a whole picture in a known format.
        """
        return self._answers([_Seen(str(path), *self._run(data, path, tta_views))])[0]

    def probabilities(self, data: bytes, *, path: str | Path = "picture", tta_views: int = 0) -> Floats:
        """Probabilities (C,) of one picture, from the bytes of its file; arguments and errors as of `answer`."""
        return self._run(data, path, tta_views)[0]

    def _run(self, data: bytes, path: str | Path, tta_views: int) -> tuple[Floats, Floats]:
        """Probabilities (C,), and features (D,) of the plain view."""
        image = decode(data, path=path, short_side_px=self.transform.short_side_px)
        content = content_hash(data)
        views = [self.transform(image, content=content, number=number) for number in range(1 + tta_views)]
        # (3, S, S) -> (1, 3, S, S) -> (1, C) and (1, D)
        found = [self._engine.outputs(view[np.newaxis]) for view in views]
        mean = np.mean([probabilities[0] for probabilities, _ in found], axis=0, dtype=np.float64)
        return np.asarray(mean, np.float32), found[0][1][0]

    def _see(self, path: Path, tta_views: int) -> "_Seen":
        try:
            return _Seen(str(path), *self._run(path.read_bytes(), path, tta_views))
        except PictureError as error:
            return _Seen(str(path), error=str(error).removeprefix(f"{path}: "))
        except OSError as error:
            return _Seen(str(path), error=error.strerror or str(error))

    def _answers(self, seen: "Sequence[_Seen]") -> list[Prediction]:
        """Predictions of pictures, their distances computed together."""
        good = [each.features for each in seen if each.features is not None]
        distances = iter(self._distances(good))
        return [
            Prediction(each.path, error=each.error)
            if each.probabilities is None
            else self._prediction(each.path, each.probabilities, next(distances))
            for each in seen
        ]

    def _prediction(self, path: str, probabilities: Floats, distance: float | None) -> Prediction:
        candidates: tuple[str, ...] = ()
        if self.settings.sets:
            (chosen,) = prediction_sets(probabilities[np.newaxis], self.settings.sets.least_probability)
            order = np.argsort(-probabilities, kind="stable")
            candidates = tuple(self.classes[label] for label in order if chosen[label])
        refused = None if distance is None or self._novelty is None else distance > self._novelty.bound.value
        return Prediction(
            path,
            probabilities=tuple(probabilities.tolist()),
            distance=distance,
            refused=refused,
            candidates=candidates,
        )

    def _distances(self, features: list[Floats]) -> list[float] | list[None]:
        """Distances of pictures by features that are rounded as those were that the bound comes from."""
        if self._novelty is None or not features:
            return [None] * len(features)
        rounded = np.stack([as_stored(each) for each in features])  # (N, D)
        return [float(distance) for distance in self._novelty.scores(rounded)]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the graph says of a picture, or why there is nothing."""

    path: str
    probabilities: Floats | None = None
    features: Floats | None = None
    error: str = ""


def picture_paths(inputs: Sequence[Path]) -> list[Path]:
    """The pictures that files and folders stand for; folders are searched to the bottom, in order of their names.

    Args:
        inputs: Files, taken as they are, and folders.

    Returns:
        Paths of files.

    Raises:
        CollectionError: If something is not there, or no picture is found.
    """
    missing = [str(path) for path in inputs if not path.exists()]
    if missing:
        raise CollectionError(f"not there: {', '.join(missing)}", subject=missing[0])
    found = [path for start in inputs for path in (_pictures_below(start) if start.is_dir() else [start])]
    if not found:
        names = ", ".join(map(str, inputs))
        raise CollectionError(f"no pictures in {names}", subject=names)
    return found


def _pictures_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(is_hidden(part) for part in path.relative_to(folder).parts)
        if path.suffix.lower() in PICTURE_SUFFIXES and not hidden and path.is_file():
            yield path
