"""Pictures inside of answers."""

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from unfreeze.serve.answers import Squares


def png_uri(pixels: npt.NDArray[np.uint8]) -> str:
    """A picture (S, S, 3) as the text of a PNG, exact to the pixel, that an `<img>` shows without fetching anything."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def square_uri(square: Squares) -> str:
    """A square (3, S, S) as the network sees it."""
    return png_uri(square.transpose(1, 2, 0))  # (3, S, S) -> (S, S, 3)
