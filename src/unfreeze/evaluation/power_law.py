"""How an error falls with the number of training pictures: a power law with a floor.

Errors of many kinds of models fall like this over the range where they learn at all (Hestness et al. 2017, "Deep
learning scaling is predictable, empirically").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

EXPONENTS = np.geomspace(0.1, 2.0, 150)
"""The exponents tried. Flatter curves cannot be told from a floor, steeper ones have come to an end."""

FEWEST_SIZES = 4
"""Three numbers are fitted."""


@dataclass(frozen=True)
class PowerLaw:
    """B curves, error = floor + rise * (size / largest) ** -exponent.

    Attributes:
        floor: Shape (B,), at least 0.
        rise: Shape (B,), at least 0.
        exponent: Shape (B,), above 0.
        largest: The largest size that was seen.
    """

    floor: Values
    rise: Values
    exponent: Values
    largest: int

    def at(self, sizes: Sequence[float] | Values) -> Values:
        """Errors at some sizes, shape (B, K).

        >>> PowerLaw(np.array([0.1]), np.array([0.2]), np.array([1.0]), 100).at([50, 200]).round(2).tolist()
        [[0.5, 0.2]]
        """
        scaled = np.asarray(sizes, np.float64) / self.largest
        return np.asarray(self.floor[:, None] + self.rise[:, None] * scaled[None] ** -self.exponent[:, None])


def fit_power_law(sizes: Sequence[int], errors: Values, variances: Values) -> PowerLaw:
    """Fits curves by weighted least squares, exactly for each exponent tried.

    Args:
        sizes: K numbers of training pictures, ascending, at least `FEWEST_SIZES`.
        errors: B rows of errors, shape (B, K).
        variances: How far an error at each size lies off, squared, shape (K,), above 0.

    Returns:
        The curves.
    """
    assert len(sizes) >= FEWEST_SIZES, "as many numbers are fitted as there are points"
    scaled = np.asarray(sizes, np.float64) / sizes[-1]
    weights = 1 / variances / (1 / variances).sum()
    tried = [_fit_line(scaled**-exponent, errors, weights) for exponent in EXPONENTS]
    losses = np.stack([loss for _, _, loss in tried])  # (E, B)
    best = losses.argmin(0)
    every = np.arange(len(errors))
    floors, rises = (np.stack([line[part] for line in tried])[best, every] for part in (0, 1))
    return PowerLaw(floors, rises, EXPONENTS[best], int(sizes[-1]))


def _fit_line(x: Values, errors: Values, weights: Values) -> tuple[Values, Values, Values]:
    """Floor and rise, both at least 0, of errors = floor + rise * x, and the squares left over; each of shape (B,)."""
    middle_x, middle = weights @ x, errors @ weights
    rise = np.maximum(0, (errors - middle[:, None]) @ (weights * (x - middle_x)) / (weights @ (x - middle_x) ** 2))
    floor = middle - rise * middle_x
    through_zero = errors @ (weights * x) / (weights @ x**2)  # where the floor would lie below 0 it is 0
    rise, floor = np.where(floor < 0, through_zero, rise), np.maximum(0, floor)
    left = errors - floor[:, None] - rise[:, None] * x
    return floor, rise, left**2 @ weights
