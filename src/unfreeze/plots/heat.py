"""Evidence drawn over the square that it was found in."""

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float32]

FOR, AGAINST = (255, 138, 0), (0, 114, 255)
"""Orange and blue: told apart by those who confuse red and green, and by their lightness as well."""

OPACITY = 0.75
STEEPNESS = 1.5
"""Opacity grows faster than the evidence, so that the strongest places stand out where all speaks for the class."""

GREY_SHARE = 0.65
"""How much of the picture's own colour is taken away, so that what is coloured is the evidence."""


def overlay(square: npt.NDArray[np.uint8], share: Floats) -> Image.Image:
    """Draws evidence over a square: orange what speaks for the class, blue what speaks against it.

    Where there is no evidence the picture is left as it is, but paler in colour; the stronger the evidence, the less of
    the picture shines through.

    Args:
        square: What the network saw, shape (3, S, S), uint8.
        share: Evidence of -1..1 for each pixel, shape (S, S): `explanations.shares` of `explanations.spread`.

    Returns:
        An RGB picture of S x S pixels.
    """
    picture = square.transpose(1, 2, 0).astype(np.float32)  # (3, S, S) -> (S, S, 3)
    grey = picture @ np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's mode L
    pale = GREY_SHARE * grey[..., np.newaxis] + (1 - GREY_SHARE) * picture
    strength = OPACITY * np.abs(share[..., np.newaxis]) ** STEEPNESS  # (S, S, 1)
    colour = np.where(share[..., np.newaxis] > 0, FOR, AGAINST)
    return Image.fromarray(np.rint((1 - strength) * pale + strength * colour).astype(np.uint8))
