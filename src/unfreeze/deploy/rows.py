"""Predictions as rows: CSV with a column for each class, and JSON lines; each is written as soon as it is known."""

import csv
import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from unfreeze.evaluation.names import joined

if TYPE_CHECKING:
    from unfreeze.deploy.predictor import Prediction, Predictor

WriteRow = Callable[["Prediction"], object]

KNOWN = ("distance", "refused", "set")
"""Columns of what a model knows of its answer."""


def csv_rows(file: TextIO, predictor: "Predictor") -> WriteRow:
    """Writes predictions as CSV: path, predicted class or labels, error, what the model knows, and all probabilities.

    `distance` and `refused` (yes or no) are empty where the model cannot refuse, `set` where it promises no sets or
    refuses the picture; the classes of a set, and labels where there may be several, are joined by semicolons.

    Args:
        file: Where the rows go; the header is written at once.
        predictor: What predicts.

    Returns:
        What writes a row.
    """
    writer = csv.writer(file, lineterminator="\r\n")  # what quotes each kind of line break in a name
    writer.writerow(["path", "predicted", "error", *KNOWN, *(f"p:{name}" for name in predictor.classes)])
    several = predictor.objective.several

    def write(prediction: "Prediction") -> None:
        names = predictor.names(prediction)
        said = joined(names) if several else "".join(names)
        distance = "" if prediction.distance is None else np.float32(prediction.distance)
        refused = {True: "yes", False: "no", None: ""}[prediction.refused]
        known = (str(distance), refused, joined(prediction.candidates))
        writer.writerow([prediction.path, said, prediction.error, *known, *prediction.probabilities])

    return write


def json_rows(file: TextIO, predictor: "Predictor", *, top_k: int | None = None) -> WriteRow:
    """Writes predictions as JSON lines, an object a picture, under the names that the server uses.

    Args:
        file: Where the lines go.
        predictor: What predicts.
        top_k: How many of the most probable classes are written; all of them unless said otherwise.

    Returns:
        What writes a line.
    """

    def write(prediction: "Prediction") -> None:
        file.write(json.dumps(plain_row(predictor, prediction, top_k=top_k), allow_nan=False) + "\n")

    return write


def plain_row(predictor: "Predictor", prediction: "Prediction", *, top_k: int | None = None) -> dict[str, Any]:
    """A prediction as plain values.

    Args:
        predictor: What predicted.
        prediction: What it said.
        top_k: How many of the most probable classes are named; all of them unless said otherwise.

    Returns:
        `path`, and `error` where the picture cannot be read; else `names` (the class or labels; none where the picture
        is refused), `refused` and `distance` (None where the model cannot refuse, or where features are not finite),
        `classes` with their probabilities (None where they are not finite), the most probable one first, and `set`
        (empty where the picture is refused, None where the model promises none).
    """
    if prediction.error:
        return {"path": prediction.path, "error": prediction.error}
    order = ranked(predictor, prediction)[:top_k]
    return {
        "path": prediction.path,
        "names": [] if prediction.refused else list(predictor.names(prediction)),
        "refused": prediction.refused,
        "distance": _finite(prediction.distance),
        "classes": [{"name": name, "probability": _finite(probability)} for name, probability in order],
        "set": list(prediction.candidates) if predictor.settings.sets else None,
    }


def ranked(predictor: "Predictor", prediction: "Prediction") -> list[tuple[str, float]]:
    """All classes with their probabilities, the most probable one first; of equal ones the first in the model's order.

    Args:
        predictor: What predicted.
        prediction: What it said of a picture that can be read.

    Returns:
        Names and probabilities.
    """
    pairs = zip(predictor.classes, prediction.probabilities, strict=True)
    return sorted(pairs, key=lambda pair: -pair[1])


def _finite(number: float | None) -> float | None:
    """The number, for JSON has no other ones."""
    return number if number is not None and math.isfinite(number) else None
