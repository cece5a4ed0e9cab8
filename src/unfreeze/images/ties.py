"""What a chain of ties connects: the one search behind units of a split and copies of a picture."""

from collections.abc import Callable, Iterable
from typing import Any


def first_of_each(
    names: Iterable[str], ties: Iterable[tuple[str, str]], *, order: Callable[[str], Any] = str
) -> dict[str, str]:
    """For each name the first one that ties lead to.

    Args:
        names: All names.
        ties: Pairs of them that belong together.
        order: What is first: the name for which this is least.

    Returns:
        By name the first name that a chain of ties connects it with; its own where it is alone or first.

    >>> first_of_each("abcd", [("c", "a"), ("b", "c")])
    {'a': 'a', 'b': 'a', 'c': 'a', 'd': 'd'}
    """
    nearer = {name: name for name in names}

    def first(name: str) -> str:
        while nearer[name] != name:
            nearer[name] = name = nearer[nearer[name]]
        return name

    for pair in ties:
        one, other = sorted(map(first, pair), key=order)
        nearer[other] = one
    return {name: first(name) for name in nearer}
