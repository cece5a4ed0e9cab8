"""Mixes the examples of a batch, inputs and targets alike: mixup and cutmix."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unfreeze.training.batches import Batch
from unfreeze.training.criterion import as_parts

STREAM = 1
"""Keeps what is drawn here apart from what dropout draws with the same step's seed."""

Box = tuple[int, int, int, int]
"""Left, upper, right and lower edge in pixels."""


@dataclass(frozen=True, kw_only=True)
class Mixing:
    """Mixes each example of a batch with the one before it, the first with the last.

    What is drawn depends on the step's seed alone. Where both kinds are asked for, each step has one of them, as likely
    as the other. Cutmix is of pictures; activations are mixed up, or left as they are where only cutmix is asked for.

    Attributes:
        mixup: Both parameters of the beta distribution that says how much of each example is kept; 0 for no mixup
            (Zhang et al. 2018, arXiv 1710.09412; of activations, Verma et al. 2019, arXiv 1806.05236).
        cutmix: The same of the area that is kept; 0 for no cutmix (Yun et al. 2019, arXiv 1905.04899).
        classes: Number of classes.
    """

    mixup: float = 0.0
    cutmix: float = 0.0
    classes: int

    def mixes(self, *, pictures: bool) -> bool:
        """Whether batches of pictures, or of activations, are changed at all."""
        return bool(self.mixup or (self.cutmix and pictures))

    def __call__(self, batch: Batch, *, seed: int) -> Batch:
        """A batch of mixed examples.

        Args:
            batch: Activations (N, ...), float32, or squares (N, 3, S, S), uint8, and targets (N,) or (N, C).
            seed: The step's.

        Returns:
            Inputs of the same shape, float32 after mixup, and targets (N, C): parts of each class, or of each label.
        """
        inputs, targets = batch
        pictures = inputs.dtype == np.uint8
        if not self.mixes(pictures=pictures):
            return batch
        draw = np.random.Generator(np.random.PCG64([seed, STREAM]))
        parts = as_parts(targets, self.classes)
        cuts = self.cutmix and pictures and (not self.mixup or draw.random() < 0.5)
        kept = float(draw.beta(*(self.cutmix if cuts else self.mixup,) * 2))
        if not cuts:
            return mixed_up(inputs, kept), mixed_up(parts, kept)
        height, width = inputs.shape[2:]
        box = cut_box(width, height, kept, across=draw.random(), down=draw.random())
        return pasted(inputs, box), mixed_up(parts, 1 - box_area(box) / (width * height))


def mixed_up(values: npt.NDArray[np.generic], kept: float) -> npt.NDArray[np.float32]:
    """Each value times what is kept of it, and the rest of the example before, float32.

    >>> mixed_up(np.array([0.0, 4.0]), 0.75).tolist()
    [1.0, 3.0]
    """
    own = values.astype(np.float32)
    return np.asarray(np.float32(kept) * own + np.float32(1 - kept) * np.roll(own, 1, axis=0))


def cut_box(width: int, height: int, kept: float, *, across: float, down: float) -> Box:
    """The box that is cut out, clipped to the picture: its sides are parts sqrt(1 - kept) of the picture's.

    Args:
        width: The picture's width in pixels.
        height: The picture's height in pixels.
        kept: Part of the area that the picture keeps, where the box lies inside it as a whole.
        across: Where the box's middle lies, from the left, 0, to the right, 1.
        down: Where it lies from top to bottom.

    Returns:
        The box, in whole pixels.

    >>> cut_box(8, 8, 0.75, across=0.5, down=0.0)
    (2, 0, 6, 2)
    """
    half = math.sqrt(1 - kept) / 2
    x, y, reach_x, reach_y = int(across * width), int(down * height), int(half * width), int(half * height)
    return max(0, x - reach_x), max(0, y - reach_y), min(width, x + reach_x), min(height, y + reach_y)


def pasted(squares: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.uint8]:
    """Squares (N, 3, S, S) with the example before showing in a box."""
    left, top, right, bottom = box
    found = squares.copy()
    found[:, :, top:bottom, left:right] = np.roll(squares, 1, axis=0)[:, :, top:bottom, left:right]
    return found


def box_area(box: Box) -> int:
    """Pixels in a box."""
    return (box[2] - box[0]) * (box[3] - box[1])
