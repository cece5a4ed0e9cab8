"""A model under the running average of its weights."""

from collections.abc import Iterator
from contextlib import contextmanager

from unfreeze.learner.model import Model
from unfreeze.training.averaging import WeightAverage


@contextmanager
def averaged(model: Model, average: WeightAverage | None) -> Iterator[None]:
    """Puts a running average in the weights' place inside; everything is as before afterwards.

    Args:
        model: What is trained.
        average: Of its weights; None for the weights as they are.

    Yields:
        Nothing.
    """
    if not average:
        yield
        return
    now = model.weights(momenta=True)
    take_average(model, average)
    try:
        yield
    finally:
        model.restore(now)


def take_average(model: Model, average: WeightAverage) -> None:
    """Puts a running average in the weights' place for good; what the optimizer remembers stays."""
    model.restore(model.weights(momenta=True).averaged(average.arrays()))
