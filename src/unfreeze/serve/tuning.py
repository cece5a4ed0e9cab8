"""How many pictures a model should take at a time, found out on the machine that it runs on.

Large squares are cheapest one by one, because what lies between two layers stays in the processor's cache; of small
ones a batch is cheaper (docs/decisions/0017-batches.md).
"""

import statistics
import time
from collections.abc import Callable, Sequence

from unfreeze.serve.answers import Squares
from unfreeze.serve.batching import RunBatch

SIZES = (1, 4, 8)
ROUNDS = 3
WORTH = 0.9
"""A larger batch has to bring a picture's time down to this part of it: it also takes memory, and makes some wait."""


def cheapest_batch(
    run: RunBatch,
    square: Squares,
    *,
    sizes: Sequence[int] = SIZES,
    now: Callable[[], float] = time.thread_time,
) -> int:
    """The number of pictures in a batch that cost least, each.

    Args:
        run: Answers a batch.
        square: The views of one picture.
        sizes: What to try, ascending.
        now: The processor's time of this thread in seconds: other programs do not count.

    Returns:
        One of the sizes: the first, unless a larger one is clearly cheaper than all before it.
    """
    seconds: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(ROUNDS):  # in turns, so that a machine that slows down meanwhile does so for all
        for size, found in seconds.items():
            began = now()
            run([square] * size)
            found.append((now() - began) / size)
    best, *larger = sizes
    for size in larger:
        if statistics.median(seconds[size]) < WORTH * statistics.median(seconds[best]):
            best = size
    return best
