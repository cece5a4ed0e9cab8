"""The figures of a table of predictions as `result.json` and `figures.json` hold them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from unfreeze.evaluation.class_figures import macro_figures
from unfreeze.evaluation.confused import confused_pairs
from unfreeze.evaluation.figures import table_figures
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.evaluation.tta_gain import tta_gain

CONFUSED = 50
"""Pairs of classes that are written down at most."""


def result_figures(table: PredictionTable) -> dict[str, Any]:
    """All figures of each split, computed from the table and nothing else.

    Args:
        table: The predictions.

    Returns:
        By split, in the order in which the splits appear: `pictures`; `overall`, figures by name, each with `value`,
        `low`, `high` and `method`; `classes`, a row a class with such figures; `confused`, the most confused pairs; and
        `tta`, what test-time augmentation gained, or None. Plain values for JSON: None stands for what is not defined.
    """
    return {split: split_figures(table.of_split(split)) for split in dict.fromkeys(table.splits)}


def defined(value: Any) -> Any:
    """A value as JSON has it: None for NaN, in rows of figures too.

    >>> defined([{"class": "cat", "f1": math.nan}])
    [{'class': 'cat', 'f1': None}]
    """
    if isinstance(value, Mapping):
        return {name: defined(found) for name, found in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [defined(found) for found in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def split_figures(table: PredictionTable) -> dict[str, Any]:
    """The figures of the rows of one split, as `result_figures` has them."""
    macro, gain = macro_figures(table), tta_gain(table)
    return {
        "pictures": len(table.paths),
        "overall": {name: figure.plain() for name, figure in table_figures(table, macro=macro).items()},
        "classes": [figures.plain() for figures in macro.classes],
        "confused": [pair.plain() for pair in confused_pairs(table, count=CONFUSED)],
        "tta": gain.plain_values() if gain else None,
    }
