"""From any of Pillow's modes to 8-bit RGB, by rules that are tested on pixels."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from unfreeze.images.profiles import srgb_conversion

DEEP_MODES = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N", "F"})
SIXTEEN_BIT_MAX = 65535
PIXELS_AT_A_TIME = 2**18
"""Pixels that are converted at a time, so that of a large picture no more is held whole than it and its outcome."""


def to_rgb(image: Image.Image) -> Image.Image:
    """Converts a picture of any mode to 8-bit RGB in the sRGB colour space.

    Colours of an embedded profile are converted; without one they are taken for sRGB, and CMYK for ink that takes its
    share of the light: red = (255 - C)(255 - K) / 255. Transparent pixels are then laid over white. 16-bit grey is
    divided by 257, 16-bit colour keeps its high byte. Whole-number grey with a value outside 0..65535 and
    floating-point grey are stretched from their least to their greatest finite value.

    Args:
        image: A loaded picture in any of Pillow's modes.

    Returns:
        The picture in mode "RGB"; the same object where nothing has to be done.
    """
    if image.mode in DEEP_MODES:
        return _from_deep(image)
    if image.has_transparency_data:
        return _over_white(image)
    return _from_opaque(image, image.info.get("icc_profile"))


def _from_opaque(image: Image.Image, profile: object) -> Image.Image:
    """Colours without transparency; palettes and rarer modes have profiles of RGB."""
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    conversion = srgb_conversion(profile, image.mode)
    if conversion is not None:
        return conversion.apply(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _over_white(image: Image.Image) -> Image.Image:
    """Colours are converted before they are mixed with white: a profile does not hold for mixtures."""
    if image.mode in ("La", "RGBa"):
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    colours, with_alpha = ("L", "LA") if image.mode in ("L", "LA") else ("RGB", "RGBA")
    layered = _with_alpha(image, with_alpha)
    conversion = srgb_conversion(image.info.get("icc_profile"), colours)
    if conversion is not None:
        alpha = layered.getchannel("A")
        layered = conversion.apply(layered.convert(colours))
        layered.putalpha(alpha)
    return _composed(layered if layered.mode == "RGBA" else layered.convert("RGBA"))


def _composed(layered: Image.Image) -> Image.Image:
    """An RGBA picture over white, in strips: whole, it would take three more of its size."""
    composed = Image.new("RGB", layered.size)
    for rows in _strips(*layered.size):
        strip = layered.crop((0, rows.start, layered.width, rows.stop))
        white = Image.new("RGBA", strip.size, "white")
        composed.paste(Image.alpha_composite(white, strip).convert("RGB"), (0, rows.start))
    return composed


def _with_alpha(image: Image.Image, mode: str) -> Image.Image:
    transparency = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(transparency, tuple) and max(transparency) > 255:
        image.info["transparency"] = tuple(value >> 8 for value in transparency)  # of a 16-bit PNG
    return image if image.mode == mode else image.convert(mode)


def _from_deep(image: Image.Image) -> Image.Image:
    """Grey of more than eight bits; its profile is passed over, because it is measured rather than looked at."""
    values = np.asarray(image)
    has_sixteen_bits = values.dtype.kind != "f" and values.min() >= 0 and values.max() <= SIXTEEN_BIT_MAX
    levels = _divided if has_sixteen_bits else _stretch(values)
    transparent = image.info.get("transparency")
    grey = np.empty(values.shape, np.uint8)
    for rows in _strips(image.width, image.height):
        grey[rows] = levels(values[rows])
        if isinstance(transparent, int):
            grey[rows][values[rows] == transparent] = 255
    return Image.fromarray(grey).convert("RGB")


def _divided(values: np.ndarray) -> np.ndarray:
    return (values.astype(np.uint32) + 128) // 257  # to the nearest: 257 is odd, so there are no halves


def _stretch(values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """What maps the finite range of a picture, shape (H, W), to 0..255; what is not finite becomes 0."""
    finite = np.isfinite(values)
    some = values.flat[finite.argmax()]
    low, high = (float(pick(values, where=finite, initial=some)) for pick in (np.min, np.max))

    def levels(strip: np.ndarray) -> np.ndarray:
        known = np.isfinite(strip)
        return np.rint((np.where(known, strip, low).astype(np.float64) - low) / ((high - low) or 1.0) * 255)

    return levels if finite.any() else np.zeros_like


def _strips(width: int, height: int) -> list[slice]:
    rows = max(1, PIXELS_AT_A_TIME // width)
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]
