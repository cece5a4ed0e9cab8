"""What a person is asked to look at, the worst first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from unfreeze.audit.findings import PAIRED, Finding, Kind
from unfreeze.evaluation.names import in_words
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.evaluation.selections import worst_first
from unfreeze.images.table import ImageTable


class Subject(StrEnum):
    """Why a picture is in the queue, in the queue's order."""

    CONTRADICTION = "contradiction"
    LEAK = "leak"
    LABEL = "label"
    MISTAKE = "mistake"
    DUPLICATE = "duplicate"
    BLANK = "blank"


TITLES = {
    Subject.CONTRADICTION: "The same picture under different labels",
    Subject.LEAK: "The same picture on both sides of the split",
    Subject.LABEL: "The label may be wrong",
    Subject.MISTAKE: "The model is wrong, or the label is",
    Subject.DUPLICATE: "The same picture more than once",
    Subject.BLANK: "A picture that shows nothing",
}
WHY = {
    Subject.CONTRADICTION: "One of the labels is wrong, whatever a model says",
    Subject.LEAK: "The model has seen the answer; leave out the one that trains",
    Subject.LABEL: "By a head that was fitted without it",
    Subject.MISTAKE: "By the run's model",
    Subject.DUPLICATE: "It counts more than once, which does no harm on one side of the split",
    Subject.BLANK: "Its label teaches nothing",
}
"""What stands in front of a finding's own words."""

ORDER = list(Subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something to decide on.

    Attributes:
        subject: Why it is in the queue.
        paths: The picture, or the two pictures that show the same; of two, the first is the one to leave out.
        suggested: Names of the labels that a head or the model would give; empty where there are none.
        score: How sure it is, between 0 and 1; None where that means nothing.
        detail: What was found, in words.
    """

    subject: Subject
    paths: tuple[str, ...]
    suggested: tuple[str, ...] = ()
    score: float | None = None
    detail: str = ""

    @property
    def is_pair(self) -> bool:
        """Whether it is about two pictures."""
        return len(self.paths) > 1

    @property
    def name(self) -> tuple[str, ...]:
        """What it is known by from one start of the server to the next."""
        return (self.subject.value, *self.paths)


def review_queue(table: ImageTable, predictions: PredictionTable, findings: Iterable[Finding]) -> tuple[Item, ...]:
    """What is to be looked at: findings on pictures and pairs, and the validation pictures that a model got wrong.

    Args:
        table: The pictures; findings and predictions about others are passed over.
        predictions: What a model says of the validation pictures.
        findings: What was found in the collection.

    Returns:
        Items, each once: what must be mended first, and within a subject the surest first.
    """
    known = {row.path for row in table.rows}
    found = [*_of_findings(table, findings), *_mistakes(predictions)]
    once = {item.name: item for item in reversed(found) if known.issuperset(item.paths)}
    return tuple(sorted(once.values(), key=lambda item: (ORDER.index(item.subject), -(item.score or 0.0), item.paths)))


def _of_findings(table: ImageTable, findings: Iterable[Finding]) -> Iterable[Item]:
    subjects = {subject.value: subject for subject in Subject}
    for found in findings:
        if not found.path or found.kind.value not in subjects:
            continue
        is_class = found.kind is Kind.LABEL and found.related in table.classes
        yield Item(
            subject=subjects[found.kind.value],
            paths=(found.path, found.related) if found.kind in PAIRED else (found.path,),
            suggested=(found.related,) if is_class else (),
            score=found.score,
            detail=found.detail,
        )


def _mistakes(predictions: PredictionTable) -> Sequence[Item]:
    """The wrong answers; the more probable the true class was held, the less they need to be looked at."""
    wrong = worst_first(predictions, np.flatnonzero(~predictions.correct).tolist())
    return [
        Item(
            subject=Subject.MISTAKE,
            paths=(predictions.paths[row],),
            suggested=predictions.predicted_names(row),
            score=float(1 - np.exp(-predictions.losses[row])),
            detail=f"labelled {in_words(predictions.true_names(row))}, the model says "
            f"{in_words(predictions.predicted_names(row))}",
        )
        for row in wrong
    ]
