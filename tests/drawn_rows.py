"""Rows of numbers drawn as pictures: scikit-learn's own checks make such rows, and the estimator takes pictures."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.utils.validation import check_is_fitted, validate_data

from unfreeze.estimator.classifier import ImageClassifier

SIDE = 32


def drawn(row: np.ndarray) -> Path:
    """The picture of a row: stripes whose colours grow brighter with the numbers; the same row gives the same file."""
    content = np.ascontiguousarray(row, np.float64)
    folder = Path(tempfile.gettempdir(), f"unfreeze-rows-{os.getpid()}")
    path = folder / f"{hashlib.blake2b(content.tobytes(), digest_size=12).hexdigest()}.png"
    if not path.exists():
        levels = np.rint(255 / (1 + np.exp(-content))).astype(np.uint8)
        stripes = np.resize(levels, (-(-len(levels) // 3), 3))  # three numbers a stripe: red, green and blue
        folder.mkdir(exist_ok=True)
        rows = np.resize(stripes.repeat(-(-SIDE // len(stripes)), axis=0), (SIDE, 1, 3))
        Image.fromarray(rows.repeat(SIDE, axis=1)).save(path)
    return path


class OfNumbers(ImageClassifier):
    """An `ImageClassifier` of rows of numbers, each drawn first; all that comes after is the estimator's own."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array, tags.input_tags.string = True, False, False
        tags.classifier_tags.poor_score = True  # a network that knows photographs sees little in 32 pixels of stripes
        return tags

    def fit(self, X: Any, y: Any) -> "OfNumbers":  # noqa: N803
        if y is None:
            super().fit(["a"], y)
        rows, y = validate_data(self, X, y, multi_output=True)
        super().fit([drawn(row) for row in rows], y)
        return self

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        check_is_fitted(self)
        return super().predict_proba([drawn(row) for row in validate_data(self, X, reset=False)])

    def predict(self, X: Any) -> Any:  # noqa: N803
        check_is_fitted(self)
        return super().predict([drawn(row) for row in validate_data(self, X, reset=False)])
