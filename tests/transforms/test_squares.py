"""Windows are arithmetic: each one here can be computed on paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.transforms.squares import Square, Window, plain_window, seen_share, zoomed_window

sides = st.integers(1, 5000)
parts = st.floats(0, 1)
squares = st.sampled_from(list(Square))


@pytest.mark.parametrize(
    ("width", "height", "square", "crop_share", "window"),
    [
        (400, 200, Square.CROP, 1.0, (100, 0, 200, 200)),
        (200, 400, Square.CROP, 1.0, (0, 100, 200, 200)),
        (300, 300, Square.CROP, 1.0, (0, 0, 300, 300)),
        (400, 200, Square.CROP, 0.875, (112.5, 12.5, 175, 175)),
        (5, 2, Square.CROP, 1.0, (1.5, 0, 2, 2)),
        (1, 1, Square.CROP, 1.0, (0, 0, 1, 1)),
        (400, 200, Square.SQUASH, 0.5, (0, 0, 400, 200)),
        (1, 3000, Square.SQUASH, 1.0, (0, 0, 1, 3000)),
        (400, 200, Square.PAD, 0.5, (0, -100, 400, 400)),
        (200, 400, Square.PAD, 1.0, (-100, 0, 400, 400)),
        (3000, 1, Square.PAD, 1.0, (0, -1499.5, 3000, 3000)),
    ],
)
def test_plain_windows(
    width: int, height: int, square: Square, crop_share: float, window: tuple[float, float, float, float]
) -> None:
    assert plain_window(width, height, square, crop_share=crop_share) == Window(*window)


def test_a_crop_is_resizing_the_short_side_and_cutting_the_middle() -> None:
    size_px, crop_share = 224, 0.875  # the short side to 256, then the middle 224
    window = plain_window(640, 512, Square.CROP, crop_share=crop_share)
    scale = 256 / 512
    assert window.width * scale == size_px
    assert window.left * scale == (640 * scale - size_px) / 2
    assert window.top * scale == (512 * scale - size_px) / 2


@pytest.mark.parametrize(
    ("square", "zoom", "across", "down", "window"),
    [
        (Square.CROP, 1.0, 0.0, 0.5, (0, 0, 200, 200)),
        (Square.CROP, 1.0, 1.0, 0.5, (200, 0, 200, 200)),
        (Square.CROP, 1.25, 0.5, 1.0, (120, 40, 160, 160)),
        (Square.SQUASH, 1.0, 0.7, 0.2, (0, 0, 400, 200)),
        (Square.SQUASH, 1.25, 1.0, 0.0, (80, 0, 320, 160)),
        (Square.PAD, 1.0, 0.3, 0.9, (0, -100, 400, 400)),
        (Square.PAD, 1.25, 0.5, 0.0, (40, -100, 320, 320)),
        (Square.PAD, 1.25, 0.0, 1.0, (0, -20, 320, 320)),
    ],
)
def test_zoomed_windows_of_a_picture_of_400_by_200(
    square: Square, zoom: float, across: float, down: float, window: tuple[float, float, float, float]
) -> None:
    found = zoomed_window(400, 200, square, zoom=zoom, across=across, down=down)
    assert (found.left, found.top, found.width, found.height) == pytest.approx(window)


@given(sides, sides, squares, st.floats(1, 2), parts, parts)
def test_a_zoomed_window_stays_where_the_largest_may_lie(
    width: int, height: int, square: Square, zoom: float, across: float, down: float
) -> None:
    window = zoomed_window(width, height, square, zoom=zoom, across=across, down=down)
    left, top, right, bottom = window.box
    room = plain_window(width, height, square)
    slack = 1e-6
    assert min(0, room.left) - slack <= left <= right <= max(width, room.box[2]) + slack
    assert min(0, room.top) - slack <= top <= bottom <= max(height, room.box[3]) + slack
    assert window.width * zoom == pytest.approx(room.width)


@given(sides, sides, squares)
def test_a_zoomed_window_in_the_middle_at_zoom_one_is_the_plain_one(width: int, height: int, square: Square) -> None:
    zoomed = zoomed_window(width, height, square, zoom=1, across=0.5, down=0.5)
    assert zoomed.box == pytest.approx(plain_window(width, height, square).box)


@given(sides, sides, st.floats(0.01, 1))
def test_a_crop_lies_within_the_picture_and_in_its_middle(width: int, height: int, crop_share: float) -> None:
    left, top, right, bottom = plain_window(width, height, Square.CROP, crop_share=crop_share).box
    assert left >= 0
    assert top >= 0
    assert left + right == pytest.approx(width)
    assert top + bottom == pytest.approx(height)


@pytest.mark.parametrize(
    ("width", "height", "square", "crop_share", "share"),
    [
        (400, 200, Square.CROP, 1.0, 0.5),
        (400, 200, Square.CROP, 0.5, 0.125),
        (300, 300, Square.CROP, 1.0, 1.0),
        (400, 200, Square.SQUASH, 0.5, 1.0),
        (400, 200, Square.PAD, 0.5, 1.0),
    ],
)
def test_seen_share(width: int, height: int, square: Square, crop_share: float, share: float) -> None:
    assert seen_share(width, height, square, crop_share=crop_share) == share


@given(sides, sides, squares, st.floats(0.01, 1))
def test_seen_share_is_a_share(width: int, height: int, square: Square, crop_share: float) -> None:
    assert 0 < seen_share(width, height, square, crop_share=crop_share) <= 1
