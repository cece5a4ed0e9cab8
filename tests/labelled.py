"""A collection whose pictures have any of two labels that have nothing to do with one another: red, and framed."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from made import noisy_picture
from unfreeze.images.layout import FoundFile, Layout
from unfreeze.images.scan import scan_layout
from unfreeze.images.storage import FolderStorage
from unfreeze.images.table import ImageTable, Split
from unfreeze.learner.data import ImageData
from unfreeze.transforms.squares import Square
from unfreeze.transforms.transform import Transform

NAMES = ("framed", "red")
COMBINATIONS = tuple(
    tuple(n for n, has in zip(NAMES, chosen, strict=True) if has) for chosen in product((0, 1), (0, 1))
)
"""No label, red, framed, and both."""


def labelled_picture(names: Sequence[str], seed: int) -> Image.Image:
    """Red or green with noise, with a white frame or none."""
    image = noisy_picture((200, 40, 40) if "red" in names else (40, 180, 60), seed, size=(48, 48))
    if "framed" in names:
        ImageDraw.Draw(image).rectangle((0, 0, 47, 47), outline=(255, 255, 255), width=8)
    return image


def labelled_table(root: Path, counts: Mapping[Split, int]) -> ImageTable:
    """Writes so many pictures of each combination for each split, and scans them as a list of several labels."""
    files = []
    for index, (split, names) in enumerate(product(counts, COMBINATIONS)):
        for number in range(counts[split]):
            path = f"{split}-{'-'.join(names) or 'plain'}-{number}.png"
            root.mkdir(parents=True, exist_ok=True)
            labelled_picture(names, 1000 * index + number).save(root / path)
            files.append(FoundFile(path, names, split))
    files.sort(key=lambda file: file.path)
    return scan_layout(Layout(root, str(root), tuple(files), FolderStorage(root), multilabel=True))


def labelled_data(root: Path, counts: Mapping[Split, int], *, size_px: int = 64) -> ImageData:
    """The same, ready for a learner; squashed, so that a frame stays in the square."""
    transform = Transform(size_px=size_px, square=Square.SQUASH, crop_share=1.0)
    return ImageData(table=labelled_table(root, counts), transform=transform, batch_size=8, threads=1)


def random_answers(count: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, C), float32, and targets (N, C), int64, that agree more often than not."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, 2, (count, classes))
    logits = (2 * targets - 1 + generator.normal(scale=2, size=(count, classes))).astype(np.float32)
    return logits, targets
