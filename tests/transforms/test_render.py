"""Pixels, against Pillow's own operations and values computed on paper."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from unfreeze.transforms.render import FILL, affine_matrix, render
from unfreeze.transforms.squares import Square, Window, plain_window
from unfreeze.transforms.views import View, plain_view

BICUBIC, HAMMING = Image.Resampling.BICUBIC, Image.Resampling.HAMMING
WHOLE = Window(0, 0, 32, 32)

windows = st.builds(Window, st.floats(-99, 99), st.floats(-99, 99), st.floats(1, 500), st.floats(1, 500))
views = st.builds(
    View,
    windows,
    degrees=st.floats(-10, 10),
    quarter_turns=st.integers(0, 3),
    flipped=st.booleans(),
    plain=st.just(False),
)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def columns(width: int = 32, height: int = 32) -> Image.Image:
    """A picture whose grey level is its column's number."""
    return Image.fromarray(np.tile(np.arange(width, dtype=np.uint8), (height, 1))).convert("RGB")


def drawn(image: Image.Image, view: View, square: Square = Square.CROP, size_px: int = 32) -> npt.NDArray[np.uint8]:
    """The view as (S, S, 3), to compare with Pillow's pictures."""
    return render(image, view, size_px=size_px, square=square).transpose(1, 2, 0)


def augmented(window: Window = WHOLE, **changes: Any) -> View:
    return View(window, plain=False, **changes)


@pytest.mark.parametrize("square", Square)
@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("size", [(1, 1), (2, 40), (40, 2), (50, 30), (300, 200)])
def test_a_square_is_channels_first_bytes_in_a_row(square: Square, plain: bool, size: tuple[int, int]) -> None:
    view = View(plain_window(*size, square), plain=plain)
    result = render(Image.new("RGB", size, (255, 127, 0)), view, size_px=32, square=square)
    assert result.shape == (3, 32, 32)
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous
    assert result[:, 16, 16].tolist() == [255, 127, 0]


def test_a_plain_crop_is_pillows_resize_of_that_box() -> None:
    picture = noise(100, 60)
    view = plain_view(100, 60, Square.CROP, crop_share=0.8)
    expected = picture.resize((32, 32), HAMMING, box=(26, 6, 74, 54))
    assert np.array_equal(drawn(picture, view), np.asarray(expected))


def test_a_small_picture_is_enlarged_by_the_bicubic_filter() -> None:
    picture = noise(24, 20)
    expected = picture.resize((32, 32), BICUBIC, box=(2, 0, 22, 20))
    assert np.array_equal(drawn(picture, plain_view(24, 20, Square.CROP, crop_share=1.0)), np.asarray(expected))


def test_a_plain_squash_is_pillows_resize_of_the_whole() -> None:
    picture = noise(100, 60)
    view = plain_view(100, 60, Square.SQUASH, crop_share=1.0)
    assert np.array_equal(drawn(picture, view, Square.SQUASH), np.asarray(picture.resize((32, 32), HAMMING)))


def test_a_plain_pad_is_the_whole_picture_between_two_bars() -> None:
    lying, standing = noise(64, 32), noise(32, 64)
    result = drawn(lying, plain_view(64, 32, Square.PAD, crop_share=1.0), Square.PAD)
    assert np.array_equal(result[8:24], np.asarray(lying.resize((32, 16), HAMMING)))
    assert (np.delete(result, slice(8, 24), axis=0) == FILL).all()
    result = drawn(standing, plain_view(32, 64, Square.PAD, crop_share=1.0), Square.PAD)
    assert np.array_equal(result[:, 8:24], np.asarray(standing.resize((16, 32), HAMMING)))
    assert (np.delete(result, slice(8, 24), axis=1) == FILL).all()


def test_a_plain_pad_of_a_line_still_shows_it() -> None:
    result = drawn(Image.new("RGB", (3000, 1), "white"), plain_view(3000, 1, Square.PAD, crop_share=1.0), Square.PAD)
    white = (result == 255).all(axis=2)
    assert white.sum() == 32
    assert white[15:17].any(axis=0).all()


def test_an_unchanged_view_at_its_own_size_is_the_plain_one() -> None:
    picture = noise(60, 40)
    window = Window(14, 4, 32, 32)
    cut = np.asarray(picture.crop((14, 4, 46, 36)))
    assert np.array_equal(drawn(picture, View(window)), cut)
    assert np.array_equal(drawn(picture, augmented(window)), cut)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_the_matrix_of_an_unchanged_view_is_its_plain_window(scale: int) -> None:
    left, top, right, bottom = plain_window(50 * scale, 32 * scale, Square.CROP).box
    matrix = affine_matrix(Window(left, top, right - left, bottom - top), augmented(), 32)
    assert matrix == (scale, 0, 9 * scale, 0, scale, 0)


