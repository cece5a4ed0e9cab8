"""The page of the pictures whose answer changed between two models; it opens from disk and fetches nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from unfreeze.errors import PictureError
from unfreeze.evaluation.comparison import Comparison, points, verdict
from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.evaluation.names import in_words
from unfreeze.images.decode import decode
from unfreeze.images.storage import Storage
from unfreeze.report.page_text import rendered
from unfreeze.report.pictures import THUMBNAIL_PX, thumbnail

SHOWN_OF_A_KIND = 150
"""Of each kind of change; at 10 kB a thumbnail the page stays below 5 MB."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A picture whose answer changed.

    Attributes:
        path: Its path.
        true: Its class, or its labels.
        first: The first model's answer.
        first_sure: The probability that it gave it.
        second: The second model's answer.
        second_sure: The probability that it gave it.
        picture: A data URI; empty where the picture cannot be shown.
    """

    path: str
    true: str
    first: str
    first_sure: float
    second: str
    second_sure: float
    picture: str


def comparison_page(
    comparison: Comparison, names: tuple[str, str], *, pictures: Storage | None, notes: Sequence[str] = ()
) -> str:
    """Renders the page.

    Args:
        comparison: Two models on the same pictures.
        names: What to call them.
        pictures: Where the pictures lie; None to show their names only.
        notes: Which pictures were left out, a sentence each.

    Returns:
        HTML; whatever comes from file and class names is escaped.
    """
    count = len(comparison.paths)
    right = [int(answers.sum()) for answers in (comparison.first_right, comparison.second_right)]
    kinds = [
        ("lost", f"Right by {names[0]}, wrong by {names[1]}", comparison.lost),
        ("gained", f"Wrong by {names[0]}, right by {names[1]}", comparison.gained),
        ("otherwise", "Wrong by both, each in its own way", comparison.otherwise_wrong),
    ]
    return rendered(
        "comparison.html.jinja",
        names=names,
        measure=comparison.objective.measure.capitalize(),
        several=comparison.objective.several,
        verdict=verdict(comparison, names),
        notes=notes,
        models=[(name, k / count, wilson_interval(k, count)) for name, k in zip(names, right, strict=True)],
        difference=f"{points(comparison.difference)} points",
        interval=" to ".join(points(end) for end in comparison.interval),
        chance=comparison.chance,
        count=count,
        kinds=[(key, title, len(rows), _changes(comparison, rows, pictures)) for key, title, rows in kinds],
        has_pictures=pictures is not None,
    )


def _changes(comparison: Comparison, rows: Sequence[int], pictures: Storage | None) -> list[Change]:
    """The changes of one kind, those first of which the second model is surest."""
    return [
        Change(
            path=comparison.paths[row],
            true=in_words(comparison.names(comparison.targets[row])),
            first=in_words(comparison.names(comparison.first[row])),
            first_sure=float(comparison.first_sure[row]),
            second=in_words(comparison.names(comparison.second[row])),
            second_sure=float(comparison.second_sure[row]),
            picture=_thumbnail(pictures, comparison.paths[row]) if pictures else "",
        )
        for row in rows[:SHOWN_OF_A_KIND]
    ]


def _thumbnail(pictures: Storage, path: str) -> str:
    """A thumbnail; empty where the picture has gone since."""
    try:
        return thumbnail(decode(pictures.read(path), path=path, short_side_px=2 * THUMBNAIL_PX))
    except (OSError, PictureError):
        return ""
