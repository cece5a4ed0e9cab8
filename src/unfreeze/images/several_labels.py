"""Several labels in one text, and how to see that a text may hold several."""

from collections import Counter
from collections.abc import Iterator, Sequence

SEPARATORS = ";|,"
LEAST_SHARE = 0.05
"""Part of the pictures whose labels must look like several before it is said."""


def parted(text: str, separator: str) -> tuple[str, ...]:
    """The labels that a text holds.

    Args:
        text: The labels with the separator between them.
        separator: What parts them.

    Returns:
        Each label once, without the blanks around it, in the text's order; none where there is nothing but blanks.

    >>> parted("sea; beach;;sea ", ";"), parted(" ", ";")
    (('sea', 'beach'), ())
    """
    return tuple(dict.fromkeys(part.strip() for part in text.split(separator) if part.strip()))


def several_note(labels: Sequence[str]) -> Iterator[str]:
    """What to say of labels, each taken as one, that look like several.

    Names of classes hold commas, too. So labels count as several only where their parts turn up in other labels again.

    Args:
        labels: The label of each picture.

    Yields:
        A sentence that names the separator, if there is one.
    """
    counts = Counter(labels)
    for separator in SEPARATORS:
        held = {label: parted(label, separator) for label in counts}
        several = [label for label, parts in held.items() if len(parts) > 1]
        uses = Counter(part for parts in held.values() for part in parts)
        parts = [part for label in several for part in held[label]]
        pictures = sum(counts[label] for label in several)
        if len(several) > 1 and pictures >= LEAST_SHARE * len(labels) and 2 * _shared(parts, uses) >= len(parts):
            yield (
                f"{pictures} of {len(labels)} labels hold {separator!r}, such as {several[0]!r}, and count as one "
                f"label each; if they are several, say --label-separator {separator!r}"
            )
            return


def _shared(parts: Sequence[str], uses: Counter[str]) -> int:
    return sum(uses[part] > 1 for part in parts)
