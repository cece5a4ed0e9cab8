"""Strong changes of a picture's look, as RandAugment and TrivialAugment make them, in Pillow: no torch is needed.

Names, strengths and order are those of torchvision's `RandAugment` and `TrivialAugmentWide`, so that runs can be
compared; which change is made, and how strongly, comes from numbers that belong to the view, not from a generator.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from PIL import Image, ImageEnhance, ImageOps

from unfreeze.transforms.hashed import hashed_draws

LEVELS = 31
"""Strengths are numbered 0 to 30."""

RAND_CHANGES, RAND_LEVEL = 2, 9
"""RandAugment's number of changes and their strength, as torchvision has them."""

GREY = (127, 127, 127)
"""What shows where the picture was moved away; as `pad` fills."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a square.

    Attributes:
        name: Which; one of `CHANGES`.
        strength: How strong it is, in the unit of its kind: a slope, pixels, degrees, a part, bits or a grey level.
    """

    name: str
    strength: float = 0.0


def changed(image: Image.Image, changes: Sequence[Change]) -> Image.Image:
    """A square after some changes, one after the other.

    Args:
        image: An RGB picture.
        changes: What happens to it.

    Returns:
        A picture of the same size.
    """
    for change in changes:
        image = CHANGES[change.name](image, change.strength)
    return image


def trivial_changes(draws: Sequence[float], *, size_px: int) -> tuple[Change, ...]:
    """One change of any kind and strength (TrivialAugment, Mueller and Hutter 2021, arXiv 2103.10158).

    Args:
        draws: Three numbers in [0, 1): which, how strong, in which direction.
        size_px: Side of the square in pixels.

    Returns:
        One change.
    """
    which, level, direction = draws[:3]
    return (_change(which, int(level * LEVELS), direction, _wide_strengths(size_px)),)


def rand_changes(draws: Sequence[float], *, size_px: int) -> tuple[Change, ...]:
    """Two changes of any kind, of one strength (RandAugment, Cubuk et al. 2020, arXiv 1909.13719).

    Args:
        draws: Six numbers in [0, 1): which, any, in which direction, of either change.
        size_px: Side of the square in pixels.

    Returns:
        Two changes.
    """
    strengths = _rand_strengths(size_px)
    parts = [draws[3 * number : 3 * number + 3] for number in range(RAND_CHANGES)]
    return tuple(_change(which, RAND_LEVEL, direction, strengths) for which, _, direction in parts)


def change_draws(seed: int, content: str, number: int) -> tuple[float, ...]:
    """Eight numbers in [0, 1) for the changes of one view of one picture, apart from those of its geometry.

    Args:
        seed: The run's seed.
        content: Hash of the picture's bytes.
        number: The view's number, from 1.

    Returns:
        The upper 53 bits of each 64-bit word of a BLAKE2b hash, scaled.
    """
    return hashed_draws(f"changes {seed} {content} {number}")


Strength = Callable[[float], float]


def _wide_strengths(size_px: int) -> Mapping[str, Strength]:
    """Strength of each kind by the level as a part of the highest; translations are 32 pixels of 224 at most."""
    return _strengths(slope=0.99, pixels=32 / 224 * size_px, degrees=135, part=0.99, bits=6)


def _rand_strengths(size_px: int) -> Mapping[str, Strength]:
    return _strengths(slope=0.3, pixels=150 / 331 * size_px, degrees=30, part=0.9, bits=4)


def _strengths(*, slope: float, pixels: float, degrees: float, part: float, bits: int) -> Mapping[str, Strength]:
    def up_to(most: float) -> Strength:
        return lambda share: most * share

    return {
        "Identity": up_to(0),
        **dict.fromkeys(("ShearX", "ShearY"), up_to(slope)),
        **dict.fromkeys(("TranslateX", "TranslateY"), up_to(pixels)),
        "Rotate": up_to(degrees),
        **dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"), up_to(part)),
        "Posterize": lambda share: 8 - round(bits * share),
        "Solarize": lambda share: 255 * (1 - share),
        **dict.fromkeys(("AutoContrast", "Equalize"), up_to(0)),
    }


def _change(which: float, level: int, direction: float, strengths: Mapping[str, Strength]) -> Change:
    """The change that numbers stand for; half of those that have a direction go the other way."""
    name = list(CHANGES)[int(which * len(CHANGES))]
    strength = strengths[name](level / (LEVELS - 1))
    return Change(name, -strength if name in BOTH_WAYS and direction < 0.5 else strength)


def _moved(image: Image.Image, matrix: tuple[float, ...]) -> Image.Image:
    """The picture in which point (x, y) shows (ax + by + c, dx + ey + f) of the old one."""
    affine, bilinear = Image.Transform.AFFINE, Image.Resampling.BILINEAR
    return image.transform(image.size, affine, matrix, bilinear, fillcolor=GREY)


def _turned(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=GREY)


def _enhanced(kind: Callable[[Image.Image], Any]) -> Callable[[Image.Image, float], Image.Image]:
    def enhance(image: Image.Image, part: float) -> Image.Image:
        found: Image.Image = kind(image).enhance(1 + part)
        return found

    return enhance


CHANGES: Mapping[str, Callable[[Image.Image, float], Image.Image]] = MappingProxyType(
    {
        "Identity": lambda image, _: image,
        "ShearX": lambda image, slope: _moved(image, (1, slope, 0, 0, 1, 0)),
        "ShearY": lambda image, slope: _moved(image, (1, 0, 0, slope, 1, 0)),
        "TranslateX": lambda image, pixels: _moved(image, (1, 0, -int(pixels), 0, 1, 0)),
        "TranslateY": lambda image, pixels: _moved(image, (1, 0, 0, 0, 1, -int(pixels))),
        "Rotate": _turned,
        "Brightness": _enhanced(ImageEnhance.Brightness),
        "Color": _enhanced(ImageEnhance.Color),
        "Contrast": _enhanced(ImageEnhance.Contrast),
        "Sharpness": _enhanced(ImageEnhance.Sharpness),
        "Posterize": lambda image, bits: ImageOps.posterize(image, int(bits)),
        "Solarize": lambda image, grey: ImageOps.solarize(image, int(grey)),
        "AutoContrast": lambda image, _: ImageOps.autocontrast(image),
        "Equalize": lambda image, _: ImageOps.equalize(image),
    }
)
"""What each change does to an RGB picture at a strength."""

BOTH_WAYS = frozenset(
    ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast", "Sharpness")
)
"""Changes whose strength may be negative."""
