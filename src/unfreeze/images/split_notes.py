"""What the user is told of a split; a split that is made anew takes the notes of the old one away."""

from collections import Counter, defaultdict
from collections.abc import Sequence


def chosen_notes(splits: Sequence[str], seed: int) -> tuple[str, ...]:
    """How many pictures were chosen to validate.

    Args:
        splits: Split of each row.
        seed: What decided it.

    Returns:
        One sentence.
    """
    counts = Counter(splits)
    pool = counts["train"] + counts["valid"]
    return (f"no validation pictures given: {counts['valid']} of {pool} pictures set aside to validate (seed {seed})",)


def fold_notes(splits: Sequence[str], seed: int, *, fold: int, count: int) -> tuple[str, ...]:
    """Which fold validates.

    Args:
        splits: Split of each row.
        seed: What decided it.
        fold: The fold that validates, from 1.
        count: How many folds there are.

    Returns:
        One sentence.
    """
    counts = Counter(splits)
    pool = counts["train"] + counts["valid"]
    return (f"fold {fold} of {count}: {counts['valid']} of {pool} pictures validate (seed {seed})",)


def together_notes(clusters: Sequence[str]) -> tuple[str, ...]:
    """How many pictures were kept on one side because they show the same.

    Args:
        clusters: Name of each row's cluster.

    Returns:
        A sentence where there are any.
    """
    sizes = [size for size in Counter(clusters).values() if size > 1]
    if not sizes:
        return ()
    kept = f"{_counted(len(sizes), 'cluster')} of {sum(sizes)} pictures that show the same"
    return (f"near-duplicates: {kept} kept on one side of the split",)


def straddling_notes(units: Sequence[str], splits: Sequence[str]) -> tuple[str, ...]:
    """How many validation and test pictures of a split that was given are known from training.

    Args:
        units: What should not be divided: name of each row's cluster of near-duplicates, or of its group.
        splits: Split of each row.

    Returns:
        A sentence where there are any.
    """
    sides: dict[str, set[str]] = defaultdict(set)
    for unit, split in zip(units, splits, strict=True):
        sides[unit].add(split)
    met = Counter(
        split for unit, split in zip(units, splits, strict=True) if split != "train" and "train" in sides[unit]
    )
    if not met:
        return ()
    found = " and ".join(f"{met[split]} {split}" for split in ("valid", "test") if met[split])
    what = (
        "picture is a near-duplicate of a training picture, or of one group with it, which flatters the figures"
        if met.total() == 1
        else "pictures are near-duplicates of training pictures, or of one group with them, which flatters the figures"
    )
    return (f"given split: {found} {what}; unfreeze check lists them",)


def unseen_notes(class_names: Sequence[Sequence[str]], splits: Sequence[str]) -> tuple[str, ...]:
    """The classes that cannot be validated.

    Args:
        class_names: Classes of each row.
        splits: Split of each row.

    Returns:
        A sentence for each class that no validation picture has.
    """
    known = {name for names in class_names for name in names}
    seen = {name for names, split in zip(class_names, splits, strict=True) if split == "valid" for name in names}
    return tuple(f"class {name!r} has no validation picture" for name in sorted(known - seen))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
