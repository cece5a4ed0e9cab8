"""Sets of classes: how large they are, and how often they hold the true one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unfreeze.evaluation.conformal import ConformalBound, MeasuredCoverage, measure_coverage, prediction_sets
from unfreeze.report.content import ReportContent, once

LARGEST_NAMED = 5
"""Larger sets are counted together."""

SPLITS, FEWEST_SPLITS = 200, 5
MOST_CELLS = 20_000_000
"""Probabilities that are gone through again and again: of many pictures few splits say as much."""


@dataclass(frozen=True, kw_only=True)
class SetSize:
    """Pictures whose sets have the same size.

    Attributes:
        size: Number of classes, in words.
        pictures: How many pictures.
        share: What part of all.
        holding: What part of these sets holds the true class.
    """

    size: str
    pictures: int
    share: float
    holding: float


@dataclass(frozen=True, kw_only=True)
class SetsView:
    """What the page says of sets.

    Attributes:
        bound: From which probability a class belongs to a set, and what that promises.
        measured: What was found on pictures that had no part in the bound; None for new pictures, of which none had.
        found: What part of the sets of the page's pictures holds the true class.
        classes: Mean number of classes in these.
        sizes: The sets by their sizes.
    """

    bound: ConformalBound
    measured: MeasuredCoverage | None
    found: float
    classes: float
    sizes: Sequence[SetSize]


@once
def sets_view(content: ReportContent) -> SetsView | None:
    """What there is to say of sets.

    Args:
        content: What the report shows.

    Returns:
        None where the model gives none.
    """
    table, certainty = content.judged, content.certainty
    if certainty is None or certainty.sets is None or content.several or not table.paths:
        return None
    bound = certainty.sets
    sets = prediction_sets(table.probabilities, bound.least_probability)
    holds, sizes = sets[np.arange(len(sets)), table.targets], np.minimum(sets.sum(1), LARGEST_NAMED)
    measured = None
    if content.subject == "validation":
        splits = max(FEWEST_SPLITS, min(SPLITS, MOST_CELLS // sets.size))
        held_out = certainty.calibration.held_out
        measured = measure_coverage(held_out, table.targets, coverage=bound.coverage, splits=splits)
    return SetsView(
        bound=bound,
        measured=measured,
        found=float(holds.mean()),
        classes=float(sets.sum(1).mean()),
        sizes=[
            SetSize(
                size=f"{size} or more" if size == LARGEST_NAMED else str(size),
                pictures=int((sizes == size).sum()),
                share=float((sizes == size).mean()),
                holding=float(holds[sizes == size].mean()),
            )
            for size in np.unique(sizes).tolist()
        ],
    )
