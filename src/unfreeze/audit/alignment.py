"""Whether two pictures show the same: one is laid on the other at all places and many sizes, and correlated with it."""

from collections.abc import Iterator, Sequence
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

FLAT = 1e-3
"""Length of grey levels about their mean below which they show nothing."""

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
    """A picture, mirrored or not, within or on another, as it was found on small copies."""

    large: Image.Image
    small: Image.Image
    mirrored: bool
    score: float
    part: float
    squashed: bool


def _places(first: Image.Image, second: Image.Image) -> Iterator[_Place]:
    whole = _scaled(first, COARSE_PX)
    other = _levels(second, (whole.shape[1], whole.shape[0]))
    for mirrored, turned in ((False, other), (True, other[:, ::-1])):
        yield _Place(first, second, mirrored, _correlation(whole, turned), 1.0, True)
    for large, small in ((first, second), (second, first)):
        yield from _within(large, small)


def _within(large: Image.Image, small: Image.Image) -> Iterator[_Place]:
    """The best place of one picture in another, mirrored or not, for each size that fits."""
    sizes = list(_sizes(large.size, small.size, COARSE_PX))
    plain = [_levels(small, size) for _, size in sizes]
    templates = [template for levels in plain for template in (levels, levels[:, ::-1])]
    found = _Field(_scaled(large, COARSE_PX)).best(templates)
    for index, (score, _) in enumerate(found):
        yield _Place(large, small, index % 2 == 1, score, sizes[index // 2][0], False)


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
    small = place.small.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if place.mirrored else place.small
    height, width = whole.shape
    if place.squashed:
        other = _levels(small, (width, height))
        return Alignment(_correlation(whole, other), _correlation(_detail(whole), _detail(other)), place.mirrored, 1.0)
    shape = small.width / small.height
    areas = [place.part * width * height * FINE_STEP ** (2 * step) for step in range(-4, 5)]
    sizes = [(min(width, round((area * shape) ** 0.5)), min(height, round((area / shape) ** 0.5))) for area in areas]
    templates = [_levels(small, size) for size in sizes]
    found = zip(_Field(whole).best(templates), templates, strict=True)
    (score, (top, left)), template = max(found, key=lambda each: each[0][0])
    window = whole[top : top + template.shape[0], left : left + template.shape[1]]
    part = template.size / whole.size
    return Alignment(score, _correlation(_detail(window), _detail(template)), place.mirrored, part)


class _Field:
    """Grey levels that templates are looked for in."""

    def __init__(self, levels: Grey) -> None:
        from scipy.fft import next_fast_len, rfft2

        self.levels = levels - levels.mean()
        # No longer than the field: a template that fits into it does not reach around its end.
        self.shape = tuple(next_fast_len(length, real=True) for length in levels.shape)
        self.spectrum = rfft2(self.levels, self.shape)
        self.sums = _summed(self.levels.astype(np.float64))
        self.squares = _summed(np.square(self.levels, dtype=np.float64))

    def best(self, templates: Sequence[Grey]) -> list[tuple[float, tuple[int, int]]]:
        """The highest correlation of each template, and the row and column of its corner there.

        All are transformed at once, which takes a quarter of the time.
        """
        from scipy.fft import irfft2, rfft2

        laid = np.zeros((len(templates), *self.shape), np.float32)
        lengths = []
        for place, template in enumerate(templates):
            centred = template - template.mean()
            lengths.append(float(np.linalg.norm(centred)))
            if self._fits(template):
                laid[place, : template.shape[0], : template.shape[1]] = centred
        products = irfft2(self.spectrum * np.conj(rfft2(laid)), self.shape)
        spreads = {template.shape: self._spread(template.shape) for template in templates if self._fits(template)}
        return [
            _highest(product, spreads[template.shape], length)
            if self._fits(template) and length >= FLAT
            else (-1.0, (0, 0))
            for product, template, length in zip(products, templates, lengths, strict=True)
        ]

    def _fits(self, template: Grey) -> bool:
        return all(part <= whole for part, whole in zip(template.shape, self.levels.shape, strict=True))

    def _spread(self, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
        """Root of the summed squares, about their mean, of each window of a shape."""
        sums, squares = (_windows(summed, shape) for summed in (self.sums, self.squares))
        return np.asarray(np.sqrt(np.maximum(squares - sums**2 / (shape[0] * shape[1]), 1e-6)))


def _highest(products: Grey, spread: npt.NDArray[np.float64], length: float) -> tuple[float, tuple[int, int]]:
    """The highest correlation, and its row and column, by a template's products with the windows and their spread."""
    scores = products[: spread.shape[0], : spread.shape[1]] / spread / length
    row, column = divmod(int(scores.argmax()), spread.shape[1])
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
    return float((one * other).sum() / lengths) if lengths >= FLAT else -1.0
