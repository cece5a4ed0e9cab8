"""Decides which side of a split a picture is on, so that it stays there when others are added.

Pictures that belong together, as near-duplicates or by their group, are one unit, and a unit is never divided. A unit's
side follows from a hash of the seed and of what names the unit, held against the share, and from nothing else. So
shares are met on average, with the binomial's spread: of 100 pictures at a share of 0.2, 12 to 28 validate in 19 of 20
draws. Exact shares would need ranks, and a rank changes with every picture that is added.

Small classes have no luck to spare. Each side keeps at least half of its share of every class, rounded down, and at
least one unit. Where the hash gives less, the units whose hash is nearest to the threshold change sides, and go back
when the class has grown. With 100 pictures of a class and a share of 0.2 that happens in one draw of 400.
"""

from collections import Counter
from collections.abc import Sequence

from unfreeze.errors import CollectionError
from unfreeze.images.parts import parts_of, units_by_class
from unfreeze.images.ties import first_of_each

VALID, TRAIN = 0, 1
"""Numbers of the parts of a split into two."""


def valid_rows(
    class_names: Sequence[Sequence[str]], units: Sequence[str], *, share: float, seed: int, multilabel: bool = False
) -> frozenset[int]:
    """Chooses the rows that validate, by a hash of seed and unit.

    Neither the order of the rows nor the classes' names matter.

    Args:
        class_names: Classes of each row.
        units: What is never divided: rows with the same name are on one side.
        share: Part that validates, between 0 and 1.
        seed: Another seed chooses other rows.
        multilabel: A class that cannot be on both sides is left in training instead of being an error.

    Returns:
        Indices of the rows that validate.

    Raises:
        CollectionError: If a class has fewer than two units, and the table is not multilabel.

    >>> sorted(valid_rows([["cat"]] * 5 + [["dog"]] * 5, "0123456789", share=0.2, seed=1))
    [1, 5]
    """
    if not multilabel:
        _check_splittable(class_names, units)
    parts = parts_of(class_names, units, shares=(share, 1 - share), seed=seed, first_needed=TRAIN)
    return frozenset(index for index, unit in enumerate(units) if parts[unit] == VALID)


def fold_rows(
    class_names: Sequence[Sequence[str]], units: Sequence[str], *, folds: int, seed: int, multilabel: bool = False
) -> list[int]:
    """Divides the rows into folds of equal shares, by the same hash that `valid_rows` takes.

    A class of at least as many units as there are folds is in each; a smaller one in two at least.

    Args:
        class_names: Classes of each row.
        units: What is never divided: rows with the same name are in one fold.
        folds: How many.
        seed: Another seed divides otherwise.
        multilabel: A class that cannot be divided is left as it is instead of being an error.

    Returns:
        The fold of each row, 0 to folds - 1.

    Raises:
        CollectionError: If a class has fewer than two units, and the table is not multilabel.
    """
    if not multilabel:
        _check_splittable(class_names, units)
    parts = parts_of(class_names, units, shares=(1 / folds,) * folds, seed=seed)
    return [parts[unit] for unit in units]


def bound_together(clusters: Sequence[str], groups: Sequence[str]) -> list[str]:
    """Names the units of rows of which some belong together.

    Args:
        clusters: Name of each row's cluster of near-duplicates.
        groups: Name of each row's group; empty where it has none.

    Returns:
        A name for each row, the same for rows that a chain of clusters and groups connects: after the first of their
        groups, so that a group may grow and stay where it is, or else after the first of their clusters.

    >>> bound_together(["a", "b", "b", "c"], ["", "", "cow", "cow"])
    ['cluster a', 'group cow', 'group cow', 'group cow']
    """
    names = [(f"cluster {one}", f"group {other}" if other else "") for one, other in zip(clusters, groups, strict=True)]
    known = [name for pair in names for name in pair if name]
    first = first_of_each(known, (pair for pair in names if pair[1]), order=_groups_first)
    return [first[cluster] for cluster, _ in names]


def _groups_first(name: str) -> tuple[bool, str]:
    return not name.startswith("group "), name


def _check_splittable(class_names: Sequence[Sequence[str]], units: Sequence[str]) -> None:
    pictures = Counter(name for names in class_names for name in names)
    lonely = sorted(name for name, found in units_by_class(class_names, units).items() if len(found) < 2)
    if not lonely:
        return
    found = ", ".join(f"{name!r} has {pictures[name]}" for name in lonely)
    alike = " (copies of one picture, or one group, count once)" if any(pictures[name] > 1 for name in lonely) else ""
    message = (
        f"too few pictures to split: {found}, needed: 2 different ones{alike}; add pictures, or say which ones validate"
    )
    raise CollectionError(message, subject=lonely[0])
