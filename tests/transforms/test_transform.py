"""The whole way from a picture and a view number to a square, and its name."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from unfreeze.errors import SettingsError
from unfreeze.images.decode import decode
from unfreeze.transforms.squares import Square, Window
from unfreeze.transforms.transform import Transform
from unfreeze.transforms.views import Augment

CONTENT = "00112233445566778899aabbccddeeff"
TRAINING = [Augment.SIDE_ON, Augment.TOP_DOWN, Augment.UPRIGHT]

transforms = st.builds(
    Transform,
    size_px=st.integers(32, 512),
    square=st.sampled_from(Square),
    crop_share=st.floats(0.01, 1),
    augment=st.sampled_from(Augment),
    seed=st.integers(0, 2**32),
)
numbers = st.integers(1, 100)


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize("size_px", [0, -1, 1, 31])
def test_a_square_that_is_too_small_is_an_error(size_px: int) -> None:
    message = rf"size_px is {size_px}; a network needs squares of at least 32 pixels \(--size 32\)"
    with pytest.raises(SettingsError, match=message) as caught:
        Transform(size_px=size_px)
    assert caught.value.subject == "size_px"
    assert Transform(size_px=32).size_px == 32


@pytest.mark.parametrize("crop_share", [0.0, -0.5, 1.001, float("nan"), float("inf")])
def test_a_crop_share_out_of_range_is_an_error(crop_share: float) -> None:
    with pytest.raises(SettingsError, match=r"crop_share is .*; it must lie above 0 and not above 1") as caught:
        Transform(size_px=64, crop_share=crop_share)
    assert caught.value.subject == "crop_share"
    assert Transform(size_px=64, crop_share=1.0).crop_share == 1


def test_view_0_is_the_plain_window_resized() -> None:
    picture = noise(100, 60)
    transform = Transform(size_px=32, crop_share=0.8)
    assert transform.window(100, 60) == Window(26, 6, 48, 48)
    expected = picture.resize((32, 32), Image.Resampling.HAMMING, box=(26, 6, 74, 54))
    assert np.array_equal(transform(picture), np.asarray(expected).transpose(2, 0, 1))


@pytest.mark.parametrize("augment", TRAINING)
@pytest.mark.parametrize("square", Square)
def test_views_are_decided_by_seed_content_and_number(square: Square, augment: Augment) -> None:
    picture = noise(80, 60)
    transform = Transform(size_px=32, square=square, augment=augment)
    view_1 = transform(picture, content=CONTENT, number=1)
    assert np.array_equal(transform(picture.copy(), content=CONTENT, number=1), view_1)
    others = [
        transform(picture),
        transform(picture, content=CONTENT, number=2),
        transform(picture, content="other", number=1),
        replace(transform, seed=1)(picture, content=CONTENT, number=1),
    ]
    assert not any(np.array_equal(other, view_1) for other in others)


def test_many_views_of_one_picture_all_differ() -> None:
    transform = Transform(size_px=32)
    views = {transform.view(80, 60, content=CONTENT, number=number) for number in range(50)}
    assert len(views) == 50


@given(transforms, st.integers(1, 3000), st.integers(1, 3000), numbers)
def test_without_augmentation_every_view_is_plain(transform: Transform, width: int, height: int, number: int) -> None:
    plain = replace(transform, augment=Augment.NONE)
    assert plain.is_plain(number)
    assert plain.view(width, height, content=CONTENT, number=number) == plain.view(width, height)
    assert plain.view(width, height).plain
    assert plain.view(width, height) == transform.view(width, height)


@given(transforms, numbers)
def test_only_view_0_is_plain_with_augmentation(transform: Transform, number: int) -> None:
    assert transform.is_plain(0)
    assert transform.is_plain(number) is (transform.augment is Augment.NONE)
    assert transform.view(9, 7, content=CONTENT, number=number).plain is transform.is_plain(number)


def test_no_augmentation_draws_the_plain_pixels() -> None:
    picture, transform = noise(50, 40), Transform(size_px=32, augment=Augment.NONE)
    assert np.array_equal(transform(picture, content=CONTENT, number=3), transform(picture))


@given(transforms, st.sampled_from(Augment), st.integers(0, 99))
def test_the_key_of_view_0_is_the_same_for_any_seed_and_augmentation(
    transform: Transform, augment: Augment, seed: int
) -> None:
    assert replace(transform, augment=augment, seed=seed).key(0) == transform.key(0)
    assert replace(transform, augment=Augment.NONE, seed=seed).key(7) == transform.key(0)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("change", [{"size_px": 65}, {"square": Square.PAD}, {"crop_share": 0.9}])
def test_the_key_differs_by_whatever_decides_the_pixels(change: dict[str, Any], number: int) -> None:
    transform = Transform(size_px=64)
    assert replace(transform, **change).key(number) != transform.key(number)


@pytest.mark.parametrize("change", [{"seed": 1}, {"augment": Augment.TOP_DOWN}, {"augment": Augment.UPRIGHT}])
def test_the_key_of_a_training_view_differs_by_seed_and_augmentation(change: dict[str, Any]) -> None:
    transform = Transform(size_px=64)
    assert replace(transform, **change).key(1) != transform.key(1)


def test_the_keys_of_all_views_differ() -> None:
    keys = {Transform(size_px=64).key(number) for number in range(20)}
    assert len(keys) == 20
    assert all(len(key) == 32 and int(key, 16) >= 0 for key in keys)


def test_the_key_is_the_same_on_every_machine() -> None:
    assert Transform(size_px=64).key(0) == "34872b4a9d5efbed9369ce1ce1ba9414"
    assert Transform(size_px=64).key(1) == "6670eaa175f7f12aacd67cdacc80e271"


@given(transforms)
def test_settings_survive_json(transform: Transform) -> None:
    read = Transform.from_dict(json.loads(json.dumps(transform.to_dict())))
    assert read == transform
    assert (type(read.square), type(read.augment)) == (Square, Augment)
    assert read.key(3) == transform.key(3)


def test_settings_that_cannot_be_used_are_not_read() -> None:
    with pytest.raises(SettingsError, match="size_px is 8"):
        Transform.from_dict(Transform(size_px=64).to_dict() | {"size_px": 8})
    with pytest.raises(ValueError, match="'round' is not a valid Square"):
        Transform.from_dict(Transform(size_px=64).to_dict() | {"square": "round"})


@pytest.mark.parametrize("augment", Augment)
@pytest.mark.parametrize("square", Square)
@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2000, 1), (2, 2000), (31, 33), (3000, 2000)])
def test_pictures_of_any_shape_become_squares(size: tuple[int, int], square: Square, augment: Augment) -> None:
    transform = Transform(size_px=64, square=square, augment=augment)
    picture = Image.new("RGB", size, "white")
    for number in (0, 1):
        result = transform(picture, content=CONTENT, number=number)
        assert result.shape == (3, 64, 64)
        assert result.dtype == np.uint8
        if square is not Square.PAD:
            assert result.min() >= 230  # white, but for the lighting


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 120), st.integers(1, 120), st.sampled_from(Square), st.sampled_from(TRAINING), st.integers(0, 2**20)
)
def test_a_picture_of_one_colour_stays_one(
    width: int, height: int, square: Square, augment: Augment, seed: int
) -> None:
    transform = Transform(size_px=32, square=square, augment=augment, seed=seed)
    # The grey that padding fills with, so that bars do not show either.
    result = transform(Image.new("RGB", (width, height), (127, 127, 127)), content=CONTENT, number=1)
    assert result.min() == result.max()
    assert abs(int(result[0, 0, 0]) - 127) <= 13


@pytest.mark.parametrize("number", range(4))
def test_a_picture_of_the_short_side_needs_no_more_for_any_window(number: int) -> None:
    transform = Transform(size_px=64, crop_share=0.875)
    side = transform.short_side_px
    assert side == 147  # 2 * 64 / 0.875, rounded up
    window = transform.view(side, 2 * side, content="picture", number=number).window
    assert min(window.width, window.height) >= 2 * 64


@pytest.mark.photos
def test_a_jpeg_decoded_at_half_its_size_gives_the_same_square_within_the_tolerance(photos: Path) -> None:
    transform = Transform(size_px=64, crop_share=0.875)
    differences = []
    for path in sorted(photos.glob("dogscats/train/*/*.jpg"))[::40]:
        data = path.read_bytes()
        whole, reduced = (decode(data, path=path, short_side_px=px) for px in (None, transform.short_side_px))
        if reduced.size != whole.size:
            differences.append(float(np.abs(transform(whole).astype(int) - transform(reduced)).mean()))
    assert len(differences) > 10
    assert np.mean(differences) < 2
