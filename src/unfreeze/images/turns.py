"""Takes rows so that the classes come by turns: a beginning of them holds as many of each as there are."""

import numpy as np
import numpy.typing as npt


def by_turns(classes: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """The order in which the first row of each class comes first, then the second of each, and so on.

    Args:
        classes: Class of each row, shape (N,), the rows in the order that decides within a class.

    Returns:
        Row numbers, shape (N,).

    >>> by_turns(np.array([7, 7, 7, 2, 2, 7])).tolist()
    [0, 3, 1, 4, 2, 5]
    """
    order = np.argsort(classes, kind="stable")
    _, starts, counts = np.unique(classes[order], return_index=True, return_counts=True)
    turns = np.empty(len(classes), np.int64)
    turns[order] = np.arange(len(classes)) - np.repeat(starts, counts)  # how many of its class come before a row
    return np.argsort(turns, kind="stable")
