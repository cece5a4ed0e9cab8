"""Lines of a CSV file of a few texts and many numbers, whose numbers are left as they stand.

Taking each of 10,000,000 numbers for a text of its own, as `csv.reader` does, costs more than all that is computed from
them. What is quoted is read by `csv.reader` all the same.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Line(NamedTuple):
    """A line of a table.

    Attributes:
        cells: What its first columns hold.
        rest: The other columns, with commas between them; None where there are none.
    """

    cells: list[str]
    rest: str | None

    @property
    def columns(self) -> int:
        """How many columns the line has."""
        return len(self.cells) + (0 if self.rest is None else self.rest.count(",") + 1)


def csv_lines(text: str, *, first: int) -> Iterator[Line]:
    r"""Takes a CSV text apart.

    Args:
        text: Lines that end in a line feed, with or without a carriage return before it; quotes stand around whole
            cells, as `csv.writer` sets them.
        first: How many columns hold texts.

    Yields:
        The lines, an empty one as no columns.

    Raises:
        csv.Error: If a quoted text has no end and is too long.

    >>> list(csv_lines('"a,b",x,1,2\n', first=2))
    [Line(cells=['a,b', 'x'], rest='1,2')]
    """
    for record in _records(text.removesuffix("\n").split("\n") if text else []):
        plain = record.removesuffix("\r")
        if '"' in plain or "\r" in plain:
            for row in csv.reader(io.StringIO(record + "\n", newline="")):
                yield Line(row[:first], ",".join(row[first:]) if len(row) > first else None)
        else:
            cells = plain.split(",", first) if plain else []
            yield Line(cells[:first], cells[first] if len(cells) > first else None)


def _records(lines: Iterable[str]) -> Iterator[str]:
    """Lines of the table from lines of the file: a quoted text may go on over several of these."""
    waiting: list[str] = []
    is_open = False
    for line in lines:
        is_open ^= line.count('"') % 2 == 1
        waiting.append(line)
        if not is_open:
            yield "\n".join(waiting)
            waiting = []
    if waiting:
        yield "\n".join(waiting)
