"""Takes a validation split out of a collection that has none."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from unfreeze.errors import CollectionError


def valid_rows(class_names: Sequence[str], contents: Sequence[str], *, share: float, seed: int) -> frozenset[int]:
    """Chooses the rows that validate: of each class the same share, by a hash of seed and content.

    Neither the order of the rows nor their names matter, and equal pictures of a class fall on one side.

    Args:
        class_names: Class of each row.
        contents: Content hash of each row.
        share: Part of each class that validates, between 0 and 1.
        seed: Another seed chooses other rows.

    Returns:
        Indices of the rows that validate: at least one picture of each class, and never all of them.

    Raises:
        CollectionError: If a class has fewer than two different pictures.

    >>> sorted(valid_rows("aaaaabbbbb", "0123456789", share=0.2, seed=1))
    [1, 5]
    """
    by_class: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, (name, content) in enumerate(zip(class_names, contents, strict=True)):
        by_class[name][content].append(index)
    lonely = [name for name, pictures in by_class.items() if len(pictures) < 2]
    if lonely:
        found = ", ".join(f"{name!r} has {sum(map(len, by_class[name].values()))}" for name in sorted(lonely))
        message = (
            f"too few pictures to split: {found}, needed: 2 different ones; add pictures, or say which ones validate"
        )
        raise CollectionError(message, subject=lonely[0])
    chosen: set[int] = set()
    for pictures in by_class.values():
        ranked = sorted(pictures, key=lambda content: _rank(seed, content))
        count = min(max(1, round(share * len(ranked))), len(ranked) - 1)
        chosen.update(index for content in ranked[:count] for index in pictures[content])
    return frozenset(chosen)


def _rank(seed: int, content: str) -> bytes:
    return hashlib.blake2b(f"split {seed} {content}".encode(), digest_size=16).digest()
