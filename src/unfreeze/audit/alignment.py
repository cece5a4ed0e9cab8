"""Whether two pictures show the same: one is laid on the other at all places and many sizes, and correlated with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

Grey = npt.NDArray[np.float32]
"""Grey levels, shape (H, W)."""

COARSE_PX, FINE_PX = 36, 96
"""Square root of a copy's area in pixels, when a place is searched for, and when it is looked at closely."""

LEAST_PART = 0.5
"""Least part of a picture's area that the other one may show."""

SIZE_STEP, FINE_STEP = 1.06, 1.01
PROMISING = 0.75
"""Correlation of the small copies that is looked at closely."""

SAME, SAME_DETAIL = 0.8, 0.4
"""Correlations from which on two pictures show the same: of the grey levels, and of what differs from its surroundings.
Of 114 planted copies the least had 0.86 and 0.66, of other pairs the best 0.84 and 0.16: docs/decisions/0009-doctor.md.
"""

WHOLE_PART = 0.94
"""Part of the area from which on nothing is called cropped: a place is only found to a pixel."""

Change = Literal["whole", "cropped"]


@dataclass(frozen=True, slots=True)
class Alignment:
    """How two pictures fit.

    Attributes:
        likeness: Correlation of their grey levels where they lie on one another, up to 1.
        detail: The same, of what differs from its surroundings.
        mirrored: Whether one of them has to be mirrored.
        part: Part of the larger one that the other shows, of its area.
    """

    likeness: float
    detail: float
    mirrored: bool
    part: float

    @property
    def is_same(self) -> bool:
        """Whether the two show the same."""
        return self.likeness >= SAME and self.detail >= SAME_DETAIL

    @property
    def is_cropped(self) -> bool:
        """Whether one shows only a part of the other."""
        return self.part < WHOLE_PART


def align(first: Image.Image, second: Image.Image) -> Alignment | None:
    """Finds how two pictures fit best, one as it is and the other as it is or mirrored, whole or within the other.

    The place is found by normalised cross-correlation over all positions (Lewis 1995, "Fast normalized
    cross-correlation") at sizes six per cent apart on small copies, then looked at closely.

    Args:
        first: A picture in mode "L".
        second: Another.

    Returns:
        The best fit; None where nothing fits at all.
    """
    places = [place for place in _places(first, second) if place.score >= PROMISING]
    if not places:
        return None
    return _closely(max(places, key=lambda place: place.score))


@dataclass(frozen=True, slots=True)
class _Place:
    """A picture within, or on, another, as it was found on small copies."""

    large: Image.Image
    small: Image.Image
    mirrored: bool
    score: float
    part: float
    squashed: bool


def _places(first: Image.Image, second: Image.Image) -> Iterator[_Place]:
    for mirrored in (False, True):
        turned = second.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else second
        whole = _scaled(first, COARSE_PX)
        other = _levels(turned, (whole.shape[1], whole.shape[0]))
        yield _Place(first, turned, mirrored, _correlation(whole, other), 1.0, True)
        for large, small in ((first, turned), (turned, first)):
            yield from _within(large, small, mirrored)


def _within(large: Image.Image, small: Image.Image, mirrored: bool) -> Iterator[_Place]:
    """The best place of one picture in another, for each size that fits."""
    field = _Field(_scaled(large, COARSE_PX))
    for part, size in _sizes(large.size, small.size, COARSE_PX):
        score, _ = field.best(_levels(small, size))
        yield _Place(large, small, mirrored, score, part, False)


def _sizes(large: tuple[int, int], small: tuple[int, int], side_px: int) -> Iterator[tuple[float, tuple[int, int]]]:
    """Sizes of the smaller picture that fit into the larger one, with the part of its area that they cover."""
    scale = side_px / (large[0] * large[1]) ** 0.5
    width, height = large[0] * scale, large[1] * scale
    factor = min(width / small[0], height / small[1])
    while (part := factor**2 * small[0] * small[1] / (width * height)) >= LEAST_PART:
        yield part, (max(4, round(small[0] * factor)), max(4, round(small[1] * factor)))
        factor /= SIZE_STEP


