"""Pictures of smooth blobs, which can be told from one another and from their copies."""

import numpy as np
from PIL import Image


def scene(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A picture of smooth blobs, decided by its seed."""
    levels = np.random.default_rng(seed).integers(0, 256, (12, 16), dtype=np.uint8)
    return Image.fromarray(levels).resize(size, Image.Resampling.BICUBIC)
