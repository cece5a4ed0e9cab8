"""Which batch is the cheapest, on a clock of the test's own."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from served import ColourModel
from unfreeze.serve.answers import Answer, Squares
from unfreeze.serve.tuning import SIZES, cheapest_batch

SQUARE = np.zeros((1, 3, 8, 8), np.uint8)


def chosen(cost: Callable[[int], float]) -> int:
    """What is chosen where so many pictures cost so many seconds."""
    clock = [0.0]

    def run(pictures: Sequence[Squares]) -> list[Answer]:
        clock[0] += cost(len(pictures))
        return []

    return cheapest_batch(run, SQUARE, now=lambda: clock[0])


@pytest.mark.parametrize(
    ("cost", "size"),
    [
        (lambda count: float(count), 1),
        (lambda count: 1.2 * count - 0.2, 1),  # squares that leave the processor's cache
        (lambda count: 0.95 * count + 0.05, 1),  # not worth the wait
        (lambda count: 1 + 0.1 * count, 8),
        (lambda count: {1: 1.0, 4: 3.0, 8: 8.0}[count], 4),
        (lambda count: {1: 1.0, 4: 4.0, 8: 6.0}[count], 8),
    ],
)
def test_the_cheapest_is_chosen_and_a_small_one_where_it_is_as_good(cost: Callable[[int], float], size: int) -> None:
    assert chosen(cost) == size


def test_a_real_model_is_tried_on_its_own_squares() -> None:
    model = ColourModel()
    assert cheapest_batch(model.answers, SQUARE) in SIZES
    assert set(model.batches) == set(SIZES)
