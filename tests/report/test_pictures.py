"""Thumbnails inside the page."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from unfreeze.report.pictures import outlined, square_uri, thumbnail
from unfreeze.transforms.squares import Window


def shown(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/jpeg;base64,"))))


@pytest.mark.parametrize(("size", "expected"), [((320, 80), (160, 40)), ((8, 8), (160, 160)), ((1, 1000), (1, 160))])
def test_a_thumbnail_keeps_the_pictures_shape(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert shown(thumbnail(Image.new("RGB", size))).size == expected


def test_the_window_is_drawn_where_it_lies() -> None:
    pixels = np.asarray(shown(outlined(Image.new("RGB", (320, 160)), Window(80, 0, 160, 160))))
    assert pixels[80, 81].astype(int).sum() > 300
    assert pixels[80, 40].astype(int).sum() < 60


def test_a_square_is_shown_as_it_is() -> None:
    square = np.full((3, 40, 40), [[[250]], [[10]], [[10]]], np.uint8)
    assert np.abs(np.asarray(shown(square_uri(square))).astype(int) - [250, 10, 10]).max() < 12
