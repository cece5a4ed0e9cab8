"""Figures from a table of predictions.

scikit-learn, which the tests hold them against, takes longer to load than a small run takes to train.
"""

import math

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.predictions import PredictionTable

Z_95 = 1.959963984540054
"""Standard normal quantile of a two-sided interval of 95 %."""


def accuracy(table: PredictionTable, *, tta: bool = False) -> float:
    """Part of the pictures that are answered rightly, on the plain view or with test-time augmentation.

    Where a picture may have several labels, all of them have to be right, absent ones included: the exact match.

    Args:
        table: The predictions.
        tta: Whether test-time augmentation is asked for.

    Returns:
        0 to 1.
    """
    if not tta:
        return float(table.correct.mean())
    assert table.tta is not None, "the table has no test-time augmentation"
    return float(table.objective.agree(table.objective.answers(table.tta), table.targets).mean())


def wilson_interval(correct: float, count: float) -> tuple[float, float]:
    """The interval in which the true accuracy lies with 95 % confidence.

    Wilson's score interval (Wilson 1927, "Probable inference"), which unlike the textbook one holds for few pictures
    and near 0 and 1.

    Args:
        correct: How many were classified correctly.
        count: How many there were; neither need be whole where a figure says as much as so many pictures would.

    Returns:
        Lower and upper end; 0 and 1 for no pictures.

    >>> [round(end, 4) for end in wilson_interval(9, 10)]
    [0.5958, 0.9821]
    """
    if count == 0:
        return 0.0, 1.0
    share, spread = correct / count, Z_95**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 / (1 + spread) * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    # Exact at the ends, where rounding would leave the share itself outside.
    return 0.0 if correct == 0 else middle - half, 1.0 if correct == count else middle + half


def accuracy_interval(table: PredictionTable) -> tuple[float, float]:
    """Wilson's interval for the accuracy, or the exact match, on the plain view."""
    return wilson_interval(int(table.correct.sum()), len(table.paths))


def mean_loss(table: PredictionTable) -> float:
    """Cross-entropy of a picture in nats, on average, in float64."""
    return float(table.losses.mean())


def guessing_loss(table: PredictionTable) -> float:
    """Cross-entropy of saying that all classes, or yes and no of each label, are equally likely, in nats."""
    return table.objective.guessing_loss(len(table.classes))


def confusion(table: PredictionTable) -> npt.NDArray[np.int64]:
    """How many pictures of each true class (row) were given each class (column), shape (C, C)."""
    assert not table.objective.several, "of several labels there are label_counts"
    count = len(table.classes)
    pairs = np.bincount(table.targets * count + table.predicted, minlength=count * count)
    return np.asarray(pairs.reshape(count, count), np.int64)


def macro_f1(table: PredictionTable) -> float:
    """F1 averaged over the classes that have pictures, each class counting alike; 0 where none has."""
    found = [float(row["f1"]) for row in class_figures(table) if row["pictures"]]
    return float(np.mean(found)) if found else 0.0


def class_figures(table: PredictionTable) -> list[dict[str, float | str]]:
    """Precision, recall, F1 and the number of pictures of each class; what is undefined is 0.

    Args:
        table: The predictions.

    Returns:
        A row a class with the keys `class`, `precision`, `recall`, `f1` and `pictures`.
    """
    truth, said = (table.objective.indicator(part, len(table.classes)) for part in (table.targets, table.predicted))
    figures = zip(table.classes, (truth & said).sum(0), said.sum(0), truth.sum(0), strict=True)
    return [
        {
            "class": name,
            "precision": _share(hit, predicted),
            "recall": _share(hit, pictures),
            "f1": _share(2 * hit, predicted + pictures),
            "pictures": int(pictures),
        }
        for name, hit, predicted, pictures in figures
    ]


def _share(part: int, whole: int) -> float:
    return float(part / whole) if whole else 0.0


def mcnemar(before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]) -> float:
    """How likely a difference as large as this is by chance, where the same pictures were classified twice.

    McNemar's test in its exact form (McNemar 1947): of the pictures whose answer changed between right and wrong, as
    many should have changed either way.

    Args:
        before: Whether each picture was classified correctly the first time, shape (N,).
        after: The second time, shape (N,).

    Returns:
        The two-sided probability, 1 where nothing changed.

    >>> mcnemar(np.array([False] * 5), np.array([True] * 5))
    0.0625
    """
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    changed = gained + lost
    tail, ways = 0, 1  # ways to choose so many of the changed ones, each told from the one before: exact, and quick
    for chosen in range(min(gained, lost) + 1):
        tail += ways
        ways = ways * (changed - chosen) // (chosen + 1)
    return float(min(1.0, 2 * tail / 2**changed))
