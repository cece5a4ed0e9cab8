"""Thumbnails that lie inside the page."""

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from unfreeze.errors import PictureError
from unfreeze.images.decode import decode
from unfreeze.images.table import ImageTable
from unfreeze.transforms.squares import Window

THUMBNAIL_PX = 160
QUALITY = 80
OUTLINE = (239, 134, 54)


def data_uri(image: Image.Image) -> str:
    """A picture as the text of a JPEG that an `<img>` shows without fetching anything."""
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


class Thumbnails:
    """The pictures of a table made small, each read once however often it is shown.

    Args:
        table: The pictures.
    """

    def __init__(self, table: ImageTable) -> None:
        self._table = table
        self._rows = {row.path: row for row in table.rows}
        self._made: dict[str, str] = {}

    def of(self, path: str) -> str:
        """A data URI; empty where the picture is not in the table, or has gone or changed since the scan."""
        if path not in self._made:
            self._made[path] = self._make(path)
        return self._made[path]

    def _make(self, path: str) -> str:
        if path not in self._rows:
            return ""
        try:
            data = self._table.read(self._rows[path])
            return thumbnail(decode(data, path=path, short_side_px=2 * THUMBNAIL_PX))
        except (OSError, PictureError):
            return ""


def thumbnail(image: Image.Image, *, side_px: int = THUMBNAIL_PX) -> str:
    """A picture made small, its shape kept.

    Args:
        image: An RGB picture.
        side_px: Its longer side afterwards, in pixels; a smaller picture is enlarged.

    Returns:
        A data URI.
    """
    scale = side_px / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return data_uri(image.resize(size, Image.Resampling.BICUBIC))


def outlined(image: Image.Image, window: Window, *, side_px: int = 2 * THUMBNAIL_PX) -> str:
    """A picture with the window drawn that the network sees of it.

    Args:
        image: An RGB picture.
        window: The window, in the picture's pixels.
        side_px: The longer side afterwards, in pixels.

    Returns:
        A data URI.
    """
    scale = side_px / max(image.size)
    shown = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    left, top, right, bottom = (edge * scale for edge in window.box)
    box = (max(left, 0.0), max(top, 0.0), min(right, shown.width - 1.0), min(bottom, shown.height - 1.0))
    ImageDraw.Draw(shown).rectangle(box, outline=OUTLINE, width=3)
    return data_uri(shown)


def square_uri(square: npt.NDArray[np.uint8]) -> str:
    """A square (3, S, S) as the network sees it."""
    return data_uri(Image.fromarray(square.transpose(1, 2, 0)))  # (3, S, S) -> (S, S, 3)
