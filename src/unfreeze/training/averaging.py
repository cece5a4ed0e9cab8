"""The running average of what is trained."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np


class WeightAverage:
    """An exponential moving average of values over training steps (Polyak and Juditsky 1992).

    The first step's values are the first average. Before step t + 1 the part min(decay, (1 + t) / (10 + t)) of the
    average is kept, so that a short training is not held back by where it began.

    Args:
        decay: Part of the average that is kept at each step once there were many; above 0, below 1.

    Attributes:
        updates: Number of steps that were averaged.
    """

    def __init__(self, decay: float) -> None:
        self.decay, self.updates = decay, 0
        self._means: dict[str, Any] = {}

    def update(self, values: Mapping[str, Any]) -> None:
        """Takes the values of one more step in.

        Args:
            values: Arrays or tensors by name, always the same names.
        """
        share = 1 - kept_part(self.decay, self.updates)
        for name, value in values.items():
            mean = self._means.get(name)
            if mean is None:
                self._means[name] = copy.deepcopy(value)
                continue
            mean = self._means[name] = _where_it_is(mean, value)
            mean += (value - mean) * share  # exact where a value stands still
        self.updates += 1

    def arrays(self) -> dict[str, np.ndarray]:
        """Copies of the averages by name."""
        return {name: np.array(m if isinstance(m, np.ndarray) else m.cpu().numpy()) for name, m in self._means.items()}

    def restore(self, arrays: Mapping[str, np.ndarray], *, updates: int) -> None:
        """Goes on where `arrays` was taken.

        Args:
            arrays: Averages by name.
            updates: Number of steps that were averaged then.
        """
        self._means, self.updates = dict(arrays), updates


def kept_part(decay: float, updates: int) -> float:
    """What part of an average of so many steps is kept when another one is taken in.

    >>> [kept_part(0.9, updates) for updates in (2, 8, 1000)]
    [0.25, 0.5, 0.9]
    """
    return min(decay, (1 + updates) / (10 + updates))


def _where_it_is(mean: Any, value: Any) -> Any:
    """An average that was read from a file, as what it is the average of."""
    if isinstance(mean, np.ndarray) and not isinstance(value, np.ndarray):
        import torch

        return torch.from_numpy(mean).to(value.device)
    return mean
