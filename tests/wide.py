"""Collections whose pictures are wide, so that crop, squash and pad show different things."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from unfreeze.learner.data import ImageData

CLASSES = {"left-red": (230, 20, 20), "left-blue": (20, 40, 230)}


def write_wide(root: Path, *, strip_px: int, of_each: int = 16, split: str = "train") -> Path:
    """Writes grey noise of 192 x 64 pixels; a strip at the far left has the class's colour."""
    for index, (name, colour) in enumerate(CLASSES.items()):
        folder = root / split / name
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(of_each):
            generator = np.random.default_rng([index, number, *split.encode()])
            pixels = generator.integers(90, 160, (64, 192, 3)).astype(np.uint8)
            pixels[:, :strip_px] = colour
            Image.fromarray(pixels).save(folder / f"{number:02d}.png")
    return root


def read(root: Path, *, threads: int = 1) -> ImageData:
    """A collection in squares of 64 pixels."""
    return replace(ImageData.from_folder(root, size_px=64), threads=threads)
