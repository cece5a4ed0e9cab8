"""Figures as `unfreeze evaluate` prints them: a line each, with its interval."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from unfreeze.evaluation.figure_text import PLAIN, figure_name, figure_text

CLASSES_SHOWN, PAIRS_SHOWN = 20, 5
WORDED = ("figure", "class", "by")
"""Columns of words."""


def in_words(evaluation: Mapping[str, Any]) -> Iterator[str]:
    """What is printed of an evaluation.

    Args:
        evaluation: The contents of `figures.json`.

    Yields:
        Lines, for each split its figures, the classes, the most confused pairs, and test-time augmentation.
    """
    for split, figures in evaluation["figures"].items():
        count = figures["pictures"]
        yield f"{split}: {count:,} {'picture' if count == 1 else 'pictures'}"
        yield from _table(
            ["figure", "", "95 % interval", "by"], [_overall(*each) for each in figures["overall"].items()]
        )
        yield ""
        yield from _classes(figures["classes"])
        yield from _confused(figures["confused"])
        if figures["tta"]:
            yield _augmented(figures["tta"], evaluation["tta_seconds"])


def _overall(name: str, figure: Mapping[str, Any]) -> list[str]:
    return [figure_name(name), *figure_text(figure, plain=name in PLAIN), figure["method"]]


def _classes(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The classes with the lowest recall where they are many, otherwise all in their order."""
    shown = list(rows)
    if len(rows) > CLASSES_SHOWN:
        known = [row for row in rows if row["pictures"]]
        shown = sorted(known, key=lambda row: float(row["recall"]["value"]))[:CLASSES_SHOWN]
        yield f"The {len(shown)} of {len(rows)} classes with the lowest recall:"
    heads = ["class", "pictures", "recall", "95 % interval", "precision", "95 % interval", "F1", "ROC area"]
    yield from _table(heads, [_class(row) for row in shown])


def _class(row: Mapping[str, Any]) -> list[str]:
    recall, precision, f1, area = (figure_text(row[key]) for key in ("recall", "precision", "f1", "roc_area"))
    return [row["name"], f"{row['pictures']:,}", *recall, *precision, f1[0], area[0]]


def _confused(pairs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if pairs:
        yield ""
        yield "Most confused:"
    for pair in pairs[:PAIRS_SHOWN]:
        share = f"{100 * pair['share']:.1f} % of them ({100 * pair['low']:.1f} to {100 * pair['high']:.1f} %)"
        yield f"  {pair['true']} taken for {pair['said']}: {pair['count']:,}, {share}"
    if len(pairs) > PAIRS_SHOWN:
        yield f"  and {len(pairs) - PAIRS_SHOWN} more pairs"


def _augmented(tta: Mapping[str, Any], seconds: float | None) -> str:
    from unfreeze.evaluation.comparison import points

    cost = "" if seconds is None else f"; a picture takes {seconds:.3f} s longer"
    return (
        f"\nTest-time augmentation: {100 * tta['augmented']:.1f} % instead of {100 * tta['plain']:.1f} %, "
        f"{tta['gained']:,} became right and {tta['lost']:,} wrong (95 % interval {points(tta['low'])} to "
        f"{points(tta['high'])} points; McNemar's exact test {tta['chance']:.3g}){cost}"
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns under one another: words to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    for row in (heads, *rows):
        cells = [
            cell.ljust(width) if head in WORDED else cell.rjust(width)
            for cell, width, head in zip(row, widths, heads, strict=True)
        ]
        yield "  ".join(["", *cells]).rstrip()
