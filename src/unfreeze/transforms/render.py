"""Draws a view: a decoded picture and a `View` in, a square of pixels out.

The plain view is resampled once with an antialiased filter. Augmented views take one affine bilinear resampling, after
a whole-number reduction where the picture is at least twice as large as the square (docs/decisions/0001-pixels.md).
"""

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from unfreeze.transforms.changes import changed
from unfreeze.transforms.squares import Square, Window
from unfreeze.transforms.views import View

FILL = (127, 127, 127)
"""What `pad` fills with: the middle grey that a network's normalisation maps to about zero."""

Squared = npt.NDArray[np.uint8]
"""A square of shape (3, S, S): channels red, green, blue; values 0..255."""


def render(image: Image.Image, view: View, *, size_px: int, square: Square) -> Squared:
    """Draws one view of a picture.

    Args:
        image: An upright picture in mode "RGB".
        view: What to show of it.
        size_px: Side S of the square in pixels.
        square: What is done with a picture that is not square; `pad` fills where the others mirror.

    Returns:
        The square, shape (3, S, S), dtype uint8, contiguous.
    """
    drawn = _plain(image, view.window, size_px) if view.plain else _augmented(image, view, size_px, square)
    return np.ascontiguousarray(np.asarray(drawn).transpose(2, 0, 1))  # (S, S, 3) -> (3, S, S)


def _plain(image: Image.Image, window: Window, size_px: int) -> Image.Image:
    """Resizes a window to the square; what reaches beyond the picture is filled."""
    left, top, right, bottom = window.box
    shrinks = min(window.width, window.height) >= size_px
    # Hamming's window is as sharp as the bicubic filter when it shrinks, at half the cost; it does not enlarge well.
    kernel = Image.Resampling.HAMMING if shrinks else Image.Resampling.BICUBIC
    inside = (max(left, 0.0), max(top, 0.0), min(right, float(image.width)), min(bottom, float(image.height)))
    if inside == window.box:
        return image.resize((size_px, size_px), kernel, box=window.box)
    scale_x, scale_y = size_px / window.width, size_px / window.height
    width = max(1, round((inside[2] - inside[0]) * scale_x))
    height = max(1, round((inside[3] - inside[1]) * scale_y))
    canvas = Image.new("RGB", (size_px, size_px), FILL)
    resized = image.resize((width, height), kernel, box=inside)
    canvas.paste(resized, (round((inside[0] - left) * scale_x), round((inside[1] - top) * scale_y)))
    return canvas


def _augmented(image: Image.Image, view: View, size_px: int, square: Square) -> Image.Image:
    """Shows a window turned, flipped and relit, in one affine resampling."""
    window = view.window
    factor = max(1, int(min(window.width, window.height) / size_px))
    if factor > 1:
        image = image.reduce(factor)
        window = Window(*(edge / factor for edge in (window.left, window.top, window.width, window.height)))
    matrix = affine_matrix(window, view, size_px)
    if square is Square.PAD:
        drawn = image.transform((size_px, size_px), Image.Transform.AFFINE, matrix, _BILINEAR, fillcolor=FILL)
    else:
        image, matrix = _mirrored(image, matrix, size_px)
        drawn = image.transform((size_px, size_px), Image.Transform.AFFINE, matrix, _BILINEAR)
    return changed(drawn.point(_lighting(view) * 3), view.changes)


_BILINEAR = Image.Resampling.BILINEAR

Matrix = tuple[float, float, float, float, float, float]


def affine_matrix(window: Window, view: View, size_px: int) -> Matrix:
    """The matrix (a, b, c, d, e, f) that takes a point (x, y) of the square to (ax + by + c, dx + ey + f).

    Quarter turns and the flip come first, in the square; then the square is laid on the window, turned about its
    middle.

    Args:
        window: The part of the picture that is shown.
        view: Its rotation, quarter turns and flip.
        size_px: Side of the square in pixels.

    Returns:
        The six numbers that Pillow's affine transform takes, in its pixel-corner coordinates.
    """
    a, b, c, d = ((1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0))[view.quarter_turns]
    if view.flipped:
        a, c = -a, -c  # x -> -x before turning
    angle = math.radians(view.degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    across, down = window.width / size_px, window.height / size_px
    ax, bx = (cos * a * across - sin * c * down), (cos * b * across - sin * d * down)
    ay, by = (sin * a * across + cos * c * down), (sin * b * across + cos * d * down)
    middle_x, middle_y, half = window.left + window.width / 2, window.top + window.height / 2, size_px / 2
    return ax, bx, middle_x - (ax + bx) * half, ay, by, middle_y - (ay + by) * half


def _mirrored(image: Image.Image, matrix: Matrix, size_px: int) -> tuple[Image.Image, Matrix]:
    """Widens a picture by its own reflection as far as the turned window reaches, and moves the matrix along."""
    a, b, c, d, e, f = matrix
    xs = [a * x + b * y + c for x in (0, size_px) for y in (0, size_px)]
    ys = [d * x + e * y + f for x in (0, size_px) for y in (0, size_px)]
    left, right = (math.ceil(max(0.0, reach)) for reach in (-min(xs), max(xs) - image.width))
    top, bottom = (math.ceil(max(0.0, reach)) for reach in (-min(ys), max(ys) - image.height))
    return _reflected(image, left, top, right, bottom), (a, b, c + left, d, e, f + top)


def _reflected(image: Image.Image, left: int, top: int, right: int, bottom: int) -> Image.Image:
    """Adds margins that mirror the picture; one wider than the picture mirrors what was mirrored before.

    Strips are pasted, which takes a twentieth of the time that `numpy.pad` does.
    """
    if not (left or top or right or bottom):
        return image
    width, height = image.size
    l, r, t, b = min(left, width), min(right, width), min(top, height), min(bottom, height)  # noqa: E741
    flip, turn = Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM
    wide = Image.new("RGB", (l + width + r, t + height + b))
    wide.paste(image, (l, t))
    wide.paste(image.crop((0, 0, l, height)).transpose(flip), (0, t))
    wide.paste(image.crop((width - r, 0, width, height)).transpose(flip), (l + width, t))
    wide.paste(wide.crop((0, t, wide.width, 2 * t)).transpose(turn), (0, 0))
    wide.paste(wide.crop((0, t + height - b, wide.width, t + height)).transpose(turn), (0, t + height))
    return _reflected(wide, left - l, top - t, right - r, bottom - b)


def _lighting(view: View) -> list[int]:
    """A table of 256 grey levels under a view's brightness and contrast."""
    levels = (np.arange(256) / 255 - 0.5) * view.contrast + 0.5 + view.brightness
    return [int(level) for level in np.rint(np.clip(levels, 0, 1) * 255)]
