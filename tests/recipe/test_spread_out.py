"""A few of many are taken from all of them, as the pictures are that a model in eight bits is calibrated on."""

import numpy as np
import pytest

from unfreeze.images.table import ImageRow
from unfreeze.recipe.spread_out import spread_out


def rows_of(count: int) -> list[ImageRow]:
    return [
        ImageRow(path=f"{place:03d}.png", labels=(0,), split="train", content=str(place), width=1, height=1)
        for place in range(count)
    ]


@pytest.mark.parametrize("count", [101, 150, 199, 200, 1234])
def test_calibration_pictures_reach_from_the_first_class_to_the_last(count: int) -> None:
    rows = rows_of(count)
    chosen = [rows.index(row) for row in spread_out(rows, 100)]
    assert len(chosen) == 100
    assert chosen[0] == 0
    steps = np.diff([*chosen, count])  # the last one is as near the end as the others are to the next
    assert steps.min() >= count // 100
    assert steps.max() <= -(-count // 100)


@pytest.mark.parametrize("count", [0, 1, 99, 100])
def test_few_pictures_are_all_taken(count: int) -> None:
    rows = rows_of(count)
    assert spread_out(rows, 100) == rows
