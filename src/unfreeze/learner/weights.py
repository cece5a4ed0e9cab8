"""The weights of a model at some time, as arrays by the names that they have in a network."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.network.groups import GROUP_NAMES, HEAD_NAMES

if TYPE_CHECKING:
    import torch

HEAD_GROUP = GROUP_NAMES.index("head")
MOMENTUM_OF = "momentum."
HEAD_ARRAYS = (*HEAD_NAMES, *(MOMENTUM_OF + name for name in HEAD_NAMES))
ADAMS_ARRAYS = (*(f"{MOMENTUM_OF}square.{name}" for name in HEAD_NAMES), f"{MOMENTUM_OF}steps.head")
"""What AdamW remembers of the head besides."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The weights of a model at some time.

    Attributes:
        head: Weight (C, D), bias (C,) and their momenta; of AdamW, their means of squares and the number of steps.
        body: The body's tensors by name; None where the body is as it was pretrained.
        momenta: What the optimizer remembers of the body's parameters by name, where it is to be gone on with.
        first_trained: Index of the first layer group that is not as it was pretrained.
    """

    head: Sequence[Floats]
    body: "Mapping[str, torch.Tensor] | None" = None
    momenta: "Mapping[str, torch.Tensor]" = field(default_factory=dict)
    first_trained: int = HEAD_GROUP

    def arrays(self) -> dict[str, np.ndarray]:
        """All of them by name; a momentum's name begins with `momentum.`."""
        head = dict(zip((*HEAD_ARRAYS, *ADAMS_ARRAYS)[: len(self.head)], self.head, strict=True))
        body = {name: tensor.numpy() for name, tensor in (self.body or {}).items()}
        return {**body, **head, **{MOMENTUM_OF + name: tensor.numpy() for name, tensor in self.momenta.items()}}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], *, first_trained: int) -> "Weights":
        """What `arrays` made, back again.

        Args:
            arrays: Arrays by name.
            first_trained: Index of the first layer group that is not as it was pretrained.

        Returns:
            The weights.
        """
        rest = dict(arrays)
        head = [rest.pop(name) for name in HEAD_ARRAYS]
        head += [rest.pop(name) for name in ADAMS_ARRAYS if name in rest]
        if not rest:
            return cls(head=head, first_trained=first_trained)
        import torch

        tensors = {name: torch.from_numpy(array) for name, array in rest.items()}
        momenta = {name: tensors.pop(name) for name in rest if name.startswith(MOMENTUM_OF)}
        return cls(
            head=head,
            body=tensors or None,
            momenta={name.removeprefix(MOMENTUM_OF): tensor for name, tensor in momenta.items()},
            first_trained=first_trained,
        )

    def without_momenta(self) -> "Weights":
        """The same, where nothing is remembered of earlier steps."""
        weight, bias = self.head[:2]
        return replace(self, head=(weight, bias, *map(np.zeros_like, self.head[2:])), momenta={})

    def averaged(self, means: Mapping[str, np.ndarray]) -> "Weights":
        """The same with other values for some parameters.

        Args:
            means: Values by the names that the parameters have in a network.

        Returns:
            The weights, with the momenta that they have here.
        """
        rest = dict(means)
        head = [rest.pop(name, own) for name, own in zip(HEAD_NAMES, self.head, strict=False)]
        if not rest:
            return replace(self, head=(*head, *self.head[2:]))
        import torch

        body = {**(self.body or {}), **{name: torch.from_numpy(mean) for name, mean in rest.items()}}
        return replace(self, head=(*head, *self.head[2:]), body=body)

    @cached_property
    def digest(self) -> str:
        """A hash of all values, eight hexadecimal digits long."""
        found = hashlib.blake2b(digest_size=4)
        for name, array in sorted(self.arrays().items()):
            found.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return found.hexdigest()


def average_weights(some: Sequence[Weights]) -> Weights:
    """The mean of several weights, value by value (Izmailov et al. 2018, arXiv 1803.05407).

    Means are taken in float64. BatchNorm's statistics are averaged like weights, which is exact where they stand still.

    Args:
        some: Weights of one model, at least one.

    Returns:
        Their mean, without momentum.
    """
    first = min(weights.first_trained for weights in some)
    stacked = [np.stack([weights.head[part] for weights in some]) for part in (0, 1)]
    head = [np.asarray(part.mean(0, dtype=np.float64), np.float32) for part in stacked]
    momenta = [np.zeros_like(part) for part in head]
    bodies = [weights.body for weights in some if weights.body is not None]
    if len(bodies) < len(some):
        assert not bodies, "either all bodies were trained or none"
        return Weights(head=[*head, *momenta], first_trained=first)
    import torch

    body = {
        name: torch.stack([found[name].double() for found in bodies]).mean(0).to(tensor.dtype)
        for name, tensor in bodies[0].items()
    }
    return Weights(head=[*head, *momenta], body=body, first_trained=first)
