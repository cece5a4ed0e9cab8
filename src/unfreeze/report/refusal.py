"""'None of these' on the pictures that the page is about: how many would be refused, and which look strangest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.report.content import ReportContent, once
from unfreeze.report.galleries import Shown, shown

STRANGEST = 8


@dataclass(frozen=True, kw_only=True)
class RefusalView:
    """What the page says of refusing.

    Attributes:
        bound: The distance above which a picture is none of these.
        share: What part of new pictures of the known kinds may be refused, as it was asked for.
        expected: What part of them is refused on average.
        interval: In which that part lies with 95 % confidence.
        set_on: On how many held-out pictures the bound was set.
        neighbours: How many of the nearest training pictures count.
        refused: How many of the page's pictures lie beyond the bound.
        pictures: How many there are.
        refused_interval: In which the part of such pictures lies that is refused, 95 %.
        refused_wrong: How many of those refused are answered wrongly.
        strangest: The pictures that lie farthest out, with their distances.
    """

    bound: float
    share: float
    expected: float
    interval: tuple[float, float]
    set_on: int
    neighbours: int
    refused: int
    pictures: int
    refused_interval: tuple[float, float]
    refused_wrong: int
    strangest: Sequence[tuple[Shown, float]]


@once
def refusal_view(content: ReportContent) -> RefusalView | None:
    """What there is to say of 'none of these'.

    Args:
        content: What the report shows.

    Returns:
        None where the model cannot refuse, or no distances were kept.
    """
    distances, novelty = content.distances, content.certainty.novelty if content.certainty else None
    if distances is None or novelty is None or not len(distances):
        return None
    bound, beyond = novelty.bound, distances > novelty.bound.value
    order = np.argsort(-distances, kind="stable")[:STRANGEST].tolist()
    return RefusalView(
        bound=bound.value,
        share=bound.share,
        expected=bound.expected,
        interval=bound.interval,
        set_on=bound.count,
        neighbours=novelty.neighbours,
        refused=int(beyond.sum()),
        pictures=len(distances),
        refused_interval=wilson_interval(int(beyond.sum()), len(distances)),
        refused_wrong=int((beyond & ~content.correct).sum()),
        strangest=[(shown(content, row), float(distances[row])) for row in order],
    )
