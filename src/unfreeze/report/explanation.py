"""The page that shows why: pictures as the network saw them, and what in them spoke for a class."""

from collections.abc import Sequence
from dataclasses import dataclass

from unfreeze.report.page_text import rendered

SHOWN = 150
"""Pictures on the page at most: at 25 kB each it stays below 5 MB."""


@dataclass(frozen=True, kw_only=True)
class Explained:
    """One picture and why the model said what it said.

    Attributes:
        path: The picture.
        said: What the model says of it and how sure it is, in words.
        asked: The class whose evidence is drawn.
        sure: The probability of that class.
        is_said: Whether that class is what the model says.
        square: What the network saw, a data URI.
        overlay: The evidence drawn over it, a data URI.
        file: Name of the PNG file beside the page that holds both.
    """

    path: str
    said: str
    asked: str
    sure: float
    is_said: bool
    square: str
    overlay: str
    file: str


def explanation_page(
    pictures: Sequence[Explained], *, title: str, exact: bool, unread: Sequence[tuple[str, str]]
) -> str:
    """Renders the page; it opens from disk and fetches nothing.

    Args:
        pictures: All pictures that were explained; the first `SHOWN` are shown.
        title: What the user called the model.
        exact: Whether the mean of a picture's evidence is the class's logit; otherwise it is Grad-CAM's.
        unread: Files that cannot be read, and why.

    Returns:
        HTML; whatever comes from file and class names is escaped.
    """
    return rendered(
        "explanation.html.jinja",
        pictures=pictures[:SHOWN],
        count=len(pictures),
        title=title,
        exact=exact,
        unread=unread,
    )
