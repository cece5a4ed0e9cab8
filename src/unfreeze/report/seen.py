"""What the square cuts off: in figures, and on some pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from unfreeze.audit.square_figures import SquareFigures, square_figures
from unfreeze.errors import PictureError
from unfreeze.images.decode import decode
from unfreeze.images.table import ImageRow
from unfreeze.report.content import ReportContent
from unfreeze.report.pictures import outlined, square_uri
from unfreeze.transforms.squares import Square

TYPICAL, CUT = 2, 2
VIEWS = 3
LOSSES = (10, 25, 50)
"""Parts of a picture, in percent, whose loss is counted."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """What one way of making squares does to the pictures.

    Attributes:
        name: The way.
        used: Whether this model was trained with it.
        seen: Part of a picture's area that the network sees, on average.
        least: That of the picture of which it sees least.
        losing: Part of the pictures that lose more than each of `LOSSES`.
        stretch: How many times more one direction is shrunk than the other, at most.
        fill: Part of the square that is fill, on average.
    """

    name: str
    used: bool
    seen: float
    least: float
    losing: Sequence[float]
    stretch: float
    fill: float


@dataclass(frozen=True, kw_only=True)
class SeenPicture:
    """A picture and what the network sees of it.

    Attributes:
        path: Its path.
        seen: Part of its area that the plain view shows.
        whole: The picture with the window outlined; a data URI.
        views: The plain view, then training views; data URIs.
    """

    path: str
    seen: float
    whole: str
    views: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class SeenView:
    """What the page says of squares.

    Attributes:
        ways: Crop, squash and pad.
        seen: Part of the pictures' areas that this model's way shows, on average.
        least: That of the picture of which it shows least.
        losses: Parts of a picture, in percent, whose loss is counted.
        pictures: The sheet: typical ones, and those that lose most.
    """

    ways: Sequence[Way]
    seen: float
    least: float
    losses: Sequence[int]
    pictures: Sequence[SeenPicture]


def seen_view(content: ReportContent) -> SeenView | None:
    """Counts what is cut off and picks a few pictures.

    Args:
        content: What the report shows.

    Returns:
        None where there are no pictures.
    """
    transform, rows = content.transform, content.table.rows
    if not rows:
        return None
    figures = square_figures([(row.width, row.height) for row in rows], crop_share=transform.crop_share)
    own = figures[transform.square]
    return SeenView(
        ways=[_way(found, used=square is transform.square) for square, found in figures.items()],
        seen=float(own.seen.mean()),
        least=float(own.seen.min()),
        losses=LOSSES,
        pictures=_sheet(content, figures),
    )


def _way(found: SquareFigures, *, used: bool) -> Way:
    return Way(
        name=found.square.value,
        used=used,
        seen=float(found.seen.mean()),
        least=float(found.seen.min()),
        losing=[found.losing(share / 100) for share in LOSSES],
        stretch=float(found.stretch.max()),
        fill=float(found.fill.mean()),
    )


def _sheet(content: ReportContent, figures: dict[Square, SquareFigures]) -> list[SeenPicture]:
    """Typical pictures and those that crop would cut most, each once, the same ones each time."""
    rows, crop = content.table.rows, figures[Square.CROP].seen
    middle = float(np.median(crop))
    order = sorted(range(len(rows)), key=lambda index: rows[index].content)
    chosen = sorted(order, key=lambda index: abs(float(crop[index]) - middle))[:TYPICAL]
    if float(crop.min()) < 0.99 * middle:  # otherwise all lose the same
        rest = [index for index in order if index not in chosen]
        chosen += sorted(rest, key=lambda index: float(crop[index]))[:CUT]
    own = figures[content.transform.square].seen
    found = (_picture(content, rows[index], float(own[index])) for index in chosen)
    return [picture for picture in found if picture]


def _picture(content: ReportContent, row: ImageRow, seen: float) -> SeenPicture | None:
    """A picture with its views; None where it has gone or changed since the scan."""
    transform = content.transform
    try:
        image: Image.Image = decode(content.table.read(row), path=row.path)
    except (OSError, PictureError):
        return None
    numbers = range(1 + (VIEWS if content.subject == "validation" else 0))
    return SeenPicture(
        path=row.path,
        seen=seen,
        whole=outlined(image, transform.window(image.width, image.height)),
        views=[square_uri(transform(image, content=row.content, number=number)) for number in numbers],
    )
