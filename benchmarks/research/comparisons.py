"""Variants beside their references over all data sets, seed by seed."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.research.differences import LEVEL, NO_SPREAD, Difference, adjusted, paired_difference, smallest_shown
from benchmarks.research.rows import Row


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A figure of a row and how two of them are compared.

    Attributes:
        name: For tables.
        value: Takes it from a row; None where there is none.
        change: What became of it, from the reference's and the variant's.
        shown: Writes a change down.
        higher_is_better: Whether a rise is good.
    """

    name: str
    value: Callable[[Row], float | None]
    change: Callable[[float, float], float]
    shown: Callable[[float], str]
    higher_is_better: bool = False


def relative(reference: float, other: float) -> float:
    """The logarithm of how many times the reference a loss is: losses of data sets differ by orders of magnitude."""
    return math.log(other / reference)


def points(reference: float, other: float) -> float:
    """The difference of two accuracies in points of a hundred."""
    return 100 * (other - reference)


def percent(change: float) -> str:
    """A relative change.

    >>> percent(0.0953), percent(-0.1), percent(1.2)
    ('+10 %', '-9.5 %', '+232 %')
    """
    found = 100 * math.expm1(change)
    return f"{found:+.1f} %" if abs(found) < 9.95 else f"{found:+.0f} %"


def in_points(change: float) -> str:
    """A change of accuracy."""
    return f"{change:+.2f}"


FINAL_LOSS = Measure(name="loss, final weights", value=lambda row: row.loss, change=relative, shown=percent)
BEST_LOSS = Measure(name="loss, best epoch", value=lambda row: row.best_loss, change=relative, shown=percent)
FINAL_ACCURACY = Measure(
    name="accuracy, final weights",
    value=lambda row: row.accuracy,
    change=points,
    shown=in_points,
    higher_is_better=True,
)
BEST_ACCURACY = replace(FINAL_ACCURACY, name="accuracy, best epoch", value=lambda row: row.best_accuracy)
TOGETHER_LOSS = replace(
    FINAL_LOSS,
    name="loss, cycles' predictions averaged",
    value=lambda row: row.loss if row.together_loss is None else row.together_loss,
)
MEASURES = (FINAL_LOSS, FINAL_ACCURACY, BEST_LOSS, BEST_ACCURACY)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A variant beside its reference on one data set.

    Attributes:
        dataset: The data set.
        variant: The variant.
        reference: What it is compared with.
        measure: What is compared.
        found: The paired differences; None where fewer than two seeds have both.
        p: The p value corrected for all comparisons of its family.
        broken: Seeds under which training broke down.
    """

    dataset: str
    variant: str
    reference: str
    measure: Measure
    found: Difference | None
    p: float = 1.0
    broken: int = 0

    @property
    def significant(self) -> bool:
        """Whether the difference stands after the correction."""
        return self.found is not None and self.p < LEVEL

    @property
    def better(self) -> bool:
        """Whether the variant is better, significantly or not; never where it broke down under a seed."""
        return not self.broken and self.found is not None and (self.found.mean > 0) == self.measure.higher_is_better


Pair = tuple[str, str]
"""A variant and its reference."""


def compared(rows: Sequence[Row], pairs: Sequence[Pair], measure: Measure) -> list[Comparison]:
    """All pairs on all data sets that have rows of both; p values are corrected over all of them.

    Args:
        rows: The rows.
        pairs: Variants and their references.
        measure: What is compared.

    Returns:
        One comparison for each pair and data set, in the order of the pairs.
    """
    known = {row.task: row for row in rows}
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    found = [_compared(known, dataset, pair, measure) for pair in pairs for dataset in datasets]
    present = [each for each in found if each.found or each.broken]
    tested = [index for index, each in enumerate(present) if each.found]
    corrected = adjusted([each.found.p for each in present if each.found])
    for index, p in zip(tested, corrected, strict=True):
        present[index] = replace(present[index], p=p)
    return present


def _compared(known: Mapping[tuple[str, str, int], Row], dataset: str, pair: Pair, measure: Measure) -> Comparison:
    variant, reference = pair
    seeds = sorted(seed for name, other, seed in known if (name, other) == (dataset, variant))
    rows = [
        (known[dataset, reference, seed], known[dataset, variant, seed])
        for seed in seeds
        if (dataset, reference, seed) in known
    ]
    values = [(measure.value(before), measure.value(after)) for before, after in rows]
    changes = [measure.change(before, after) for before, after in values if before is not None and after is not None]
    return Comparison(
        dataset=dataset,
        variant=variant,
        reference=reference,
        measure=measure,
        found=paired_difference(changes) if len(changes) > 1 else None,
        broken=sum(after is None for _, after in values),
    )


def smallest(comparisons: Sequence[Comparison]) -> tuple[float, float] | None:
    """The median of the smallest differences that the comparisons could have shown, alone and after correction.

    Args:
        comparisons: A family.

    Returns:
        At the level itself, and at the level divided by the number of those that were tested; None without any.
    """
    import statistics

    spreads = [each.found for each in comparisons if each.found and each.found.deviation > NO_SPREAD]
    if not spreads:
        return None
    alone, strict = (
        statistics.median(smallest_shown(each.deviation, each.count, level=level) for each in spreads)
        for level in (LEVEL, LEVEL / sum(each.found is not None for each in comparisons))
    )
    return alone, strict
