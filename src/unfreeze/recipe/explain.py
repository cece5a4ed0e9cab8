"""Why a finished run says what it says of some pictures: maps, drawn into a folder with a page."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from unfreeze.deploy.explainer import open_explainer
from unfreeze.deploy.inputs import picture_paths
from unfreeze.deploy.predictor import Prediction, Predictor
from unfreeze.errors import RunError, SettingsError, nearest
from unfreeze.evaluation.activation_maps import PICTURES_AT_A_TIME, ActivationMaps, Explain
from unfreeze.evaluation.explanations import shares, spread
from unfreeze.evaluation.names import in_words
from unfreeze.files import free_folder, make_folder, write_whole
from unfreeze.images.collection import reject_inside
from unfreeze.images.decode import decode
from unfreeze.plots.heat import overlay
from unfreeze.report.explanation import SHOWN, Explained, explanation_page
from unfreeze.report.pictures import data_uri, square_uri

DEFAULT_PARENT = Path("explanations")
PAGE = "explanation.html"
LONGEST_NAME = 60
"""Letters of a picture's name in the name of its file: names end at 255 bytes on most systems."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What was said of some pictures, and where it is shown why.

    Attributes:
        folder: Holds the page and a PNG file a picture.
        pictures: Those that were explained, in order; of those that the page does not show without their data URIs.
        unread: Files that cannot be read, and why.
        exact: Whether the mean of a picture's evidence is the class's logit.
    """

    folder: Path
    pictures: tuple[Explained, ...]
    unread: tuple[tuple[str, str], ...]
    exact: bool

    @property
    def page(self) -> Path:
        """The page."""
        return self.folder / PAGE


def explain_pictures(
    run: Path,
    pictures: Sequence[Path],
    *,
    out: Path | None = None,
    class_name: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Explanation:
    """Draws what in some pictures spoke for a class, on the plain view, and writes page and pictures.

    Args:
        run: A run folder, or its bundle.
        pictures: Files, and folders of them.
        out: The folder, which must not be there or be empty; one below `explanations` unless said otherwise.
        class_name: The class asked about; the most probable one of each picture unless said otherwise.
        progress: Called with the number of pictures done and the number of pictures.

    Returns:
        What was said, and where it is shown.

    Raises:
        UnfreezeError: If there is no model or picture, no map can be made of the network, or the folder is taken.
    """
    folder = _new_folder(out or free_folder(DEFAULT_PARENT, run.resolve().name), pictures)
    predictor = Predictor(run, threads=os.cpu_count() or 1)
    asked = None if class_name is None else _label(predictor, class_name)
    found = predictor.predict(picture_paths(pictures))
    good = [prediction for prediction in found if not prediction.error]
    explained: list[Explained] = []
    exact = True
    for maps, some in _explained(open_explainer(run), predictor, good, asked) if good else ():
        make_folder(folder)
        exact = maps.exact
        for row, prediction in enumerate(some):
            explained.append(_drawn(folder, predictor, prediction, maps, row, number=len(explained)))
            if progress:
                progress(len(explained), len(good))
    unread = tuple((prediction.path, prediction.error) for prediction in found if prediction.error)
    if explained:
        page = explanation_page(explained, title=str(run), exact=exact, unread=unread)
        write_whole(folder / PAGE, page.encode("utf-8", errors="backslashreplace"))
    return Explanation(folder=folder, pictures=tuple(explained), unread=unread, exact=exact)


def _explained(
    explain: Explain, predictor: Predictor, predictions: Sequence[Prediction], asked: int | None
) -> Iterator[tuple[ActivationMaps, Sequence[Prediction]]]:
    """Maps of a few pictures at a time."""
    transform = predictor.transform
    for start in range(0, len(predictions), PICTURES_AT_A_TIME):
        some = predictions[start : start + PICTURES_AT_A_TIME]
        images = [
            decode(Path(one.path).read_bytes(), path=one.path, short_side_px=transform.short_side_px) for one in some
        ]
        squares = np.stack([transform(image) for image in images])  # (N, 3, S, S)
        # The predictor's answer, not the maps': the graph's last digits may differ from torch's.
        classes = [int(np.argmax(one.probabilities)) if asked is None else asked for one in some]
        yield explain(squares, classes), some


def _drawn(
    folder: Path, predictor: Predictor, prediction: Prediction, maps: ActivationMaps, row: int, *, number: int
) -> Explained:
    """Draws one picture's map and writes it as PNG."""
    square, label = maps.squares[row], int(maps.classes[row])
    evidence = overlay(square, shares(spread(maps.evidence[row : row + 1], square.shape[-1]))[0])
    file = f"{number + 1:04d}-{Path(prediction.path).stem[:LONGEST_NAME]}.png"
    _side_by_side(Image.fromarray(square.transpose(1, 2, 0)), evidence).save(folder / file)  # (3, S, S) -> (S, S, 3)
    is_shown = number < SHOWN
    return Explained(
        path=prediction.path,
        said=_said(predictor, prediction),
        asked=predictor.classes[label],
        sure=prediction.probabilities[label],
        is_said=predictor.classes[label] in predictor.names(prediction),
        square=square_uri(square) if is_shown else "",
        overlay=data_uri(evidence) if is_shown else "",
        file=file,
    )


def _side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    both = Image.new("RGB", (left.width + right.width, left.height))
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    return both


def _said(predictor: Predictor, prediction: Prediction) -> str:
    """What the model says of a picture, and how sure it is."""
    sure = dict(zip(predictor.classes, prediction.probabilities, strict=True))
    names = predictor.names(prediction)
    said = ", ".join(f"{name} {100 * sure[name]:.1f} %" for name in names) or in_words(names)
    return f"none of these (most like {said})" if prediction.refused else said


def _label(predictor: Predictor, name: str) -> int:
    if name not in predictor.classes:
        known = ", ".join(predictor.classes[:10]) + (", ..." if len(predictor.classes) > 10 else "")
        message = f"--class: the model knows no class {name!r}; it knows {known}{nearest(name, predictor.classes)}"
        raise SettingsError(message, subject="class")
    return predictor.classes.index(name)


def _new_folder(folder: Path, pictures: Sequence[Path]) -> Path:
    """The folder, which is checked before anything is computed and made when there is something to write."""
    for path in pictures:
        reject_inside(folder, path)
    if folder.is_dir() and not any(folder.iterdir()):
        return folder
    if folder.exists() or folder.is_symlink():
        message = f"{folder}: is there already and stays as it is; choose another folder for --out"
        raise RunError(message, subject=folder)
    return folder
