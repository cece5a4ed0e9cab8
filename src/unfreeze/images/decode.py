"""The one decoder: bytes in, an upright sRGB picture out, or an error that says why not.

Training, evaluation and prediction all decode here, so what a picture looks like to the network is decided once.
Pillow alone is used, because the predictor has to work without torch (docs/decisions/0001-pixels.md). What a hostile
file may cost is bounded, and how that was tried out stands in docs/decisions/0008-decoder.md.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from unfreeze.errors import PictureError
from unfreeze.images.formats import picture_format
from unfreeze.images.frame_count import frame_count
from unfreeze.images.limits import DEFAULT_LIMITS, DecodeLimits, TimedBytes, reduce_within
from unfreeze.images.modes import to_rgb
from unfreeze.images.quiet import quiet
from unfreeze.images.reasons import fault, reason

SMALL_PX = 64
"""Short side that a JPEG keeps when it is probed, where it has it."""

CAMERA_CHARACTERS = 80
UNTIMED_HEADER_BYTES = 2**22
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


def decode(
    data: bytes, *, path: str | Path, short_side_px: int | None = None, limits: DecodeLimits = DEFAULT_LIMITS
) -> Image.Image:
    """Decodes one picture, turned upright by its EXIF orientation, as 8-bit RGB in the sRGB colour space.

    The first frame of an animation is taken. How modes and colour profiles are converted stands at `modes.to_rgb`.

    Args:
        data: The whole file.
        path: Where it came from, for the error.
        short_side_px: A JPEG is decoded at a half, a quarter or an eighth of its size, which is several times faster,
            as long as its short side keeps this many pixels; None decodes all of it. Either way one that has more
            pixels than `limits` allow is decoded at the largest of these scales that has not.
        limits: What it may cost.

    Returns:
        The picture in mode "RGB", without the file's metadata.

    Raises:
        PictureError: If the bytes are not a whole picture in a known format, or if it would cost too much.
    """
    with _opened(data, path, limits) as image:
        reduce_within(image, data, short_side_px=short_side_px, limits=limits)
        image.load()
        rgb = to_rgb(_upright(image, _orientation(image)))
        rgb.info = {}  # an orientation or a profile left there would be applied again by who saves the picture
        return rgb


def decode_opened(image: Image.Image, *, path: str | Path) -> Image.Image:
    """What `decode` makes of a picture that Pillow has opened already; the picture itself stays as it is.

    Args:
        image: A picture of any mode; where it still has an EXIF orientation, it is turned upright by it.
        path: What it is called, for the error.

    Returns:
        The picture in mode "RGB", without the file's metadata.

    Raises:
        PictureError: If its file turns out not to be whole.
    """
    try:
        with quiet():
            image.load()
            rgb = to_rgb(_upright(image.copy(), _orientation(image)))
    except Exception as error:  # Pillow's plugins raise almost anything on hostile bytes.
        raise PictureError(f"{path}: {fault(error, image.format or 'picture')}", subject=path) from error
    rgb.info = {}
    return rgb


@dataclass(frozen=True, slots=True)
class Probed:
    """What checking a file told.

    Attributes:
        width: Width of the upright picture in pixels.
        height: Height of the upright picture in pixels.
        small: The upright picture, reduced where that was cheap, in mode "RGB".
        format: Pillow's name of the format, such as "JPEG".
        mode: Pillow's mode of the file before it became RGB.
        frames: Number of frames, counted up to `frame_count.MOST_FRAMES`; the first one is used.
        camera: Make and model by its EXIF data; empty where there are none.
    """

    width: int
    height: int
    small: Image.Image
    format: str
    mode: str
    frames: int
    camera: str


def probe(data: bytes, *, path: str | Path, limits: DecodeLimits = DEFAULT_LIMITS) -> Probed:
    """Checks that a file decodes to its last byte, as cheaply as the format allows.

    A JPEG is decoded at reduced scale: all of its compressed data is read, which is where damage shows. What is
    accepted here is accepted by `decode` under the same limits, whatever its `short_side_px`.

    Args:
        data: The whole file.
        path: Where it came from, for the error.
        limits: What it may cost.

    Returns:
        What was found.

    Raises:
        PictureError: If the bytes are not a whole picture in a known format, or if it would cost too much.
    """
    with _opened(data, path, limits) as image:
        (width, height), mode = image.size, image.mode
        reduce_within(image, data, short_side_px=SMALL_PX, limits=limits)
        reduced = image.size != (width, height)
        image.load()
        orientation = _orientation(image)
        small = to_rgb(_upright(image, orientation))
        if not reduced:
            width, height = small.size
        elif orientation >= 5:
            width, height = height, width
        small.info = {}
        return Probed(width, height, small, image.format or "", mode, frame_count(image, data), _camera(image))


@contextmanager
def _opened(data: bytes, path: str | Path, limits: DecodeLimits) -> Iterator[Image.Image]:
    """An opened file; whatever goes wrong with it inside becomes the one error."""
    try:
        with quiet(), _open(data, limits) as image:
            yield image
    except Exception as error:  # Pillow's plugins raise almost anything on hostile bytes.
        raise PictureError(f"{path}: {reason(error, data)}", subject=path) from error


def _open(data: bytes, limits: DecodeLimits) -> Image.Image:
    """Opens a file with the one plugin that its first bytes call for."""
    file, name = TimedBytes(data, limits), picture_format(data)
    if name is None:
        raise UnidentifiedImageError
    if name == "JPEG":
        return _open_jpeg(data, file)
    if name == "HEIF":
        _register_heif()
    return Image.open(file, formats=[name])


def _open_jpeg(data: bytes, file: TimedBytes) -> JpegImageFile:
    """Opens without `Image.open`, which would refuse by its whole size what is decoded at an eighth of it.

    Headers are read in a hundred small steps, whose clock would cost more than all else before the decoding: it is
    left out where a file is so small that even the worst of headers ends within a second.
    """
    image = JpegImageFile(io.BytesIO(data) if len(data) <= UNTIMED_HEADER_BYTES else file)
    image.fp = file
    return image


def _register_heif() -> None:
    if "HEIF" not in Image.OPEN:
        import_module("pillow_heif").register_heif_opener()


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation of a loaded picture; 1 where there is none, or none that can be read."""
    try:
        found = image.getexif().get(EXIF_ORIENTATION, 1)
        return int(found) if found in UPRIGHT else 1
    except Exception:  # Garbage in the metadata is no fault of the pixels.
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turns a loaded picture; Pillow's own `exif_transpose` also writes the EXIF data anew, and fails on odd data."""
    method = UPRIGHT.get(orientation)
    return image if method is None else image.transpose(method)


def _camera(image: Image.Image) -> str:
    try:
        exif = image.getexif()
        words = " ".join(str(exif.get(tag, "")) for tag in (EXIF_MAKE, EXIF_MODEL))
    except Exception:  # Garbage in the metadata is no fault of the pixels.
        return ""
    printable = "".join(character if character.isprintable() else " " for character in words)
    return " ".join(printable.split())[:CAMERA_CHARACTERS]
