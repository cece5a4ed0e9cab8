"""What the server needs of a model, and what a model answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from unfreeze.images.limits import DecodeLimits

Squares = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model says of one picture.

    Attributes:
        probabilities: A probability for each class, in the model's order.
        names: The most probable class, or all labels above 0.5; empty where it is none of these.
        refused: Whether it is none of these: too unlike all training pictures.
        distance: How unlike them it is; None where the model cannot tell.
        members: The classes of the set that holds the true one as often as the model states; empty where the picture is
            refused, None where the model has no sets.
    """

    probabilities: tuple[float, ...]
    names: tuple[str, ...]
    refused: bool = False
    distance: float | None = None
    members: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where in a square a model saw a class.

    Attributes:
        index: Index of the class.
        overlay: The square with the evidence drawn on it, shape (S, S, 3), uint8.
    """

    index: int
    overlay: npt.NDArray[np.uint8]


class Model(Protocol):
    """A model as the server uses it; its methods are called from several threads at once."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, or labels, in the order of the probabilities."""
        ...

    def describe(self) -> dict[str, object]:
        """What is said of the model to those who ask, as plain values."""
        ...

    def squares(self, data: bytes, *, name: str, views: int, limits: DecodeLimits) -> Squares:
        """The plain view of a picture and some augmented ones, shape (1 + views, 3, S, S)."""
        ...

    def answers(self, pictures: Sequence[Squares]) -> list[Answer]:
        """What the model says of pictures, each one's views (V, 3, S, S), all in one batch."""
        ...

    def look(self, square: Squares, *, index: int | None) -> Seen | None:
        """Where in a square (3, S, S) it sees a class, the most probable one unless said; None where it cannot say."""
        ...


OpenModel = Callable[[Path], Model]
"""Opens the model of a run folder or bundle; an `UnfreezeError` where there is none that is whole."""
