"""`ImageClassifier`: paths and labels in, classes out, the way scikit-learn's tools expect it."""

import os
import tempfile
from contextlib import closing
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from unfreeze.errors import Choice, SettingsError, choice
from unfreeze.estimator.pictures import InputError, asked_table, labels_by_path, paths_of, picture_table
from unfreeze.evaluation.calibration import calibrate, probabilities_at
from unfreeze.images.table import ImageTable
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.network.backbones import DEFAULT_BACKBONE
from unfreeze.recipe.eight_steps import EightSteps
from unfreeze.recipe.read_pictures import settings_transform
from unfreeze.recipe.rungs import AUGMENTED, BODY_STEPS, FINDS_AGAIN
from unfreeze.recipe.settings import TrainSettings
from unfreeze.transforms.squares import Square
from unfreeze.transforms.views import Augment

AUTO: Literal["auto"] = "auto"
FIND = 2

DEFAULTS = TrainSettings()
Labels = npt.NDArray[Any]


class ImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """A pretrained network and a head, trained on pictures by the eight steps.

    X holds paths of pictures, y their classes. Activations of the pretrained body are computed once for each picture
    and kept in the cache, so that folds, searches and repeated fits read them from there.

    Args:
        backbone: Pretrained body, as for `unfreeze train`.
        size: Side of the squares in pixels; None for the backbone's own.
        square: What is done with a picture that is not square: crop, squash or pad.
        augment: How training views differ from the plain view: side_on, top_down, upright, trivial, rand or none.
        unfreeze: What is trained beside the head: "none", the "late" half of the body, or "all" of it.
        head_epochs: Epochs on the plain view.
        augmented_cycles: Epochs on augmented views after them, each a cycle of the rate; 0 for none.
        max_epochs: Epochs with the body unfrozen, at most.
        lr: Learning rate of the head; "auto" finds it.
        full_lr: Learning rate of the head once the body trains; "auto" finds it.
        valid_share: Part of each class that `fit` sets aside to choose the weights and to calibrate; 0 for none: then
            the training loss chooses, and nothing is calibrated.
        calibrated: Whether probabilities are those of a temperature that was fitted on the pictures set aside.
        seed: Decides what is set aside, views, order and dropout.
        threads: Pictures in work at a time; None for one a core.

    Attributes:
        classes_: The classes, sorted, shape (C,).
        backbone_: The body that was trained.
        transform_: How pictures become squares, for `fit` and what predicts alike.
        weights_: What was trained.
        temperature_: What logits are divided by.

    Raises:
        InputError: By `fit` and what predicts, if X or y cannot be used; a `SettingsError` that is a `ValueError`, too.
    """

    def __init__(
        self,
        backbone: str = DEFAULT_BACKBONE,
        *,
        size: int | None = None,
        square: str = DEFAULTS.square.value,
        augment: str = DEFAULTS.augment.value,
        unfreeze: Literal["none", "late", "all"] = "none",
        head_epochs: int = DEFAULTS.head_epochs,
        augmented_cycles: int = DEFAULTS.augmented_cycles,
        max_epochs: int = DEFAULTS.max_epochs,
        lr: float | Literal["auto"] = AUTO,
        full_lr: float | Literal["auto"] = AUTO,
        valid_share: float = DEFAULTS.valid_share,
        calibrated: bool = True,
        seed: int = 0,
        threads: int | None = None,
    ) -> None:
        self.backbone = backbone
        self.size = size
        self.square = square
        self.augment = augment
        self.unfreeze = unfreeze
        self.head_epochs = head_epochs
        self.augmented_cycles = augmented_cycles
        self.max_epochs = max_epochs
        self.lr = lr
        self.full_lr = full_lr
        self.valid_share = valid_share
        self.calibrated = calibrated
        self.seed = seed
        self.threads = threads

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn's tools may expect: text in one dimension, or in one column."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array, tags.input_tags.string = False, True, True
        return tags

    def fit(self, X: Any, y: Any) -> "ImageClassifier":  # noqa: N803 - scikit-learn's names
        """Trains on pictures.

        Args:
            X: Paths of pictures: N of them, or a table of N rows and one column.
            y: The class of each, N values.

        Returns:
            The estimator itself.

        Raises:
            UnfreezeError: If pictures, classes or parameters cannot be used.
        """
        paths, labels = paths_of(X), _labels(y)
        check_consistent_length(paths, labels)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            message = f"y has one class, {str(self.classes_[0])!r}; a classifier needs two classes or more"
            raise InputError(message, subject="y")
        settings = self._settings()
        named = [f"{index:06d}" for index in range(len(self.classes_))]  # in the order of their labels
        table = picture_table(
            labels_by_path(paths, numbers.astype(np.int64)), named, valid_share=self.valid_share, seed=self.seed
        )
        with tempfile.TemporaryDirectory(prefix="unfreeze-") as folder:
            learner = Learner(self._data(table, settings), self.backbone, folder=folder)
            with closing(learner):
                EightSteps(learner, settings, _Silent()).run()
                self.backbone_, self.transform_ = self.backbone, learner.data.transform
                self.weights_ = learner.model.weights()
                self.temperature_ = 1.0
                if self.calibrated and self.valid_share:
                    targets = learner.data.targets(table.of_split("valid"))
                    self.temperature_ = calibrate(learner.logits("valid"), targets).temperature
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:  # noqa: N803
        """How likely each class is.

        Args:
            X: Paths of pictures, as of `fit`.

        Returns:
            Shape (N, C), each row summing to 1; calibrated unless `calibrated` or `valid_share` says otherwise.

        Raises:
            UnfreezeError: If a file cannot be read or decoded.
        """
        return probabilities_at(self._logits(X), self.temperature_)

    def predict(self, X: Any) -> Labels:  # noqa: N803
        """The most likely class of each picture, N values of `classes_`; X as of `fit`."""
        likely = self._logits(X).argmax(1)
        found: Labels = self.classes_[likely]
        return found

    def _logits(self, given: Any) -> npt.NDArray[np.float64]:
        """Logits (N, C) in the order of the paths."""
        check_is_fitted(self)
        paths = paths_of(given)
        table = asked_table(paths, [f"{index:06d}" for index in range(len(self.classes_))])
        data = ImageData(table=table, transform=self.transform_, threads=self.threads or os.cpu_count() or 1)
        with closing(Learner(data, self.backbone_)) as learner:
            learner.model.restore(self.weights_)
            found = dict(zip((row.path for row in table.rows), learner.logits("valid"), strict=True))
        return np.array([found[path.as_posix()] for path in paths], np.float64)

    def _settings(self) -> TrainSettings:
        """The recipe's settings, in which contradictions and numbers out of range are found."""
        if self.unfreeze not in ("none", "late", "all"):
            raise InputError(f"unfreeze is {self.unfreeze!r}; it must be none, late or all", subject="unfreeze")
        if not 0 <= self.valid_share < 1:
            message = f"valid_share is {self.valid_share}; it must be at least 0 and below 1"
            raise InputError(message, subject="valid_share")
        trains_body = self.unfreeze != "none"
        steps = {1, 3, *((AUGMENTED,) if self.augmented_cycles else ()), *(BODY_STEPS if trains_body else ())}
        steps |= {FIND} if self.lr == AUTO else set()
        steps |= {FINDS_AGAIN} if trains_body and self.full_lr == AUTO else set()
        return TrainSettings(
            backbone=self.backbone,
            size=self.size,
            square=_choice(Square, self.square, setting="square"),
            augment=_choice(Augment, self.augment, setting="augment"),
            steps=tuple(sorted(steps)),
            unfreeze="all" if self.unfreeze == "none" else self.unfreeze,
            head_epochs=self.head_epochs,
            augmented_cycles=self.augmented_cycles or 1,
            max_epochs=self.max_epochs,
            lr=_rate(self.lr, setting="lr"),
            full_lr=_rate(self.full_lr, setting="full_lr"),
            seed=self.seed,
            threads=self.threads,
        )

    def _data(self, table: ImageTable, settings: TrainSettings) -> ImageData:
        return ImageData(
            table=table,
            transform=settings_transform(settings),
            batch_size=settings.batch_size,
            stored_views=min(settings.views, settings.augmented_cycles),
            threads=settings.threads or os.cpu_count() or 1,
        )


class _Silent:
    """A narrator that says nothing."""

    def step(self, number: int, name: str, why: str) -> None:
        """Says nothing."""

    def outcome(self, text: str) -> None:
        """Says nothing."""

    def note(self, text: str) -> None:
        """Says nothing."""


def _choice(kind: type[Choice], value: str, *, setting: str) -> Choice:
    """As `choice`, with an error that is a ValueError, too."""
    try:
        return choice(kind, value, setting=setting)
    except SettingsError as error:
        raise InputError(str(error), subject=setting) from None


def _rate(given: Any, *, setting: str) -> float | None:
    """A learning rate; None where it is to be found."""
    if given == AUTO:
        return None
    try:
        return float(given)
    except (TypeError, ValueError):
        raise InputError(f"{setting} is {given!r}; it must be auto or a positive number", subject=setting) from None


def _labels(given: Any) -> Labels:
    """Labels (N,); raises ValueError where they are missing or are none of classes, as scikit-learn words it."""
    if given is None:
        raise InputError("requires y to be passed, but the target y is None", subject="y")
    labels = column_or_1d(given, warn=True)
    check_classification_targets(labels)
    return np.asarray(labels)
