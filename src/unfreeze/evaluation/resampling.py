"""What other validation pictures and other draws of training pictures might have shown: a bootstrap of both.

Several models answer the same validation pictures, so that the noise of the pictures is common to all of them: it is
drawn once for all models, which is what makes differences between models surer than the models themselves.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

DRAWS = 1000
PRIOR = 0.5
"""Jeffreys' prior: half a picture of each extreme, so that nothing seen in a few pictures is not taken for never."""


@dataclass(frozen=True)
class Resampling:
    """Weights of B draws for R repeats and V validation pictures.

    The pictures' weights are Dirichlet's (Rubin 1981, "The Bayesian bootstrap"), with two half pictures more that have
    the highest and the lowest value that there is. Repeats are drawn with replacement.

    Attributes:
        repeats: What each repeat weighs, shape (B, R); rows sum to 1.
        pictures: What each picture weighs, shape (V, B).
        extremes: What the two half pictures weigh, highest first, shape (2, B); with `pictures`, columns sum to 1.
    """

    repeats: Values
    pictures: Values
    extremes: Values

    @classmethod
    def drawn(cls, repeats: int, pictures: int, *, draws: int = DRAWS, seed: int = 0) -> "Resampling":
        """Draws weights, the same for the same numbers.

        Args:
            repeats: Number of repeats R.
            pictures: Number of validation pictures V.
            draws: Number of draws B.
            seed: Decides the draws.

        Returns:
            The weights.
        """
        generator = np.random.default_rng(seed)
        chosen = generator.multinomial(repeats, [1 / repeats] * repeats, size=draws) / repeats
        weights = np.vstack([generator.gamma(1, size=(pictures, draws)), generator.gamma(PRIOR, size=(2, draws))])
        weights /= weights.sum(0)
        return cls(chosen, weights[:pictures], weights[pictures:])

    def means(self, values: npt.NDArray[np.int8], *, lowest: int, highest: int) -> Values:
        """The mean of some value of the pictures, in each draw.

        Args:
            values: Of each repeat, model and picture, shape (R, K, V).
            lowest: The lowest value that a picture may have.
            highest: The highest one.

        Returns:
            Shape (B, K).
        """
        each = np.stack([model.astype(np.float32) @ self.pictures.astype(np.float32) for model in values])  # (R, K, B)
        apart = np.array([highest, lowest]) @ self.extremes  # (B,)
        return np.asarray(np.einsum("br,rkb->bk", self.repeats, each) + apart[:, np.newaxis])


def middle_95(values: Values) -> tuple[float, float]:
    """The ends between which 95 % of some values lie, as many below as above."""
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)
