"""Comparisons as Markdown."""

import statistics
from collections.abc import Callable, Sequence

from benchmarks.research.comparisons import Comparison, Measure, Pair, compared, smallest
from benchmarks.research.differences import LEVEL, NO_SPREAD, Difference
from benchmarks.research.rows import Row

LEAST_SEEDS = 3
"""Of two differences hardly anything can be said."""


def comparison_table(
    rows: Sequence[Row],
    pairs: Sequence[Pair],
    measure: Measure,
    *,
    first: str,
    named: Callable[[str], str] = str,
) -> str:
    """What each variant changes on each data set, with its interval.

    Args:
        rows: The rows.
        pairs: Variants and their references.
        measure: What is compared.
        first: Heading of the column of variants.
        named: Names a variant in the table.

    Returns:
        A table, and a sentence on what it could have shown.
    """
    if not rows:
        return "No rows yet."
    if len({row.seed for row in rows}) < LEAST_SEEDS:
        return f"Fewer than {LEAST_SEEDS} seeds so far: nothing is compared."
    found = compared(rows, pairs, measure)
    datasets = list(dict.fromkeys(each.dataset for each in found))
    lines = [row_of(first, *datasets, "better", "worse"), row_of(*["---"] * (len(datasets) + 3))]
    for variant, reference in pairs:
        mine = {each.dataset: each for each in found if (each.variant, each.reference) == (variant, reference)}
        if mine:
            cells = [cell(mine[dataset]) if dataset in mine else "" for dataset in datasets]
            lines.append(row_of(named(variant), *cells, *_verdict(list(mine.values()))))
    return "\n".join([*lines, "", shown(found)])


def shown(found: Sequence[Comparison]) -> str:
    """How much there was to compare, and the smallest difference that could have been shown."""
    tested = [each.found for each in found if each.found]
    if not tested:
        return "Too few seeds to compare anything."
    measure, seeds = found[0].measure, sorted({each.count for each in tested})
    counts = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    text = f"{measure.name.capitalize()}: {len(tested)} comparisons over {counts} seeds."
    if least := smallest(found):
        alone, strict = (measure.shown(each) for each in least)
        text += (
            f" The median comparison finds a true difference of {alone} four times out of five at the 5 % level, and "
            f"one of {strict} after dividing that level by the number of comparisons."
        )
    return text


def cell(comparison: Comparison) -> str:
    """A change and its interval, bold where it stands after the correction."""
    if comparison.found is None:
        return f"breaks down ({comparison.broken})" if comparison.broken else ""
    text = _change(comparison.found, comparison.measure)
    if comparison.significant:
        mean, rest = text.split(" (")
        text = f"**{mean}** ({rest}"
    return f"{text}; breaks down ({comparison.broken})" if comparison.broken else text


def _change(found: Difference, measure: Measure) -> str:
    if found.deviation <= NO_SPREAD:  # nothing says how far chance reaches
        return f"{measure.shown(found.mean)} (each seed)"
    low, high = measure.shown(found.low).removesuffix(" %"), measure.shown(found.high).removesuffix(" %")
    return f"{measure.shown(found.mean)} ({low} to {high})"


def _verdict(found: Sequence[Comparison]) -> tuple[str, str]:
    """On how many data sets it is better and worse after correction, and in brackets by its own interval alone."""

    def counted(*, better: bool) -> str:
        same = [each for each in found if each.better is better and each.found]
        alone = sum(each.found is not None and each.found.p < LEVEL for each in same)
        return f"{sum(each.significant for each in same)} ({alone})"

    return counted(better=True), counted(better=False)


def reference_table(
    rows: Sequence[Row], references: Sequence[str], *, first: str, named: Callable[[str], str] = str
) -> str:
    """Loss and accuracy of what others are compared with: the mean over seeds, and the range.

    Args:
        rows: The rows.
        references: Variants.
        first: Heading of the column of variants.
        named: Names a variant in the table.

    Returns:
        A table.
    """
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    lines = [row_of(first, *datasets), row_of(*["---"] * (len(datasets) + 1))]
    for name in references:
        cells = []
        for dataset in datasets:
            mine = [row for row in rows if (row.dataset, row.variant) == (dataset, name)]
            losses = [row.loss for row in mine if row.loss is not None]
            accuracies = [100 * row.accuracy for row in mine if row.accuracy is not None]
            cells.append(f"{_spread(losses, 3)}; {_spread(accuracies, 1)} %" if losses else "")
        if any(cells):
            lines.append(row_of(named(name), *cells))
    return "\n".join(lines)


def _spread(values: Sequence[float], places: int) -> str:
    low, high = min(values), max(values)
    return f"{statistics.fmean(values):.{places}f} ({low:.{places}f} to {high:.{places}f})"


def without_rate(variant: str) -> str:
    """A plan's name where all have the same rate.

    >>> without_rate("2 cycles of 4, rate 0.01")
    '2 cycles of 4'
    """
    return variant.rsplit(", rate ", 1)[0]


def row_of(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"
