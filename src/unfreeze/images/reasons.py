"""Why a file cannot be decoded, in plain words."""

import re

from PIL import Image, UnidentifiedImageError

from unfreeze.images.formats import looks_like, missing, picture_format
from unfreeze.images.limits import LimitError

MOST_CHARACTERS = 160

_BREAKS_OFF = re.compile(r"truncat|unexpected end|not enough|end of (?:file|data|image)", re.IGNORECASE)


def reason(error: Exception, data: bytes) -> str:
    """What to tell about a file that cannot be decoded.

    Args:
        error: What decoding it raised.
        data: The whole file.

    Returns:
        A clause without the path and without a full stop.
    """
    if not data:
        return "the file is empty"
    if isinstance(error, LimitError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory to decode it"
    if isinstance(error, Image.DecompressionBombError):
        return _pillows_limit(error)
    begins_like = picture_format(data)
    if begins_like is None:
        likeness = looks_like(data)
        return "not a picture in a known format" + (f"; it begins like {likeness}" if likeness else "")
    if advice := missing(begins_like):
        return f"a picture of the format {begins_like}, which cannot be decoded here; install {advice}"
    return fault(error, begins_like)


def _pillows_limit(error: Exception) -> str:
    number = re.search(r"\d+", str(error))
    pixels = f"{int(number[0]):,} pixels" if number else "more pixels"
    allowed = f"{2 * (Image.MAX_IMAGE_PIXELS or 0):,}"
    return f"{pixels}, more than the {allowed} that Pillow is set to decode (twice PIL.Image.MAX_IMAGE_PIXELS)"


def fault(error: Exception, begins_like: str) -> str:
    """Why a file of a known format cannot be decoded, by what decoding it raised."""
    detail = "".join(character if character.isprintable() else "?" for character in " ".join(str(error).split()))
    if isinstance(error, UnidentifiedImageError) or not detail:
        return f"it begins like a {begins_like} file, but it is damaged or of a kind that is not supported"
    if "MAX_TEXT" in detail:
        return "its texts or its profile fill more than a megabyte when they are unpacked, as in a decompression bomb"
    kind = "it breaks off before its end" if _BREAKS_OFF.search(detail) else "it cannot be decoded"
    return f"{kind}: {detail[:MOST_CHARACTERS]}"
