"""Predicts from a bundle with onnxruntime, Pillow and numpy alone: torch is not loaded."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.deploy.bundle import open_bundle
from unfreeze.deploy.inputs import Picture, Source, sources
from unfreeze.deploy.judgement import Judgement, averaged, judgements
from unfreeze.deploy.references import stored_distances
from unfreeze.errors import PictureError
from unfreeze.evaluation.novelty import Novelty
from unfreeze.parallel import in_parallel

SCORED_AT_A_TIME = 32
"""Pictures whose distances are computed together: far faster than one by one, and soon enough."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one picture.

    Attributes:
        path: The picture; "picture N" by its place among the inputs where it came from no file.
        probabilities: A probability for each class, in the predictor's order; empty where it cannot be read. They add
            up to 1 where a picture is of one class; each stands on its own where it has any number of labels.
        error: Why the picture cannot be read; empty where it can.
        distance: How strange the picture is to the training pictures, 0 for one of them; None where the model cannot
            tell, or the picture cannot be read.
        refused: Whether it is none of the classes; None where the distance is.
        candidates: The classes that it may be, the most probable one first, so that the true one is among them as
            often as the model promises; empty where it is refused, and where the model promises nothing.
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
        threads: Pictures in work at a time; as many as there are cores unless said otherwise, because a picture is
            fastest decoded, drawn and run on one core while others are on the others.

    Attributes:
        classes: Names of the classes, or labels.
        transform: How a picture becomes a square.
        objective: What the model has learned of a picture.
        settings: All that the bundle says of its model.

    Raises:
        BundleError: If there is no whole bundle there.
    """

    def __init__(self, path: str | Path, *, threads: int | None = None) -> None:
        bundle = open_bundle(Path(path))
        self.settings = bundle.settings
        self.classes = tuple(self.settings.classes)
        self.transform = self.settings.to_transform()
        self.objective = self.settings.objective
        self._novelty = bundle.novelty
        self._engine = bundle.engine()
        self._threads = threads or os.cpu_count() or 1

    @property
    def novelty(self) -> Novelty | None:
        """How strange pictures are told; None where the model cannot tell."""
        return self._novelty

    @property
    def can_refuse(self) -> bool:
        """Whether the model can tell a picture that is none of its classes."""
        return self._novelty is not None

    def predict(
        self,
        inputs: Picture | Iterable[Picture],
        *,
        tta_views: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Prediction]:
        """Predicts pictures; one that cannot be read costs its own row and nothing else.

        Args:
            inputs: Pictures, or one: paths, folders, patterns such as "new/*.jpg", the bytes of files, open files,
                Pillow's pictures, and arrays of uint8 (H, W, 3) or grey (H, W).
            tta_views: Augmented views to average with the plain one; distances are the plain view's.
            progress: Called with the number of pictures done and the number of pictures.

        Returns:
            One prediction a picture, in order.
        """
        pictures = sources(inputs)
        predictions: list[Prediction] = []
        for prediction in self.stream(pictures, tta_views=tta_views):
            predictions.append(prediction)
            if progress:
                progress(len(predictions), len(pictures))
        return predictions

    def each(self, inputs: Picture | Iterable[Picture], *, tta_views: int = 0) -> Iterator[Prediction]:
        """Predicts pictures and gives each answer soon after it is there, for collections of any size.

        Args:
            inputs: As of `predict`.
            tta_views: As of `predict`.

        Returns:
            One prediction a picture, in order.
        """
        return self.stream(sources(inputs), tta_views=tta_views)

    def stream(self, pictures: Iterable[Source], *, tta_views: int = 0) -> Iterator[Prediction]:
        """Predicts pictures that come one by one, and never holds more than are in work.

        Args:
            pictures: Taken as the answers are used; each is read by the thread that predicts it.
            tta_views: As of `predict`.

        Yields:
            One prediction a picture, in order.
        """
        waiting: list[_Seen] = []
        for seen in in_parallel(lambda source: self._see(source, tta_views), pictures, threads=self._threads):
            waiting.append(seen)
            if len(waiting) == SCORED_AT_A_TIME:
                yield from self._answers(waiting)
                waiting.clear()
        yield from self._answers(waiting)

    def names(self, prediction: Prediction) -> tuple[str, ...]:
        """What a picture is: its most probable class, or all labels above 0.5; nothing where it cannot be read.

        A picture that is refused has a most probable class too.
        """
        if not prediction.probabilities:
            return ()
        answer = self.objective.answers(np.array([prediction.probabilities]))[0]
        return tuple(self.classes[label] for label in self.objective.labels_of(answer))

    def answer(self, picture: Picture, *, path: str | Path = "picture", tta_views: int = 0) -> Prediction:
        """All that the model says of one picture.

        Args:
            picture: Its path, the bytes of its file, an open file, one of Pillow's pictures, or an array.
            path: What it is called in answer and error, where it is not a path itself.
            tta_views: Augmented views to average with the plain one.

        Returns:
            The prediction.

        Raises:
            PictureError: If it is not a whole picture in a known format.
        """
        return self._answers([self._run(_called(picture, path), tta_views)])[0]

    def probabilities(self, picture: Picture, *, path: str | Path = "picture", tta_views: int = 0) -> Floats:
        """Probabilities (C,) of one picture; arguments and errors as of `answer`."""
        found = self._run(_called(picture, path), tta_views).probabilities
        assert found is not None
        return found

    def outputs(self, picture: Picture, *, path: str | Path = "picture") -> tuple[Floats, Floats]:
        """Probabilities (C,) and features (D,) of one picture; arguments and errors as of `answer`."""
        found = self._run(_called(picture, path), 0)
        assert found.probabilities is not None
        assert found.features is not None
        return found.probabilities, found.features

    def distances(self, features: Sequence[Floats]) -> list[float] | list[None]:
        """How strange pictures are by their features, (D,) each: see `stored_distances`."""
        return stored_distances(self._novelty, features)

    def _run(self, source: Source, tta_views: int) -> "_Seen":
        """Probabilities (C,), and features (D,) of the plain view."""
        image, content = source.drawn(short_side_px=self.transform.short_side_px)
        views = [self.transform(image, content=content, number=number) for number in range(1 + tta_views)]
        # (3, S, S) -> (1, 3, S, S) -> (1, C) and (1, D)
        found = [self._engine.outputs(view[np.newaxis]) for view in views]
        return _Seen(source.name, averaged([probabilities[0] for probabilities, _ in found]), found[0][1][0])

    def _see(self, source: Source, tta_views: int) -> "_Seen":
        try:
            return self._run(source, tta_views)
        except PictureError as error:
            return _Seen(source.name, error=str(error).removeprefix(f"{source.name}: "))
        except OSError as error:
            return _Seen(source.name, error=error.strerror or str(error))

    def _answers(self, seen: "Sequence[_Seen]") -> list[Prediction]:
        """Predictions of pictures, their distances computed together."""
        probabilities = [each.probabilities for each in seen if each.probabilities is not None]
        features = [each.features for each in seen if each.features is not None]
        known = iter(judgements(self.settings, self._novelty, probabilities, features))
        return [
            Prediction(each.path, error=each.error)
            if each.probabilities is None
            else self._prediction(each.path, each.probabilities, next(known))
            for each in seen
        ]

    def _prediction(self, path: str, probabilities: Floats, known: Judgement) -> Prediction:
        return Prediction(
            path,
            probabilities=tuple(probabilities.tolist()),
            distance=known.distance,
            refused=known.refused,
            candidates=tuple(self.classes[label] for label in known.candidates or ()),
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the graph says of a picture, or why there is nothing."""

    path: str
    probabilities: Floats | None = None
    features: Floats | None = None
    error: str = ""


def _called(picture: Picture, path: str | Path) -> Source:
    """One picture under the name that its caller gives it; a path is its own."""
    if isinstance(picture, str | os.PathLike):
        return Source(str(picture), Path(picture))
    (source,) = sources(picture)
    return Source(str(path), source.picture)
