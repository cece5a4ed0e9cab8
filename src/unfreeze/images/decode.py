"""The one decoder: bytes in, an upright RGB picture out.

Training, evaluation and prediction all decode here, so what a picture looks like to the network is decided once.
Pillow alone is used, because the predictor has to work without torch (docs/decisions/0001-pixels.md).
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from unfreeze.errors import PictureError

SIXTEEN_BIT_MODES = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
TRANSPARENT_MODES = frozenset({"LA", "PA", "RGBA", "RGBa"})

SMALL_PX = 64
"""Short side that a JPEG keeps when it is probed, where it has it."""

EXIF_ORIENTATION, EXIF_MAKE, EXIF_MODEL = 0x0112, 0x010F, 0x0110
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by its EXIF orientation; 1 is upright (Exif 2.32, tag 274)."""


def decode(data: bytes, *, path: str | Path, short_side_px: int | None = None) -> Image.Image:
    """Decodes one picture, turned upright by its EXIF orientation, as 8-bit RGB.

    The first frame of an animation is taken. Transparent pixels are laid over white; 16-bit grey is divided by 257;
    floating-point grey is stretched from its least to its greatest finite value.

    Args:
        data: The whole file.
        path: Where it came from, for the error.
        short_side_px: A JPEG is decoded at a half, a quarter or an eighth of its size, which is several times faster,
            as long as its short side keeps this many pixels; None decodes all of it.

    Returns:
        The picture in mode "RGB".

    Raises:
        PictureError: If the bytes are not a whole picture in a known format.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if short_side_px:
                image.draft(image.mode, (short_side_px, short_side_px))
            image.load()
            return to_rgb(_upright(image))
    except Exception as error:  # Pillow's plugins raise almost anything on hostile bytes.
        raise _picture_error(error, data, path) from error


@dataclass(frozen=True, slots=True)
class Probed:
    """What checking a file told.

    Attributes:
        width: Width of the upright picture in pixels.
        height: Height of the upright picture in pixels.
        small: The upright picture, reduced where that was cheap, in mode "RGB".
        format: Pillow's name of the format, such as "JPEG".
        mode: Pillow's mode of the file before it became RGB.
        frames: Number of frames; the first one is used.
        camera: Make and model by its EXIF data; empty where there are none.
    """

    width: int
    height: int
    small: Image.Image
    format: str
    mode: str
    frames: int
    camera: str


def probe(data: bytes, *, path: str | Path) -> Probed:
    """Checks that a file decodes to its last byte, as cheaply as the format allows.

    A JPEG is decoded at reduced scale: all of its compressed data is read, which is where damage shows.

    Args:
        data: The whole file.
        path: Where it came from, for the error.

    Returns:
        What was found.

    Raises:
        PictureError: If the bytes are not a whole picture in a known format.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            whole, mode, frames = image.size, image.mode, getattr(image, "n_frames", 1)
            image.draft("RGB", (SMALL_PX, SMALL_PX))
            drafted = image.size
            image.load()
            width, height = whole if image.size == drafted else image.size  # loading turns a TIFF upright
            exif = image.getexif()
            camera = " ".join(str(exif.get(tag, "")).strip("\0 ") for tag in (EXIF_MAKE, EXIF_MODEL)).strip()
            if exif.get(EXIF_ORIENTATION, 1) in (5, 6, 7, 8):
                width, height = height, width
            small = to_rgb(_upright(image))
            return Probed(width, height, small, image.format or "", mode, frames, camera)
    except Exception as error:  # Pillow's plugins raise almost anything on hostile bytes.
        raise _picture_error(error, data, path) from error


def to_rgb(image: Image.Image) -> Image.Image:
    """Converts a picture of any mode to 8-bit RGB by the rules that `decode` states.

    Args:
        image: A loaded picture in any of Pillow's modes.

    Returns:
        The picture in mode "RGB"; the same object where it is in that mode already.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in SIXTEEN_BIT_MODES:
        values = np.asarray(image).astype(np.float64)
        return _grey(np.clip(values, 0, 65535) / 257)
    if image.mode == "F":
        return _grey(_stretched(np.asarray(image)))
    if image.mode in TRANSPARENT_MODES or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    """Turns a loaded picture; Pillow's own `exif_transpose` also writes the EXIF data anew, and fails on odd data."""
    method = UPRIGHT.get(image.getexif().get(EXIF_ORIENTATION, 1))
    return image if method is None else image.transpose(method)


def _stretched(values: np.ndarray) -> np.ndarray:
    """Maps the finite range of a float picture, shape (H, W), to 0..255; what is not finite becomes 0."""
    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros(values.shape)
    low, high = float(values[finite].min()), float(values[finite].max())
    scaled = (values.astype(np.float64) - low) / ((high - low) or 1.0) * 255
    return np.where(finite, scaled, 0.0)


def _grey(values: np.ndarray) -> Image.Image:
    """An RGB picture from grey values 0..255 of shape (H, W)."""
    return Image.fromarray(np.rint(values).astype(np.uint8)).convert("RGB")


def _picture_error(error: Exception, data: bytes, path: str | Path) -> PictureError:
    if not data:
        reason = "the file is empty"
    elif isinstance(error, UnidentifiedImageError):
        reason = "not a picture in a known format"
    else:
        reason = str(error) or type(error).__name__
    return PictureError(f"{path}: {reason}", subject=path)
