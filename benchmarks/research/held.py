"""Pooled activations held in memory: thousands of heads are trained on the same few, and reading is what costs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.images.table import ImageRow
from unfreeze.learner.examples import ExampleSource
from unfreeze.learner.learner import Learner
from unfreeze.network.groups import POOLED
from unfreeze.training.batches import Batch, Examples
from unfreeze.training.objective import Targets

_MEMORY: dict[tuple[str, str, str], Floats] = {}
"""Activations (D,) by prefix, transform with its view, and content."""


@dataclass(frozen=True)
class Held:
    """Activations and targets in memory, as `StoredActivations` gives them.

    Attributes:
        features: Shape (N, D), float32.
        targets: Shape (N,).
    """

    features: Floats
    targets: Targets

    def batches(self, indices: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Activations and targets of each group of indices, in order."""
        for group in indices:
            chosen = list(group)
            yield self.features[chosen], self.targets[chosen]


class HeldSource(ExampleSource):
    """Serves pooled activations of the pretrained body from memory, and all else as it does otherwise."""

    def _stored(  # type: ignore[override]
        self, rows: Sequence[ImageRow], view: int, cut: str, ahead: Sequence[int] = (), *, trains: bool = False
    ) -> Examples:
        if cut != POOLED or not self.model.is_pretrained(cut):
            return super()._stored(rows, view, cut, ahead, trains=trains)
        place = view, trains, tuple(row.path for row in rows)
        if place not in self._known:
            self._known[place] = self._gathered(rows, view, ahead, trains=trains)
        return self._known[place]

    @cached_property
    def _known(self) -> dict[tuple[int, bool, tuple[str, ...]], Held]:
        """What was gathered: a learner asks for the same rows of a split after each epoch."""
        return {}

    def _gathered(self, rows: Sequence[ImageRow], view: int, ahead: Sequence[int], *, trains: bool) -> Held:
        transform = self.data.transform if trains else self.data.transform.tested
        body, name = self.model.prefix(POOLED).key, transform.key(view)
        missing = [row for row in rows if (body, name, row.content) not in _MEMORY]
        if missing:
            ((features, _),) = (
                super()._stored(missing, view, POOLED, ahead, trains=trains).batches([range(len(missing))])
            )
            _MEMORY.update({(body, name, row.content): each for row, each in zip(missing, features, strict=True)})
        return Held(np.stack([_MEMORY[body, name, row.content] for row in rows]), self.data.targets(rows))


def held(learner: Learner) -> Learner:
    """The same learner, reading from memory what it would read from the store again and again."""
    learner.source.__class__ = HeldSource
    return learner
