"""Which pictures to look at: the most correct, most incorrect and most uncertain ones."""

import numpy as np

from unfreeze.evaluation.predictions import PredictionTable


def most_correct(table: PredictionTable, *, count: int = 4) -> list[int]:
    """Rows of the correct pictures with the highest probability of the true class, for each true class in turn."""
    return _by_class(table, -_true_probability(table), table.correct, count)


def most_incorrect(table: PredictionTable, *, count: int = 4) -> list[int]:
    """Rows of the wrong pictures with the lowest probability of the true class, for each true class in turn."""
    return _by_class(table, _true_probability(table), ~table.correct, count)


def worst_first(table: PredictionTable, rows: list[int]) -> list[int]:
    """Rows in the order of the probability of their true class, the lowest first."""
    probability = _true_probability(table)
    return sorted(rows, key=lambda row: float(probability[row]))


def most_uncertain(table: PredictionTable, *, count: int = 4) -> list[int]:
    """Rows with the smallest gap between the two highest probabilities, for each true class in turn."""
    ordered = np.sort(table.probabilities, axis=1)
    return _by_class(table, ordered[:, -1] - ordered[:, -2], np.ones(len(table.paths), bool), count)


def _true_probability(table: PredictionTable) -> np.ndarray:
    return np.asarray(table.probabilities[np.arange(len(table.targets)), table.targets])


def _by_class(table: PredictionTable, score: np.ndarray, eligible: np.ndarray, count: int) -> list[int]:
    """For each class the rows with the lowest scores; rows of equal scores in the table's order."""
    chosen: list[int] = []
    for label in range(len(table.classes)):
        rows = np.flatnonzero(eligible & (table.targets == label))
        chosen += rows[np.argsort(score[rows], kind="stable")][:count].tolist()
    return chosen
