"""What decoding one file may cost: a hostile file costs its own row and nothing else."""

import io
import re
import time
from dataclasses import asdict, dataclass

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from unfreeze.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """What decoding one file may cost; a file that would cost more is refused with the reason.

    Attributes:
        pixels: Pixels that are decoded, up to twenty bytes of memory each on the way. The default is where Pillow's
            own guard against decompression bombs stands (twice PIL.Image.MAX_IMAGE_PIXELS), which holds beside this
            one for all formats but JPEG.
        side_px: Width and height in pixels; each row costs some, and some decoders copy a long row many times.
        scans: Scans of a JPEG, of which encoders write about ten: the whole picture is gone over for each of them.
        file_bytes: Size of the file in bytes.
        seconds: Processor time for one file; a busy machine refuses no more than an idle one. It is looked at whenever
            the decoder asks for more of the file, so it bounds JPEG, PNG, GIF, BMP, PPM and uncompressed TIFF; the
            others are bounded by their pixels (docs/decisions/0008-decoder.md).
    """

    pixels: int = 178_956_970
    side_px: int = 250_000
    scans: int = 100
    file_bytes: int = 512 * 2**20
    seconds: float = 60.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value <= 0:
                raise SettingsError(f"{name} is {value}; it must lie above 0", subject=name)


DEFAULT_LIMITS = DecodeLimits()

_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd9-\xfe])")
_END, _SCAN = 0xD9, 0xDA


class LimitError(Exception):
    """A file would cost more than it may; the message is the reason. It never leaves the decoder."""


class TimedBytes(io.BytesIO):
    """A file in memory that its thread can read for some seconds, because a thread cannot be stopped from outside.

    Args:
        data: The whole file.
        limits: Its size and its seconds from now on.
    """

    def __init__(self, data: bytes, limits: DecodeLimits) -> None:
        if len(data) > limits.file_bytes:
            raise LimitError(f"the file has {len(data):,} bytes, more than the {limits.file_bytes:,} that are read")
        super().__init__(data)
        self._seconds = limits.seconds
        self._last = time.thread_time() + limits.seconds

    def read(self, size: int | None = -1, /) -> bytes:
        """Reads as `io.BytesIO` does.

        Args:
            size: Most bytes to read; all that are left where it is negative.

        Returns:
            The bytes.

        Raises:
            LimitError: When the time is over.
        """
        if time.thread_time() > self._last:
            raise LimitError(f"decoding took more than {self._seconds:g} seconds of processor time")
        return super().read(size)


def reduce_within(image: Image.Image, data: bytes, *, short_side_px: int | None, limits: DecodeLimits) -> None:
    """Sets an opened JPEG to be decoded at reduced scale, and refuses what would still have too many pixels.

    Args:
        image: The opened picture, not yet loaded.
        data: The whole file.
        short_side_px: A JPEG is reduced to a half, a quarter or an eighth as long as its short side keeps this many
            pixels; None for its own size. It is reduced further where it has too many pixels otherwise.
        limits: What decoding may cost.

    Raises:
        LimitError: If too many pixels would have to be held.
    """
    width, height = image.size
    if max(width, height) > limits.side_px:
        raise LimitError(f"{width:,} x {height:,} pixels, a side longer than the {limits.side_px:,} that are decoded")
    pixels, scale = width * height, 1
    if isinstance(image, JpegImageFile):
        room = min(width, height) // short_side_px if short_side_px else 1
        scale = next((scale for scale in (8, 4, 2) if room >= scale), 1)
        several_scans = "progressive" in image.info or pixels > limits.pixels
        # The coefficients of several scans are held all at a time, whatever the scale.
        held_whole = several_scans and jpeg_scans(data, image, most=limits.scans) > 1
        while scale < 8 and pixels > limits.pixels * scale**2:
            scale *= 2
        if not held_whole:
            pixels //= scale**2
    if pixels > limits.pixels:
        raise LimitError(f"{width:,} x {height:,} pixels, more than the {limits.pixels:,} that are decoded")
    if scale > 1:
        image.draft(image.mode, (width // scale, height // scale))


def jpeg_scans(data: bytes, image: JpegImageFile, *, most: int) -> int:
    """How many scans a JPEG has; only those of which there may be several are counted to the end.

    Args:
        data: The whole file.
        image: What it was opened as.
        most: How many there may be.

    Returns:
        The number of scans.

    Raises:
        LimitError: If there are more.
    """
    scans, position = 0, 2
    while (marker := _MARKER.search(data, position)) and marker[1][0] != _END:
        length = int.from_bytes(data[marker.end() : marker.end() + 2])
        position = marker.end() + length
        if marker[1][0] == _SCAN:
            scans += 1
            components = data[marker.end() + 2 : marker.end() + 3]
            if "progressive" not in image.info and components == bytes([image.layers]):
                return 1
        if scans > most:
            raise LimitError(f"more than {most} scans, which no encoder writes")
    return scans
