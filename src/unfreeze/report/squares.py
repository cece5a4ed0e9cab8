"""Squares shown: a sheet of pictures as they are and as the network sees them, as a page or as a part of one."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from unfreeze.audit.square_advice import in_words
from unfreeze.audit.square_figures import SquareFigures
from unfreeze.audit.square_trial import SquareTrial
from unfreeze.audit.squares import SquaresAudit
from unfreeze.errors import PictureError
from unfreeze.images.content import content_hash
from unfreeze.images.decode import decode
from unfreeze.images.table import ImageRow
from unfreeze.report.page_text import rendered
from unfreeze.report.pictures import outlined, square_uri
from unfreeze.transforms.squares import Square

if TYPE_CHECKING:
    from markupsafe import Markup
    from PIL import Image

LOSSES = (10, 25, 50)
"""Parts of a picture, in percent, whose loss is counted."""

SHOWN = 4
"""Pictures of each kind on the sheet."""


def squares_page(audit: SquaresAudit, *, title: str) -> str:
    """Renders the sheet as a page that opens from disk and fetches nothing.

    Args:
        audit: What was found.
        title: Name of the collection.

    Returns:
        HTML; whatever comes from file and class names is escaped.
    """
    return rendered("squares.html.jinja", squares=squares_view(audit), title=title)


def squares_section(audit: SquaresAudit) -> "Markup":
    """Renders the sheet as a `<section id="squares">` for a page that has the style of this package's pages.

    Args:
        audit: What was found.

    Returns:
        HTML; whatever comes from file and class names is escaped.
    """
    from markupsafe import Markup

    return Markup(rendered("squares_section.html.jinja", squares=squares_view(audit)))  # noqa: S704 - is escaped


@dataclass(frozen=True, kw_only=True)
class SquaresView:
    """What the sheet's template shows.

    Attributes:
        advice: The recommendation.
        size_px: Side of the squares in pixels.
        crop_share: Part of the short side that crop cuts out.
        pictures: How many pictures the shares are of.
        losses: Parts of a picture, in percent, whose loss is counted.
        shares: A row for each way, of what it does to the pictures.
        compared: How many pictures were compared; 0 for none.
        accuracies: A row for each way that was tried.
        differences: A sentence for each pair of ways that were tried.
        groups: Pictures with what the network sees of them, under titles.
    """

    advice: str
    size_px: int
    crop_share: float
    pictures: int
    losses: tuple[int, ...]
    shares: list[dict[str, Any]]
    compared: int
    accuracies: list[dict[str, Any]]
    differences: list[str]
    groups: list[dict[str, Any]]


def squares_view(audit: SquaresAudit) -> SquaresView:
    """All that the template `squares_section.html.jinja` asks for, in its variable `squares`.

    Args:
        audit: What was found.

    Returns:
        Plain values; pictures are data URIs.
    """
    trial = audit.trial
    return SquaresView(
        advice=audit.advice.text,
        size_px=audit.data.transform.size_px,
        crop_share=audit.data.transform.crop_share,
        pictures=len(audit.data.table.rows),
        losses=LOSSES,
        shares=[_share_row(figures) for figures in audit.figures.values()],
        compared=len(trial.rows) if trial else 0,
        accuracies=_accuracy_rows(trial) if trial else [],
        differences=[in_words(pair) for pair in trial.differences] if trial else [],
        groups=[
            {"title": title, "pictures": [_picture(audit, index) for index in indices]}
            for title, indices in chosen(audit).items()
        ],
    )


def chosen(audit: SquaresAudit) -> dict[str, list[int]]:
    """Which pictures the sheet shows: the same ones each time.

    Args:
        audit: What was found.

    Returns:
        Indices of rows of the table under titles: those that lose most under crop, typical ones, and those whose answer
        depends on the way of making squares. A picture is shown once, and a title without pictures is left out.
    """
    rows, seen = audit.data.table.rows, audit.figures[Square.CROP].seen
    middle = float(np.median(seen))
    order = sorted(range(len(rows)), key=lambda index: rows[index].content)
    depending = _depending(audit.trial)
    wanted = {
        f"Pictures whose answer depends on the square ({len(depending)} in all)": [
            i for i in order if rows[i].path in depending
        ],
        "Pictures that lose most under crop": sorted(order, key=lambda i: float(seen[i])),
        "Typical pictures": sorted(order, key=lambda i: abs(float(seen[i]) - middle)),
    }
    if float(seen.min()) > 0.99 * middle:
        del wanted["Pictures that lose most under crop"]  # all lose the same
    taken: set[str] = set()
    found = {}
    for title, indices in wanted.items():
        found[title] = [i for i in indices if rows[i].content not in taken][:SHOWN]
        taken |= {rows[i].content for i in found[title]}
    return {title: indices for title, indices in found.items() if indices}


def _depending(trial: SquareTrial | None) -> set[str]:
    """Paths of the pictures that are right with one way and wrong with another."""
    if not trial:
        return set()
    correct = np.array([trial.correct(square) for square in trial.predicted])
    mixed = np.flatnonzero(correct.any(0) & ~correct.all(0))
    return {trial.rows[index].path for index in mixed}


def _share_row(figures: SquareFigures) -> dict[str, Any]:
    return {
        "square": figures.square.value,
        "seen": float(figures.seen.mean()),
        "least": float(figures.seen.min()),
        "losing": [figures.losing(share / 100) for share in LOSSES],
        "stretch": float(figures.stretch.mean()),
        "most_stretch": float(figures.stretch.max()),
        "fill": float(figures.fill.mean()),
        "scale": float(figures.scale.mean()),
    }


def _accuracy_rows(trial: SquareTrial) -> list[dict[str, Any]]:
    return [
        {"square": square.value, "accuracy": trial.accuracy(square), "low": low, "high": high}
        for square in trial.predicted
        for low, high in [trial.interval(square)]
    ]


def _picture(audit: SquaresAudit, index: int) -> dict[str, Any]:
    """A picture with crop's outline, and its three squares."""
    row, transform = audit.data.table.rows[index], audit.data.transform
    image = _read(audit, row)
    shown: dict[str, Any] = {"path": row.path, "width": row.width, "height": row.height, "whole": "", "squares": []}
    if image is None:
        return shown
    crop = replace(transform, square=Square.CROP)
    shown["whole"] = outlined(image, crop.window(image.width, image.height))
    for square, figures in audit.figures.items():
        shown["squares"].append(
            {
                "name": square.value,
                "uri": square_uri(replace(transform, square=square)(image)),
                "caption": _caption(figures, index),
                "wrong": _mistake(audit, row, square),
            }
        )
    return shown


def _read(audit: SquaresAudit, row: ImageRow) -> "Image.Image | None":
    """A picture; None where it has gone or changed since the scan."""
    try:
        data = audit.data.table.read(row)
        if content_hash(data) != row.content:
            return None
        return decode(data, path=row.path, short_side_px=audit.data.transform.short_side_px)
    except (OSError, PictureError):
        return None


def _caption(figures: SquareFigures, index: int) -> str:
    length = f"things {figures.scale[index]:.2f} as long"
    match figures.square:
        case Square.CROP:
            return f"{100 * figures.seen[index]:.0f} % seen"
        case Square.SQUASH:
            return f"stretched {figures.stretch[index]:.2f} times, {length}"
        case Square.PAD:
            return f"{100 * figures.fill[index]:.0f} % fill, {length}"


def _mistake(audit: SquaresAudit, row: ImageRow, square: Square) -> str:
    """What a picture was taken for that was compared; nothing where that was right."""
    trial = audit.trial
    if not trial or row not in trial.rows:
        return ""
    tried = square if square in trial.predicted else Square.SQUASH  # which pad is the same as, where it was not tried
    said = int(trial.predicted[tried][trial.rows.index(row)])
    return "" if said == row.label else f"taken for {audit.data.table.classes[said]}"
