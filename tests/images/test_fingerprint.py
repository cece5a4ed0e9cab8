"""The cheap measures of a picture are what they say, on pictures that can be computed on paper."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter

from drawn import resized, scene
from unfreeze.images.decode import probe
from unfreeze.images.fingerprint import look_at
from unfreeze.images.look import Look

Encode = Callable[..., bytes]


@pytest.fixture
def look(encode: Encode) -> Callable[..., Look]:
    """What a scan would see of a picture."""

    def measure(image: Image.Image, kind: str = "PNG", **options: object) -> Look:
        data = encode(image, kind, **options)
        return look_at(probe(data, path="a.png"), size_bytes=len(data))

    return measure


def levels(look: Look) -> np.ndarray:
    return np.frombuffer(look.thumbnail, np.uint8).reshape(16, 16)


def test_a_blank_picture(look: Callable[..., Look]) -> None:
    found = look(Image.new("RGB", (100, 80), (10, 20, 30)))
    assert found.colour == pytest.approx((10, 20, 30))
    assert found.border == pytest.approx((10, 20, 30))
    assert (found.spread, found.sharpness) == (0, 0)
    assert set(found.thumbnail) == {levels(found)[0, 0]}
    assert len(found.thumbnail) == 256


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (2, 2), (3, 3), (7, 200), (2000, 90), (64, 64)])
def test_a_picture_of_any_shape(look: Callable[..., Look], size: tuple[int, int]) -> None:
    found = look(Image.new("RGB", size, (200, 100, 50)))
    assert found.colour == pytest.approx((200, 100, 50))
    assert found.border == pytest.approx((200, 100, 50))
    assert len(found.thumbnail) == 256


def test_the_border_is_a_25th_of_the_short_side(look: Callable[..., Look]) -> None:
    image = Image.new("RGB", (200, 100), (255, 0, 0))
    image.paste((0, 0, 255), (4, 4, 196, 96))
    found = look(image)
    assert found.border == pytest.approx((255, 0, 0))
    red = 1 - 192 * 92 / (200 * 100)
    assert found.colour == pytest.approx((255 * red, 0, 255 * (1 - red)), abs=1)


def test_spread_and_sharpness_of_a_chequerboard(look: Callable[..., Look]) -> None:
    board = 255 * (np.indices((64, 64)).sum(axis=0) % 2)
    found = look(Image.fromarray(board.astype(np.uint8)))
    assert found.spread == pytest.approx(127.5)
    assert found.sharpness == pytest.approx(64)  # a Laplacian of +-1020 against levels of +-127.5


def test_noise_has_a_sharpness_of_20(look: Callable[..., Look]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 120)).astype(np.uint8)
    assert look(Image.fromarray(noise)).sharpness == pytest.approx(20, rel=0.1)


def test_a_blurred_picture_is_less_sharp_whatever_its_contrast(look: Callable[..., Look]) -> None:
    sharp = scene(1, (320, 240))
    blurred = sharp.filter(ImageFilter.GaussianBlur(8))
    assert look(blurred).sharpness < look(sharp).sharpness / 4
    dull = sharp.point(lambda level: level // 2 + 60)
    assert look(dull).sharpness == pytest.approx(look(sharp).sharpness, rel=0.05)


@pytest.mark.parametrize("size", [(345, 265), (265, 345)])
def test_thumbnails_of_a_copy_in_another_size_are_not_shifted(look: Callable[..., Look], size: tuple[int, int]) -> None:
    image = scene(2, size)  # a JPEG of 265 pixels is probed at 66.25 pixels, in 67
    whole, small = levels(look(image, "JPEG", quality=90)), levels(look(resized(image, 0.37, 0.37), "JPEG", quality=90))
    assert np.corrcoef(whole.ravel(), small.ravel())[0, 1] > 0.997


def test_the_thumbnail_is_of_the_upright_picture(look: Callable[..., Look]) -> None:
    image = Image.new("L", (64, 64), 0)
    image.paste(255, (0, 0, 64, 32))
    exif = Image.Exif()
    exif[0x0112] = 3
    assert levels(look(image)).mean(axis=1).tolist() == [255] * 8 + [0] * 8
    assert levels(look(image, exif=exif)).mean(axis=1).tolist() == [0] * 8 + [255] * 8
