"""A batch in parts, whose gradients add up to the batch's own."""

from collections.abc import Iterator

from unfreeze.training.batches import Batch


def micro_batches(batch: Batch, count: int) -> Iterator[Batch]:
    """Cuts a batch into parts of equal size, in order.

    Args:
        batch: Inputs (N, ...) and targets (N,) or (N, C).
        count: Number of parts, at least 1.

    Yields:
        Parts of ceil(N / count) examples, the last of what is left; fewer parts where there are fewer examples.
    """
    inputs, targets = batch
    size = micro_batch_size(len(targets), count)
    for start in range(0, len(targets), size):
        yield inputs[start : start + size], targets[start : start + size]


def micro_batch_size(examples: int, count: int) -> int:
    """Examples in each of so many parts of a batch, but for the last.

    >>> micro_batch_size(10, 4)
    3
    """
    return -(-examples // count)
