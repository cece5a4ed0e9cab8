"""The pictures to look at: the most correct, most incorrect and most uncertain ones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.evaluation.selections import most_correct, most_incorrect, most_uncertain, worst_first
from unfreeze.report.content import ReportContent
from unfreeze.report.words import caption

OF_A_CLASS = 4
OF_A_PAIR = 4
MOST_MISTAKES = 96
MOST_OTHERS = 40
"""Pictures of a gallery: at about 10 kB each they stay far below the page's limit."""

TITLES = {"incorrect": "Most incorrect", "uncertain": "Most uncertain", "correct": "Most correct"}
TEXTS = {
    "incorrect": "{shown} of {of} mistakes, the worst first: of each {kind} the {each} whose truth got the lowest "
    "probability, and of each kind of mistake up to {each}.",
    "uncertain": "Up to {each} of each {kind} with the smallest gap between the two likeliest answers.",
    "correct": "Up to {each} of each {kind} that are answered rightly and with the highest probability.",
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture of a gallery.

    Attributes:
        path: Its path.
        picture: A data URI; empty where the picture cannot be shown.
        caption: What it is, and what the model said of it.
        true: Indices of its class or labels.
        said: Indices of the class or labels that it was given.
        true_names: Their names.
        said_names: Their names.
        true_sure: Probability of the true class; of several labels None.
        said_sure: Probability of the class said; of several labels None.
        right: Whether the answer is right.
    """

    path: str
    picture: str
    caption: str
    true: Sequence[int]
    said: Sequence[int]
    true_names: Sequence[str]
    said_names: Sequence[str]
    true_sure: float | None
    said_sure: float | None
    right: bool


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Pictures of one kind.

    Attributes:
        key: Name of the kind: "incorrect", "uncertain" or "correct".
        title: What stands above it.
        text: Which pictures these are, in words.
        shown: The pictures.
        of: How many pictures of the kind there are.
    """

    key: str
    title: str
    text: str
    shown: Sequence[Shown]
    of: int


@dataclass(frozen=True, kw_only=True)
class PicturesView:
    """What the page shows of pictures.

    Attributes:
        galleries: The galleries, mistakes first.
        true: Indices of the true classes or labels in them, ascending.
        said: Indices of those that were said.
    """

    galleries: Sequence[Gallery]
    true: Sequence[int]
    said: Sequence[int]


def pictures_view(content: ReportContent) -> PicturesView | None:
    """The galleries, with what they can be filtered by.

    Args:
        content: What the report shows.

    Returns:
        None where there are no pictures.
    """
    found = galleries(content)
    if not found:
        return None
    pictures = [each for gallery in found for each in gallery.shown]
    return PicturesView(
        galleries=found,
        true=sorted({label for each in pictures for label in each.true}),
        said=sorted({label for each in pictures for label in each.said}),
    )


def galleries(content: ReportContent) -> list[Gallery]:
    """Chooses four pictures of each class, fewer where there are many classes; of mistakes also some of each pair.

    Args:
        content: What the report shows.

    Returns:
        The galleries that hold pictures: mistakes first.
    """
    table, right = content.judged, int(content.correct.sum())
    count = max(1, min(OF_A_CLASS, MOST_OTHERS // len(table.classes)))
    chosen = {
        "incorrect": (mistakes(table), len(table.paths) - right),
        "uncertain": (_least_certain_first(table, most_uncertain(table, count=count)), len(table.paths)),
        "correct": (most_correct(table, count=count), right),
    }
    kind = "label" if content.several else "class"
    found = []
    for key, (rows, of) in chosen.items():
        pictures = [shown(content, row) for row in rows[: MOST_MISTAKES if key == "incorrect" else MOST_OTHERS]]
        of_each = OF_A_CLASS if key == "incorrect" else count
        text = TEXTS[key].format(shown=len(pictures), of=f"{of:,}", each=of_each, kind=kind)
        if pictures:
            found.append(Gallery(key=key, title=TITLES[key], text=text, shown=pictures, of=of))
    return found


def mistakes(table: PredictionTable, *, most: int = MOST_MISTAKES) -> list[int]:
    """The most incorrect pictures: four of each true class, then up to four of each pair of classes; the worst first.

    Args:
        table: The predictions.
        most: How many at most.

    Returns:
        Row numbers.
    """
    chosen = most_incorrect(table, count=OF_A_CLASS)
    if len(chosen) < most:
        pairs = Counter(_pair(table, row) for row in chosen)
        for row in worst_first(table, np.flatnonzero(~table.correct).tolist()):
            if row not in chosen and pairs[_pair(table, row)] < OF_A_PAIR:
                pairs[_pair(table, row)] += 1
                chosen.append(row)
    return worst_first(table, worst_first(table, chosen)[:most])


def shown(content: ReportContent, row: int) -> Shown:
    """A picture of the table as a gallery shows it.

    Args:
        content: What the report shows.
        row: Its row in the table of the pictures that the page is about.

    Returns:
        The picture, its thumbnail included.
    """
    table = content.judged
    true, said = (table.objective.labels_of(answers[row]) for answers in (table.targets, content.predicted))
    sure = table.probabilities[row]
    return Shown(
        path=table.paths[row],
        picture=content.thumbnails.of(table.paths[row]),
        caption=caption(table, row),
        true=true,
        said=said,
        true_names=[table.classes[label] for label in true],
        said_names=[table.classes[label] for label in said],
        true_sure=None if content.several else float(sure[true[0]]),
        said_sure=None if content.several else float(sure[said[0]]),
        right=bool(content.correct[row]),
    )


def _pair(table: PredictionTable, row: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return table.true_names(row), table.predicted_names(row)


def _least_certain_first(table: PredictionTable, rows: list[int]) -> list[int]:
    gaps = table.objective.certainty(table.probabilities[rows])
    return [rows[place] for place in np.argsort(gaps, kind="stable")]
