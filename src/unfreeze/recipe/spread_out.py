"""A few of many, taken from all of them."""

from collections.abc import Sequence
from typing import TypeVar

Thing = TypeVar("Thing")


def spread_out(things: Sequence[Thing], most: int) -> list[Thing]:
    """So many of a list at most, as far from each other as they can be: rows lie in the order of their classes.

    Args:
        things: Any number of them.
        most: How many are wanted.

    Returns:
        All of them, or every so many-th, the first one included.

    >>> spread_out(range(10), 4), spread_out(range(3), 4)
    ([0, 2, 5, 7], [0, 1, 2])
    """
    count = min(most, len(things))
    return [things[place * len(things) // count] for place in range(count)]