def _closely(place: _Place) -> Alignment:
    """The fit at a place, found again on larger copies."""
    whole = _scaled(place.large, FINE_PX)
    height, width = whole.shape
    if place.squashed:
        other = _levels(place.small, (width, height))
        return Alignment(_correlation(whole, other), _correlation(_detail(whole), _detail(other)), place.mirrored, 1.0)
    field, found = _Field(whole), []
    shape = place.small.width / place.small.height
    for step in range(-4, 5):
        area = place.part * width * height * FINE_STEP ** (2 * step)
        size = min(width, round((area * shape) ** 0.5)), min(height, round((area / shape) ** 0.5))
        template = _levels(place.small, size)
        score, (top, left) = field.best(template)
        found.append((score, top, left, template))
    score, top, left, template = max(found, key=lambda each: each[0])
    window = whole[top : top + template.shape[0], left : left + template.shape[1]]
    part = template.size / whole.size
    return Alignment(score, _correlation(_detail(window), _detail(template)), place.mirrored, part)


class _Field:
    """Grey levels that templates are looked for in."""

    def __init__(self, levels: Grey) -> None:
        from scipy.fft import next_fast_len, rfft2

        self.levels = levels - levels.mean()
        self.shape = tuple(next_fast_len(2 * length, real=True) for length in levels.shape)
        self.spectrum = rfft2(self.levels, self.shape)
        self.sums = _summed(self.levels.astype(np.float64))
        self.squares = _summed(np.square(self.levels, dtype=np.float64))

    def best(self, template: Grey) -> tuple[float, tuple[int, int]]:
        """The highest correlation of a template, and the row and column of its corner there."""
        from scipy.fft import irfft2, rfft2

        centred = template - template.mean()
        length = float(np.linalg.norm(centred))
        rows, columns = (whole - part + 1 for whole, part in zip(self.levels.shape, template.shape, strict=True))
        if length < 1e-3 or rows < 1 or columns < 1:
            return -1.0, (0, 0)
        products = irfft2(self.spectrum * np.conj(rfft2(centred, self.shape)), self.shape)[:rows, :columns]
        sums, squares = (_windows(summed, template.shape) for summed in (self.sums, self.squares))
        spread = np.sqrt(np.maximum(squares - sums**2 / template.size, 1e-6))
        scores = products / spread / length
        place = int(scores.argmax())
        row, column = divmod(place, columns)
        return float(scores[row, column]), (row, column)


def _summed(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sums over all rectangles that begin in the corner, shape (H + 1, W + 1)."""
    return np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))


def _windows(summed: npt.NDArray[np.float64], shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Sums over all windows of a shape."""
    height, width = shape
    down = summed[height:] - summed[:-height]
    return down[:, width:] - down[:, :-width]


def _scaled(image: Image.Image, side_px: int) -> Grey:
    """A picture with so many pixels squared, its shape kept."""
    scale = side_px / (image.width * image.height) ** 0.5
    return _levels(image, (max(8, round(image.width * scale)), max(8, round(image.height * scale))))


def _levels(image: Image.Image, size: tuple[int, int]) -> Grey:
    """Grey levels of a picture, resized."""
    return np.asarray(
        image.resize(size, Image.Resampling.BOX if size[0] < image.width else Image.Resampling.BILINEAR), np.float32
    )


def _detail(levels: Grey) -> Grey:
    """What differs from the mean of the 5 x 5 pixels around."""
    from scipy.ndimage import uniform_filter

    return np.asarray(levels - uniform_filter(levels, 5), np.float32)


def _correlation(first: Grey, second: Grey) -> float:
    one, other = first - first.mean(), second - second.mean()
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float((one * other).sum() / lengths) if lengths > 1e-3 else -1.0
