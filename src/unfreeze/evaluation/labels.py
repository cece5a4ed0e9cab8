"""Figures of each label on its own, where a picture may have several."""

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.metrics import class_figures, wilson_interval
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.evaluation.ranking import average_precisions, macro


def label_figures(table: PredictionTable) -> list[dict[str, float | str]]:
    """What is said of each label; what is undefined is 0, as precision is of a label that no picture was given.

    Average precision alone is NaN where no picture has the label, as there is no value that it would tend to.

    Args:
        table: The predictions.

    Returns:
        A row a label: `class`, `precision`, `recall`, `f1` and `pictures` as `class_figures` has them;
        `average_precision`; `accuracy`, the part of all pictures of which yes or no is right, with the ends of its
        95 % interval, `accuracy_low` and `accuracy_high`; and the counts behind them: pictures that have the label and
        were given it (`hits`), that have it and were not (`missed`), that have it not and were given it (`invented`),
        and that have it not and were not (`rest`).
    """
    count, precisions = len(table.paths), average_precisions(table.probabilities, table.targets)
    rows: list[dict[str, float | str]] = []
    for label, (figures, matrix) in enumerate(zip(class_figures(table), label_counts(table), strict=True)):
        (rest, invented), (missed, hits) = matrix.tolist()
        low, high = wilson_interval(hits + rest, count)
        rows.append(
            {
                **figures,
                "average_precision": float(precisions[label]),
                "accuracy": (hits + rest) / count if count else 0.0,
                "accuracy_low": low,
                "accuracy_high": high,
                "hits": hits,
                "missed": missed,
                "invented": invented,
                "rest": rest,
            }
        )
    return rows


def label_counts(table: PredictionTable) -> npt.NDArray[np.int64]:
    """A table of two by two for each label: true no and yes in rows, said no and yes in columns, shape (C, 2, 2).

    Args:
        table: The predictions.

    Returns:
        Numbers of pictures.
    """
    truth, said = _truth(table), table.objective.indicator(table.predicted, len(table.classes))
    cells = [[(one & other).sum(0) for other in (~said, said)] for one in (~truth, truth)]
    return np.asarray(np.moveaxis(np.array(cells, np.int64), -1, 0))  # (2, 2, C) -> (C, 2, 2)


def mean_average_precision(table: PredictionTable) -> float:
    """Average precision, averaged over the labels that have pictures; NaN where none has."""
    return macro(average_precisions(table.probabilities, table.targets))


def _truth(table: PredictionTable) -> npt.NDArray[np.bool_]:
    return table.objective.indicator(table.targets, len(table.classes))
