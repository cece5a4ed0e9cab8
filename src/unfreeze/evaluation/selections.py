"""Which pictures to look at: the most correct, most incorrect and most uncertain ones.

Pictures are chosen for each true class in turn. Where a picture has several labels it belongs to each of them, but is
chosen once; those without a label come last. What counts as the probability of the truth is then that of all labels
together, right ones and absent ones: the loss is the less the higher it is.
"""

import numpy as np

from unfreeze.evaluation.predictions import PredictionTable


def most_correct(table: PredictionTable, *, count: int = 4) -> list[int]:
    """Rows of the correct pictures with the highest probability of the true class, for each true class in turn."""
    return _by_class(table, table.losses, table.correct, count)


def most_incorrect(table: PredictionTable, *, count: int = 4) -> list[int]:
    """Rows of the wrong pictures with the lowest probability of the true class, for each true class in turn."""
    return _by_class(table, -table.losses, ~table.correct, count)


def worst_first(table: PredictionTable, rows: list[int]) -> list[int]:
    """Rows in the order of the probability of their true class, the lowest first."""
    return sorted(rows, key=lambda row: -float(table.losses[row]))


def most_uncertain(table: PredictionTable, *, count: int = 4) -> list[int]:
    """Rows with the smallest gap between the two highest probabilities, for each true class in turn.

    Of several labels it is the gap between yes and no, for the label where it is smallest.

    Args:
        table: The predictions.
        count: How many of each class.

    Returns:
        Row numbers.
    """
    everything = np.ones(len(table.paths), bool)
    return _by_class(table, table.objective.certainty(table.probabilities), everything, count)


def _by_class(table: PredictionTable, score: np.ndarray, eligible: np.ndarray, count: int) -> list[int]:
    """For each class the rows with the lowest scores; rows of equal scores in the table's order."""
    has = table.objective.indicator(table.targets, len(table.classes))  # (N, C)
    chosen: list[int] = []
    for members in (*has.T, ~has.any(1)):
        free = eligible & members
        free[chosen] = False
        rows = np.flatnonzero(free)
        chosen += rows[np.argsort(score[rows], kind="stable")][:count].tolist()
    return chosen
