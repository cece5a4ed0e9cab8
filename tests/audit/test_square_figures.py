"""Shares, stretch, fill and scale of sizes that can be computed on paper."""

import numpy as np
import pytest

from unfreeze.audit.square_figures import distinct_squares, square_figures
from unfreeze.transforms.squares import Square

SIZES = [(400, 200), (100, 100), (300, 900)]


def test_figures_by_hand() -> None:
    figures = square_figures(SIZES, crop_share=1.0)
    crop, squash, pad = (figures[square] for square in Square)
    assert [found.square for found in (crop, squash, pad)] == list(figures) == list(Square)
    assert np.allclose(crop.seen, [1 / 2, 1, 1 / 3])
    assert np.allclose(squash.seen, 1)
    assert np.allclose(pad.seen, 1)
    assert np.allclose(squash.stretch, [2, 1, 3])
    assert np.allclose([crop.stretch, pad.stretch], 1)
    assert np.allclose(pad.fill, [1 / 2, 0, 2 / 3])
    assert np.allclose([crop.fill, squash.fill], 0)
    assert np.allclose(crop.scale, 1)
    assert np.allclose(squash.scale, [200 / np.sqrt(400 * 200), 1, 300 / np.sqrt(300 * 900)])
    assert np.allclose(pad.scale, [1 / 2, 1, 1 / 3])


def test_a_margin_that_crop_leaves_out_is_lost_and_makes_things_larger() -> None:
    figures = square_figures(SIZES, crop_share=0.5)
    assert np.allclose(figures[Square.CROP].seen, [1 / 8, 1 / 4, 1 / 12])
    assert np.allclose(figures[Square.PAD].scale, [1 / 4, 1 / 2, 1 / 6])
    assert np.allclose(figures[Square.CROP].scale, 1)
    assert np.allclose(figures[Square.PAD].seen, 1)


def test_what_is_lost_is_counted_above_a_share_and_not_at_it() -> None:
    sizes = [(100, 100), (200, 180), (400, 300), (200, 100), (1000, 100)]  # crop sees 1, 0.9, 0.75, 0.5, 0.1
    crop = square_figures(sizes, crop_share=1.0)[Square.CROP]
    assert [crop.losing(share) for share in (0.1, 0.25, 0.5, 0.95)] == [3 / 5, 2 / 5, 1 / 5, 0]


@pytest.mark.parametrize(
    ("sizes", "crop_share", "expected"),
    [
        ([(64, 64), (32, 32)], 1.0, ["crop"]),
        ([(105, 100), (100, 105)], 1.0, ["crop"]),
        ([(64, 64), (105, 100)], 0.875, ["crop", "squash"]),
        ([(64, 64), (106, 100)], 1.0, ["crop", "squash", "pad"]),
        ([(64, 64), (106, 100)], 0.875, ["crop", "squash", "pad"]),
    ],
)
def test_ways_that_show_the_same_are_one(sizes: list[tuple[int, int]], crop_share: float, expected: list[str]) -> None:
    assert list(distinct_squares(square_figures(sizes, crop_share=crop_share))) == expected
