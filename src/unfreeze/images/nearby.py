"""Finds all close pairs among many points without comparing every two of them."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

LEAF = 1024
"""Points that are compared with each other at once."""

AXES = 16
"""Directions that the points may be divided along."""

BARELY_SMALLER = 0.9
"""A part that holds more than this of the whole was not worth dividing for."""


def close_pairs(points: Floats, *, least: float, most: int) -> Indices:
    """All pairs of unit vectors whose scalar product is at least so much.

    The points are divided at the median of the direction in which they vary most, again and again. Those just above a
    cut go to both sides, as far as two close points can lie apart, so that no pair is cut in two (a spill tree, Liu et
    al., "An investigation of practical approximate nearest neighbor algorithms", 2004, with a spill that makes it
    exact). Points that cannot be divided are compared block by block.

    Args:
        points: Unit vectors, shape (N, D).
        least: The least scalar product, between 0 and 1.
        most: Each point is paired with as many earlier ones at most, the earliest of them.

    Returns:
        Indices (P, 2) of the pairs, the earlier point first, sorted by the later one.

    >>> points = np.array([[1, 0], [0, 1], [0.6, 0.8], [0.8, 0.6]], np.float32)
    >>> close_pairs(points, least=0.79, most=9).tolist()
    [[1, 2], [0, 3], [2, 3]]
    """
    if len(points) < 2:
        return np.empty((0, 2), np.int64)
    found = [_compared(points, members, least, most) for members in _parts(points, (2 - 2 * least) ** 0.5)]
    later, earlier = np.divmod(distinct(np.concatenate(found)), len(points))
    kept = _places(later) < most
    return np.stack([earlier[kept], later[kept]], axis=1)


def _parts(points: Floats, radius: float) -> Iterator[Indices]:
    """Ascending indices of points, such that any two within the radius of each other lie in a part together."""
    leading = points @ _directions(points)  # (N, AXES)
    waiting = [np.arange(len(points))]
    while waiting:
        members = waiting.pop()
        if len(members) <= LEAF:
            yield members
            continue
        values = leading[members]
        values = values[:, np.argmax(values.var(axis=0))]
        cut = np.median(values)
        below, above = members[values <= cut + radius], members[values > cut]
        if len(below) > BARELY_SMALLER * len(members):
            yield members
        else:
            waiting += [below, above]


def _directions(points: Floats) -> Floats:
    """The orthonormal directions (D, AXES) in which points vary most, from the eigenvectors of their covariance."""
    mean = points.mean(axis=0, dtype=np.float64)
    covariance = (points.T @ points).astype(np.float64) / len(points) - np.outer(mean, mean)
    _, vectors = np.linalg.eigh(covariance)  # ascending eigenvalues
    return vectors[:, -AXES:].astype(np.float32)


def _compared(points: Floats, members: Indices, least: float, most: int) -> Indices:
    """The close pairs within a part, as later * N + earlier."""
    found = [np.empty(0, np.int64)]
    for start in range(0, len(members), LEAF):
        later = np.arange(start, min(start + LEAF, len(members)))  # places among the members
        counts = np.zeros(len(members), np.int64)
        for first in range(0, start + 1, LEAF):
            later = later[counts[later] < most]  # the others have their pairs
            earlier = np.arange(first, min(first + LEAF, len(members)))
            close = points[members[later]] @ points[members[earlier]].T >= least
            rows, columns = np.nonzero(close & (earlier < later[:, None]))
            wanted = _places(rows) + counts[later[rows]] < most
            rows, columns = rows[wanted], columns[wanted]
            counts += np.bincount(later[rows], minlength=len(members))
            found.append(members[later[rows]] * len(points) + members[earlier[columns]])
    return np.concatenate(found)


def distinct(numbers: Indices) -> Indices:
    """The numbers sorted, each once; numpy's own hashes them first, which takes ten times as long."""
    ascending = np.sort(numbers)
    return ascending[np.append(True, ascending[1:] != ascending[:-1])] if len(ascending) else ascending


def _places(ascending: Indices) -> Indices:
    """Place of each number among those equal to it: 0 0 1 1 1 gives 0 1 0 1 2."""
    return np.arange(len(ascending)) - np.searchsorted(ascending, ascending)
