"""All that a report shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.activation_maps import ActivationMaps
from unfreeze.evaluation.certainty import Certainty
from unfreeze.evaluation.class_gains import ClassGains
from unfreeze.evaluation.learning_curve import LearningCurve
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.report.pictures import Thumbnails
from unfreeze.report.plot import Plot
from unfreeze.training.history import History
from unfreeze.training.lr_band import LrBand
from unfreeze.transforms.transform import Transform

Explain = Callable[[Sequence[ImageRow], Sequence[int]], ActivationMaps]
Subject = Literal["validation", "new"]
View = TypeVar("View")


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """All that the report shows; what is empty or None is left out of it.

    Attributes:
        title: Name of the collection.
        table: The pictures.
        predictions: What the model says of them.
        transform: How they became squares.
        figures: The contents of `result.json`.
        subject: Which pictures the page is about: the "validation" pictures of a run, or "new" ones, which are all
            those of `predictions`.
        known: What is known of the part that new pictures had in the run, a sentence each; empty where they had none.
        history: What happened in training.
        sweeps: What the LR finder saw, by the number of the step.
        rates: The rate that was used after each sweep and where it came from, in words, by the number of the step.
        facts: Tables of settings and receipt, by their titles.
        certainty: What the model knows of its own answers.
        curve: Accuracy against the number of training pictures.
        gains: Which class would gain most from more.
        outlook_notes: Of which model and of which pictures these two are, a sentence each.
        explain: Makes maps of what pictures show for classes, one class a picture.
        drawn: The plots, once they were asked for (`report_plots`).
        made: What was found out for one section, for the others (`once`).
    """

    title: str
    table: ImageTable
    predictions: PredictionTable
    transform: Transform
    figures: Mapping[str, Any]
    subject: Subject = "validation"
    known: Sequence[str] = ()
    history: History = field(default_factory=History)
    sweeps: Mapping[int, LrBand] = field(default_factory=dict)
    rates: Mapping[int, str] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    certainty: Certainty | None = None
    curve: LearningCurve | None = None
    gains: ClassGains | None = None
    outlook_notes: Sequence[str] = ()
    explain: Explain | None = None
    drawn: dict[str, Plot] = field(default_factory=dict, init=False, repr=False, compare=False)
    made: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def judged(self) -> PredictionTable:
        """Predictions of the pictures that the page is about."""
        return self.predictions if self.subject == "new" else self.predictions.of_split("valid")

    @property
    def noun(self) -> str:
        """What these pictures are called."""
        return self.subject

    @cached_property
    def predicted(self) -> npt.NDArray[np.int64]:
        """What is said of those pictures, shape (N,), or (N, C) of several labels."""
        return self.judged.predicted

    @cached_property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether those pictures are answered rightly, shape (N,)."""
        return self.judged.correct

    @property
    def several(self) -> bool:
        """Whether a picture may have several labels."""
        return self.judged.objective.several

    @cached_property
    def rows(self) -> Mapping[str, ImageRow]:
        """The pictures by their paths."""
        return {row.path: row for row in self.table.rows}

    @property
    def distances(self) -> npt.NDArray[np.float32] | None:
        """How strange the pictures are that the page is about, shape (N,); None where that was not asked."""
        return self.judged.distances

    @cached_property
    def thumbnails(self) -> Thumbnails:
        """Makes the pictures small, each once."""
        return Thumbnails(self.table)


def once(view: Callable[[ReportContent], View]) -> Callable[[ReportContent], View]:
    """Lets a view of the content be made once, however many sections ask for it.

    Args:
        view: Makes something of the content.

    Returns:
        The same, which remembers what it made.
    """

    @wraps(view)
    def remembered(content: ReportContent) -> View:
        if view.__name__ not in content.made:
            content.made[view.__name__] = view(content)
        found: View = content.made[view.__name__]
        return found

    return remembered
