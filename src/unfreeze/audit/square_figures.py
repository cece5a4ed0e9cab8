"""What each way of making a square does to pictures of given sizes: arithmetic only."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unfreeze.transforms.squares import Square, plain_window, seen_share

NEARLY = 1.05
"""A picture whose long side is at most so many times its short one is nearly square."""

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SquareFigures:
    """What one way of making squares does to each of N pictures in the plain view.

    Attributes:
        square: The way.
        seen: Part of the picture's area that the network sees, shape (N,).
        stretch: How many times more one direction is shrunk than the other, shape (N,); 1 keeps shapes.
        fill: Part of the square that shows nothing of the picture, shape (N,).
        scale: How long things are in the square, where they are 1 long in crop's, shape (N,); for `squash` the
            geometric mean of both directions.
    """

    square: Square
    seen: Shares
    stretch: Shares
    fill: Shares
    scale: Shares

    def losing(self, share: float) -> float:
        """Part of the pictures that lose more than a share of their area."""
        return float((self.seen < 1 - share).mean())


def square_figures(sizes: Iterable[tuple[int, int]], *, crop_share: float) -> dict[Square, SquareFigures]:
    """Counts what crop, squash and pad do to pictures.

    Args:
        sizes: Width and height of each of N upright pictures, in pixels.
        crop_share: Part of the short side that crop's plain view cuts out.

    Returns:
        The figures of each way.

    >>> crop, squash, pad = square_figures([(400, 200)], crop_share=1.0).values()
    >>> crop.seen, squash.stretch, pad.fill, pad.scale
    (array([0.5]), array([2.]), array([0.5]), array([0.5]))
    """
    known = list(sizes)
    return {square: _figures(known, square, crop_share) for square in Square}


def distinct_squares(figures: Mapping[Square, SquareFigures]) -> tuple[Square, ...]:
    """The ways that give different squares, each standing for those that give nearly the same.

    Of pictures that are all nearly square, squash and pad make the same squares; crop too, unless it leaves a margin
    out.

    Args:
        figures: What `square_figures` counted.

    Returns:
        Crop first; one way alone where it does not matter which is taken.
    """
    if float(figures[Square.CROP].seen.min()) >= 1 / NEARLY:
        return (Square.CROP,)
    if float(figures[Square.SQUASH].stretch.max()) <= NEARLY:
        return (Square.CROP, Square.SQUASH)
    return tuple(Square)


def _figures(sizes: list[tuple[int, int]], square: Square, crop_share: float) -> SquareFigures:
    counted = [_of_picture(width, height, square, crop_share) for width, height in sizes]
    seen, stretch, fill, scale = np.array(counted, np.float64).reshape(-1, 4).T
    return SquareFigures(square=square, seen=seen, stretch=stretch, fill=fill, scale=scale)


def _of_picture(width: int, height: int, square: Square, crop_share: float) -> tuple[float, float, float, float]:
    """Seen share, stretch, fill and scale of one picture."""
    window = plain_window(width, height, square, crop_share=crop_share)
    area, cropped = window.width * window.height, min(width, height) * crop_share
    ratio = window.width / window.height
    return (
        seen_share(width, height, square, crop_share=crop_share),
        max(ratio, 1 / ratio),
        max(0.0, 1 - width * height / area),
        cropped / math.sqrt(area),
    )
