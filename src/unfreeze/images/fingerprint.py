"""Takes cheap measures of a picture while it is checked, from the small copy that the check decodes anyway."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from unfreeze.images.decode import SMALL_PX, Probed
from unfreeze.images.look import Look

THUMBNAIL_PX = 16
FRAME_PART = 25
"""A frame's width is this part of the short side: 4 %."""

BLANK = 1e-3
"""Grey levels that spread less than this are one level, and rounding."""


def look_at(probed: Probed, *, size_bytes: int) -> Look:
    """Measures a picture.

    Args:
        probed: What checking its file told.
        size_bytes: Size of the file.

    Returns:
        The measures.
    """
    small, covered = _reduced(probed)
    grey = small.convert("L")
    thumbnail = grey.resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BOX, box=covered)
    spread, sharpness = _detail(np.asarray(grey, np.float32))
    colour, border = _colours(small)
    return Look(
        size_bytes=size_bytes,
        format=probed.format,
        mode=probed.mode,
        frames=probed.frames,
        camera=probed.camera,
        thumbnail=thumbnail.tobytes(),
        colour=colour,
        border=border,
        spread=spread,
        sharpness=sharpness,
    )


def _reduced(probed: Probed) -> tuple[Image.Image, tuple[float, float, float, float]]:
    """The small copy with a short side below twice `SMALL_PX`, and the part of it that the picture covers.

    A side of 374 pixels, reduced four times, is 93.5 pixels of 94: without that half, a copy of another size would have
    a thumbnail that is shifted against this one.
    """
    small = probed.small
    factor = max(1, min(small.size) // SMALL_PX)
    small = small.reduce(factor) if factor > 1 else small
    times = max(1, round(probed.width / small.width)), max(1, round(probed.height / small.height))
    return small, (0, 0, min(small.width, probed.width / times[0]), min(small.height, probed.height / times[1]))


def _detail(levels: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Standard deviation of grey levels (H, W), and the variance of their Laplacian over their own variance.

    The variance of the Laplacian is the focus measure of Pech-Pacheco et al., "Diatom autofocusing in brightfield
    microscopy: a comparative study" (ICPR 2000). Divided by the variance of the levels, it does not depend on contrast.
    It can tell a blur only where that is wider than a pixel of the levels.
    """
    variance = _variance(levels)
    if variance < BLANK**2:
        return 0.0, 0.0
    if min(levels.shape) < 3:
        return variance**0.5, 0.0
    laplacian = levels[:-2, 1:-1] + levels[2:, 1:-1]
    laplacian += levels[1:-1, :-2]
    laplacian += levels[1:-1, 2:]
    laplacian -= 4 * levels[1:-1, 1:-1]
    return variance**0.5, _variance(laplacian) / variance


def _variance(values: npt.NDArray[np.float32]) -> float:
    """The variance of an array, in a third of the time that numpy's own takes of one as small as these."""
    centred = values.ravel() - values.mean()
    return float(centred @ centred) / float(centred.size)


def _colours(small: Image.Image) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Mean colour of a picture, and of the frame along its edges: the outermost pixels of a copy with few of them."""
    pixels = np.asarray(small.reduce(max(1, min(small.size) // FRAME_PART)), np.float32)  # (H, W, 3)
    whole, inner = pixels.reshape(-1, 3), pixels[1:-1, 1:-1].reshape(-1, 3)
    whole_sum, inner_sum = np.ones(len(whole), np.float32) @ whole, np.ones(len(inner), np.float32) @ inner
    red, green, blue = (whole_sum / len(whole)).tolist()
    frame_red, frame_green, frame_blue = ((whole_sum - inner_sum) / (len(whole) - len(inner))).tolist()
    return (red, green, blue), (frame_red, frame_green, frame_blue)
