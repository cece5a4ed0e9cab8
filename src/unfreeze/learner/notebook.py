"""How things look in a notebook: tables of HTML, and axes to draw on."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from unfreeze.training.history import EpochRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Epochs(list[EpochRecord]):
    """Records of epochs, shown as a table."""

    def __repr__(self) -> str:
        width = max(10, *map(len, self._columns))
        return "\n".join(" ".join(f"{cell:>{width}}" for cell in row) for row in (self._columns, *map(_row, self)))

    def _repr_html_(self) -> str:
        """The table in a notebook."""
        return html_table(self._columns, map(_row, self))

    @property
    def _columns(self) -> tuple[str, ...]:
        return ("epoch", "train", "valid", self[0].measure if self else "accuracy", "")


def _row(record: EpochRecord) -> tuple[str, ...]:
    mark = "overfitting" if record.overfitting else ""
    losses = (f"{record.train_loss:.4f}", f"{record.valid_loss:.4f}")
    return (str(record.epoch + 1), *losses, f"{100 * record.valid_accuracy:.1f} %", mark)


def html_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what comes from names is escaped.

    >>> html_table(["a"], [["<1"]])
    '<table><tr><th>a</th></tr><tr><td>&lt;1</td></tr></table>'
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def new_axes() -> "Axes":
    """Axes of a figure of their own, which a notebook shows."""
    from matplotlib import pyplot

    _, axes = pyplot.subplots(figsize=(7.0, 3.6), layout="constrained")
    found: Axes = axes
    return found
