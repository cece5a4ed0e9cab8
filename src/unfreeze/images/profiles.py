"""Embedded colour profiles: what a file means by its numbers, turned into sRGB.

A picture whose profile is sRGB under whatever name is left as it is, so nearly every photograph costs a look-up only.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

MOST_BYTES = 4 * 2**20
"""Size beyond which a profile is passed over; those of printing presses have up to three million bytes."""

KEPT_PROFILES = 32
SAME_LEVELS = 1
"""Profiles that change no colour of a probe by more than this many levels of 255 are sRGB."""

PROBE_STEPS = 9


def srgb_conversion(profile: object, mode: str) -> ImageCms.ImageCmsTransform | None:
    """What turns the pixels of a file with an embedded profile into sRGB.

    Args:
        profile: The profile's bytes, as Pillow found them.
        mode: Mode of the pixels: "L", "RGB" or "CMYK".

    Returns:
        A conversion to mode "RGB", which several threads may use at a time; None where the pixels can stay as they
        are: there is no profile, it is damaged or too large, it is for another kind of pixels, or it is sRGB.
    """
    if not isinstance(profile, bytes) or not profile or len(profile) > MOST_BYTES:
        return None
    return _conversion(profile, mode)


@lru_cache(maxsize=KEPT_PROFILES)
def _conversion(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        conversion = _build(profile, mode)
        return conversion if _changes(conversion, mode) else None
    except Exception:  # LittleCMS and Pillow raise almost anything on damaged profiles, and on those of another space.
        return None


def _build(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """Relative colorimetric with black-point compensation: white, black and all colours that sRGB has stay themselves.

    The perceptual intent would also move the colours that sRGB has, by a table of the profile's maker.
    """
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.ImageCmsTransform(
        source,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _changes(conversion: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a conversion does anything to colours all over the space."""
    if mode == "CMYK":
        return True
    steps = np.linspace(0, 255, PROBE_STEPS if mode == "RGB" else 256).round().astype(np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3) if mode == "RGB" else steps[None]
    image = Image.fromarray(colours)
    before, after = np.asarray(image.convert("RGB"), np.int16), np.asarray(conversion.apply(image), np.int16)
    return bool(np.abs(after - before).max() > SAME_LEVELS)