@given(views, st.sampled_from([32, 224]))
def test_the_matrix_keeps_the_middle_and_the_area(view: View, size_px: int) -> None:
    a, b, c, d, e, f = affine_matrix(view.window, view, size_px)
    left, top, right, bottom = view.window.box
    half = size_px / 2
    assert (a * half + b * half + c, d * half + e * half + f) == pytest.approx(((left + right) / 2, (top + bottom) / 2))
    area = view.window.width * view.window.height / size_px**2
    assert a * e - b * d == pytest.approx(-area if view.flipped else area)


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("quarter_turns", range(4))
def test_flips_and_quarter_turns_are_pillows(quarter_turns: int, flipped: bool) -> None:
    picture = noise(32, 32)
    clockwise = (None, Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90)[quarter_turns]
    expected = picture if clockwise is None else picture.transpose(clockwise)
    if flipped:
        expected = expected.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    view = augmented(quarter_turns=quarter_turns, flipped=flipped)
    assert np.array_equal(drawn(picture, view), np.asarray(expected))


@pytest.mark.parametrize("degrees", [10.0, -10.0, 3.5])
@pytest.mark.parametrize("square", Square)
def test_a_rotation_is_pillows_and_positive_turns_against_the_clock(degrees: float, square: Square) -> None:
    picture = noise(64, 64)
    expected = np.asarray(picture.rotate(degrees, Image.Resampling.BILINEAR)).astype(int)
    result = drawn(picture, augmented(Window(0, 0, 64, 64), degrees=degrees), square, size_px=64)
    rows, cols = np.indices((64, 64)) - 31.5
    inside = np.hypot(rows, cols) < 30
    assert abs(result - expected)[inside].max() <= 1


def test_a_rotation_of_a_stripe_on_paper() -> None:
    picture = Image.new("RGB", (64, 64), "black")
    picture.paste("white", (0, 31, 64, 33))
    result = drawn(picture, augmented(Window(0, 0, 64, 64), degrees=10.0), size_px=64)[:, :, 0]
    rise = 27.5 * math.tan(math.radians(10))  # columns 4 and 59 lie 27.5 from the middle
    assert abs(int(result[:, 59].argmax()) - (31.5 - rise)) <= 1
    assert abs(int(result[:, 4].argmax()) - (31.5 + rise)) <= 1


@pytest.mark.parametrize("square", [Square.CROP, Square.SQUASH])
@pytest.mark.parametrize("size", [(40, 40), (33, 90), (1, 1), (1, 60), (500, 300)])
def test_a_turned_white_picture_has_no_dark_corner(square: Square, size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, "white")
    for degrees in (-10.0, 10.0):
        assert drawn(picture, augmented(plain_window(*size, square), degrees=degrees), square).min() == 255


def test_beyond_the_border_lies_the_mirrored_picture() -> None:
    row = drawn(columns(), augmented(Window(-8, 0, 32, 32)))[5, :, 0].tolist()
    assert row == [*range(7, -1, -1), *range(24)]
    row = drawn(columns(), augmented(Window(4, 0, 32, 32)))[5, :, 0].tolist()
    assert row == [*range(4, 32), 31, 30, 29, 28]


def test_a_narrow_picture_is_mirrored_as_often_as_needed() -> None:
    row = drawn(columns(width=3), augmented(Window(-5, 0, 32, 32)))[5, :12, 0].tolist()
    assert row == [1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0]  # the picture itself, 0 1 2, stands at 5


def test_padding_fills_beyond_the_border_instead() -> None:
    result = drawn(columns(), augmented(Window(-8, 0, 32, 32)), Square.PAD)
    assert (result[:, :8] == FILL).all()
    assert result[5, 8:, 0].tolist() == list(range(24))


@pytest.mark.parametrize(
    ("level", "brightness", "contrast", "expected"),
    [
        (128, 0.0, 1.0, 128),
        (128, 0.05, 1.0, 141),  # 128 + 12.75
        (128, -0.05, 1.0, 115),  # 128 - 12.75
        (250, 0.05, 1.0, 255),
        (3, -0.05, 1.0, 0),
        (200, 0.0, 1.05, 204),  # 127.5 + 72.5 * 1.05 = 203.6
        (0, 0.0, 0.95, 6),  # 127.5 - 127.5 * 0.95 = 6.4
        (255, 0.05, 0.95, 255),  # 127.5 + 121.1 + 12.75 is beyond white
    ],
)
def test_lighting_on_paper(level: int, brightness: float, contrast: float, expected: int) -> None:
    picture = Image.new("RGB", (32, 32), (level, level, level))
    assert (drawn(picture, augmented(brightness=brightness, contrast=contrast)) == expected).all()


def test_every_level_stays_under_no_lighting() -> None:
    picture = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).convert("RGB")
    assert np.array_equal(drawn(picture, augmented(Window(0, 0, 16, 16)), size_px=16), np.asarray(picture))


def test_a_large_picture_is_averaged_not_sampled() -> None:
    chess = Image.fromarray((np.indices((128, 128)).sum(axis=0) % 2 * 255).astype(np.uint8)).convert("RGB")
    result = drawn(chess, augmented(Window(0, 0, 128, 128)))
    assert abs(result.astype(int) - 127).max() <= 1
    assert np.array_equal(drawn(noise(64, 64), augmented(Window(0, 0, 64, 64))), np.asarray(noise(64, 64).reduce(2)))


def test_a_picture_that_came_in_is_not_changed() -> None:
    picture = noise(40, 30)
    before = picture.tobytes()
    for square in Square:
        drawn(picture, plain_view(40, 30, square, crop_share=1.0), square)
        drawn(picture, augmented(Window(0, 0, 40, 30), degrees=7, brightness=0.05), square)
    assert picture.tobytes() == before
