"""A picture of the run, drawn anew as a JPEG: what lies in a file reaches a browser as pixels and nothing else."""

import io
from functools import lru_cache

from PIL import Image

from unfreeze.errors import PictureError
from unfreeze.images.decode import decode
from unfreeze.images.table import ImageTable
from unfreeze.serve.problems import Problem

SMALL_PX, LARGE_PX = 160, 1200
HELD = 64
QUALITY = 88


class RowPictures:
    """Pictures of a table by the numbers of their rows; no client names a path.

    Args:
        table: The pictures.
    """

    def __init__(self, table: ImageTable) -> None:
        self._table = table
        self._drawn = lru_cache(HELD)(self._draw)

    def jpeg(self, number: int, *, small: bool) -> bytes:
        """One picture.

        Args:
            number: The row's number.
            small: Whether it is for a list.

        Returns:
            A JPEG, its longer side bounded.

        Raises:
            Problem: If there is no such row, or the file cannot be read any more.
        """
        if not 0 <= number < len(self._table.rows):
            raise Problem(404, "no-such-picture", f"the run has {len(self._table.rows)} pictures, and none {number}")
        try:
            return self._drawn(number, SMALL_PX if small else LARGE_PX)
        except PictureError as error:
            raise Problem(404, "no-such-picture", str(error)) from error
        except OSError as error:
            path = self._table.rows[number].path
            raise Problem(404, "no-such-picture", f"{path}: cannot be read ({error.strerror})") from error

    def _draw(self, number: int, longest_px: int) -> bytes:
        row = self._table.rows[number]
        image = decode(self._table.read(row), path=row.path, short_side_px=longest_px)
        image.thumbnail((longest_px, longest_px), Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        image.save(buffer, format="JPEG", quality=QUALITY)
        return buffer.getvalue()
