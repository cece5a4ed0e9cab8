"""A step on a batch that is computed in parts, each by another process: gradient, sums and dropout are the whole's."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from unfreeze.training.loop import StepSums
from unfreeze.world import World


def sums_of_all(parameters: Iterable[nn.Parameter], own: StepSums, world: World) -> StepSums:
    """Adds up all processes' gradients, in place, and what their parts of a batch came to, in one message.

    Parameters that have a gradient in no process have none afterwards either: the optimizer passes them over.

    Args:
        parameters: What may train, in the same order in every process.
        own: What this process's part came to.
        world: The processes.

    Returns:
        What the whole batch came to; the loss is rounded to float32, which it was computed in.

    Raises:
        LostProcessError: If another process has ended.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    there = [float(parameter.grad is not None) for parameter in trained]
    gradients = [torch.zeros_like(part) if part.grad is None else part.grad for part in trained]
    first = torch.tensor([*there, own.examples, own.loss, own.correct], device=trained[0].device)
    total = world.add_up(torch.cat([first, *(gradient.flatten() for gradient in gradients)]))
    counted, *parts = torch.split(total, [len(first), *(part.numel() for part in trained)])
    *found, examples, loss, correct = counted.tolist()
    for parameter, somewhere, gradient in zip(trained, found, parts, strict=True):
        parameter.grad = gradient.view_as(parameter) if somewhere else None
    return StepSums(int(examples), loss, int(correct))


@dataclass
class Place:
    """Where examples stand in the whole batch.

    Attributes:
        first: Number of the first of those that are computed next.
    """

    first: int = 0


@contextmanager
def dropout_of_all(module: nn.Module, *, count: int) -> Iterator[Place]:
    """Drops of each example what would be dropped if one process computed the whole batch at once.

    Masks are drawn for the whole batch on the CPU, when the first example comes by, in the order in which data flows:
    from the same random state they are the bits that torch's own dropout draws there.

    Args:
        module: What computes the batch, or parts of it one after the other.
        count: Number of examples of the whole batch.

    Yields:
        Says where the examples stand that come next; whoever calls the module keeps it.
    """
    place = Place()
    droppers = [part for part in module.modules() if type(part) is nn.Dropout and part.training and part.p > 0]
    for part in droppers:
        vars(part)["forward"] = _Dropper(part.p, count, place)
    try:
        yield place
    finally:
        for part in droppers:
            vars(part).pop("forward", None)


class _Dropper:
    """A dropout's mask of a whole batch, handed out example by example."""

    def __init__(self, share: float, count: int, place: Place) -> None:
        self._share, self._count, self._place = share, count, place
        self._mask: Tensor | None = None

    def __call__(self, values: Tensor) -> Tensor:
        if self._mask is None:
            kept = torch.empty((self._count, *values.shape[1:])).bernoulli_(1 - self._share)
            self._mask = kept.div_(1 - self._share)
        mine = self._mask[self._place.first : self._place.first + len(values)]
        return values * mine.to(values.device, values.dtype)
