"""Several names in one cell of a table, whatever signs they hold."""

import csv
import io
from collections.abc import Sequence

SEPARATOR = ";"
NO_LABEL = "no label"


def joined(names: Sequence[str]) -> str:
    """Names with semicolons between them; one that holds a semicolon or a quote is quoted as in CSV.

    Args:
        names: Names, or none.

    Returns:
        A text that `separated` takes apart again.

    >>> joined(["red", "black; white"])
    'red;"black; white"'
    """
    text = io.StringIO(newline="")
    # Before Python 3.13 a carriage return in a name is quoted only where lines end in one.
    csv.writer(text, delimiter=SEPARATOR, lineterminator="\r\n").writerow(names)
    return text.getvalue().removesuffix("\r\n")


def separated(text: str) -> tuple[str, ...]:
    """The names that `joined` joined.

    Args:
        text: What it made of them.

    Returns:
        The names.

    Raises:
        ValueError: If the text is not of its making.

    >>> separated('red;"black; white"')
    ('red', 'black; white')
    """
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=SEPARATOR, strict=True))
    if len(lines) > 1:
        raise ValueError(f"{text!r} holds more than one line of names")
    return tuple(lines[0]) if lines else ()


def in_words(names: Sequence[str]) -> str:
    """Names as a reader is shown them.

    >>> in_words(["red", "striped"]), in_words([])
    ('red, striped', 'no label')
    """
    return ", ".join(names) or NO_LABEL
