"""How a gradient becomes a step: SGD with momentum or AdamW, weight decay, a longest gradient; here in numpy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.training.options import OptimizerName

SQUARES_KEPT, LEAST_ROOT = 0.999, 1e-8
"""Of AdamW: what part of the mean of squares is kept at each step, and what keeps its root from being zero."""

CLIP_MARGIN = 1e-6
"""Added to a gradient's length before something is divided by it, as torch does."""


@dataclass(frozen=True, kw_only=True)
class Descent:
    """How a gradient becomes a step. The default is the lesson's: SGD with momentum, and nothing else.

    Attributes:
        optimizer: "sgd", or "adamw" (Loshchilov and Hutter 2019, arXiv 1711.05101), whose first beta is the momentum.
        weight_decay: How strongly weights are drawn to 0, as torch's optimizer of that name has it: a part of the
            gradient with SGD, apart from it with AdamW. Biases and the parameters of norms are never decayed.
        clip_norm: Length that a step's gradient is shortened to where it is longer; None for no limit.
    """

    optimizer: OptimizerName = "sgd"
    weight_decay: float = 0.0
    clip_norm: float | None = None

    def step(self, moving: "Moving", slopes: Sequence[Floats], *, rate: float, momentum: float) -> None:
        """Moves values down their slopes, in place.

        Args:
            moving: The values and what the optimizer remembers of earlier steps.
            slopes: Gradient of each value, float32.
            rate: Learning rate.
            momentum: What part of the last step's direction is kept, above 0.
        """
        slopes = slopes if self.clip_norm is None else clipped(slopes, self.clip_norm)
        if self.optimizer == "adamw":
            self._adamw(moving, slopes, rate, momentum)
        else:
            self._sgd(moving, slopes, np.float32(rate), np.float32(momentum))

    def _sgd(self, moving: "Moving", slopes: Sequence[Floats], rate: np.float32, momentum: np.float32) -> None:
        for value, velocity, slope in zip(moving.values, moving.momenta, slopes, strict=True):
            velocity *= momentum
            velocity += slope
            if self._decay(value):
                velocity += self._decay(value) * value
            value -= rate * velocity

    def _adamw(self, moving: "Moving", slopes: Sequence[Floats], rate: float, momentum: float) -> None:
        steps = moving.steps
        steps += 1
        size = np.float32(rate / (1 - momentum ** float(steps)))
        root = np.float32(math.sqrt(1 - SQUARES_KEPT ** float(steps)))
        for value, mean, square, slope in zip(moving.values, moving.momenta, moving.squares, slopes, strict=True):
            value *= np.float32(1 - rate * self._decay(value))
            mean += np.float32(1 - momentum) * (slope - mean)
            square *= np.float32(SQUARES_KEPT)
            square += np.float32(1 - SQUARES_KEPT) * np.square(slope)
            value -= size * (mean / (np.sqrt(square) / root + np.float32(LEAST_ROOT)))

    def _decay(self, value: Floats) -> np.float32:
        return np.float32(self.weight_decay if decays(value.ndim) else 0)


@dataclass(frozen=True, kw_only=True)
class Moving:
    """Values that steps are taken on, all of them arrays that are changed in place.

    Attributes:
        values: What is trained.
        momenta: Running mean of each one's gradients.
        squares: Running mean of the squares of each one's gradients, of AdamW only.
        steps: How many steps were taken, shape (), of AdamW only.
    """

    values: Sequence[Floats]
    momenta: Sequence[Floats]
    squares: Sequence[Floats]
    steps: Floats


LESSONS_OWN = Descent()


def clipped(slopes: Sequence[Floats], longest: float) -> list[Floats]:
    """Slopes shortened, all by the same factor, until the gradient that they make up is no longer than that.

    >>> [round(float(part[0]), 3) for part in clipped([np.array([3.0]), np.array([4.0])], 2.5)]
    [1.5, 2.0]
    """
    length = math.sqrt(sum(float(np.square(slope, dtype=np.float64).sum()) for slope in slopes))
    factor = slopes[0].dtype.type(min(1.0, longest / (length + CLIP_MARGIN)))
    return [np.asarray(slope * factor) for slope in slopes]


def decays(axes: int) -> bool:
    """Whether weight decay acts on a parameter with so many axes: not on biases, nor on a norm's vectors."""
    return axes > 1
