"""A sample collection that needs no download: scikit-learn's handwritten digits, written out as class folders."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

DIGITS = 1797


def write_digits(parent: Path) -> Path:
    """Writes the digits below a folder, unless they are there already.

    The pictures are 1,797 scans of 8 x 8 pixels of the UCI "Optical Recognition of Handwritten Digits" test set, which
    scikit-learn carries. They are written as `digits/DIGIT/NUMBER.png`, grey levels 0..16 spread over 0..255.

    Args:
        parent: Where the folder `digits` is to lie.

    Returns:
        The collection's folder.
    """
    folder = parent / "digits"
    if folder.is_dir() and sum(1 for _ in folder.glob("*/*.png")) == DIGITS:
        return folder
    from sklearn.datasets import load_digits

    digits = load_digits()
    with tempfile.TemporaryDirectory(dir=parent) as work:
        for number, (scan, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
            path = Path(work, "digits", str(digit), f"{number:04d}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.rint(scan * 255 / 16).astype(np.uint8)).save(path)
        if folder.exists():
            shutil.rmtree(folder)  # ours, and incomplete
        Path(work, "digits").rename(folder)
    return folder
