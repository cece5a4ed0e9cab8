"""Predicts from a bundle with onnxruntime, Pillow and numpy alone: torch is not loaded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unfreeze.activations.engines import Floats, OnnxEngine
from unfreeze.deploy.bundle import GRAPH_FILE, bundle_folder, read_bundle
from unfreeze.errors import CollectionError, PictureError
from unfreeze.images.decode import decode
from unfreeze.images.formats import PICTURE_SUFFIXES, is_hidden
from unfreeze.images.scan import content_hash
from unfreeze.parallel import in_parallel


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one picture.

    Attributes:
        path: The picture.
        probabilities: A probability for each class, in the predictor's order; empty where it cannot be read. They add
            up to 1 where a picture is of one class; each stands on its own where it has any number of labels.
        error: Why the picture cannot be read; empty where it can.
    """

    path: str
    probabilities: tuple[float, ...] = ()
    error: str = ""


class Predictor:
    """A trained model, ready to predict.

    Args:
        path: A run folder or a bundle.
        threads: Pictures in work at a time.

    Attributes:
        classes: Names of the classes, or labels.
        transform: How a picture becomes a square.
        objective: What the model has learned of a picture.

    Raises:
        BundleError: If there is no whole bundle there.
    """

    def __init__(self, path: str | Path, *, threads: int = 1) -> None:
        folder = bundle_folder(Path(path))
        bundle = read_bundle(folder)
        self.classes = tuple(bundle.classes)
        self.transform = bundle.to_transform()
        self.objective = bundle.objective
        self._engine = OnnxEngine(folder / GRAPH_FILE)
        self._threads = threads

    def predict(
        self, paths: Sequence[str | Path], *, tta_views: int = 0, progress: Callable[[int, int], None] | None = None
    ) -> list[Prediction]:
        """Predicts pictures; one that cannot be read costs its own row and nothing else.

        Args:
            paths: The pictures.
            tta_views: Augmented views to average with the plain one.
            progress: Called with the number of pictures done and the number of pictures.

        Returns:
            One prediction a picture, in order.
        """
        predictions = []
        for prediction in in_parallel(lambda path: self._predict(Path(path), tta_views), paths, threads=self._threads):
            predictions.append(prediction)
            if progress:
                progress(len(predictions), len(paths))
        return predictions

    def names(self, prediction: Prediction) -> tuple[str, ...]:
        """What a picture is: its most probable class, or all labels above 0.5; nothing where it cannot be read."""
        if not prediction.probabilities:
            return ()
        answer = self.objective.answers(np.array([prediction.probabilities]))[0]
        return tuple(self.classes[label] for label in self.objective.labels_of(answer))

    def probabilities(self, data: bytes, *, path: str | Path = "picture", tta_views: int = 0) -> Floats:
        """Probabilities (C,) of one picture, from the bytes of its file.

        Args:
            data: The whole file.
            path: Where it came from, for the error.
            tta_views: Augmented views to average with the plain one.

        Returns:
            A probability for each class, float32.

        Raises:
            PictureError: If the bytes are not a whole picture in a known format.
        """
        image = decode(data, path=path, short_side_px=self.transform.short_side_px)
        content = content_hash(data)
        views = [self.transform(image, content=content, number=number) for number in range(1 + tta_views)]
        found = [self._engine.run(view[np.newaxis])[0] for view in views]  # (3, S, S) -> (1, 3, S, S) -> (C,)
        return np.asarray(np.mean(found, axis=0, dtype=np.float64), np.float32)

    def _predict(self, path: Path, tta_views: int) -> Prediction:
        try:
            found = self.probabilities(path.read_bytes(), path=path, tta_views=tta_views)
        except PictureError as error:
            return Prediction(str(path), error=str(error).removeprefix(f"{path}: "))
        except OSError as error:
            return Prediction(str(path), error=error.strerror or str(error))
        return Prediction(str(path), probabilities=tuple(found.tolist()))


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
