"""Embedded colour profiles, against colours computed on paper from profiles that are written by hand."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from icc import cmyk_profile, grey_profile, rgb_profile, srgb_level
from unfreeze.images import profiles
from unfreeze.images.decode import decode, probe
from unfreeze.images.modes import to_rgb

Encode = Callable[..., bytes]

SWAPPED = rgb_profile("bgr")
LINEAR = rgb_profile(gamma=1.0)
OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 100, "subsampling": 0},
    "PNG": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
}


def flat(mode: str, colour: int | tuple[int, ...], size: tuple[int, int] = (16, 16)) -> Image.Image:
    return Image.new(mode, size, colour)


def colour(data: bytes) -> list[int]:
    """The colour of the middle; probe and decode must agree on it."""
    decoded, probed = decode(data, path="picture"), probe(data, path="picture").small
    found, small = (np.asarray(image)[image.height // 2, image.width // 2].tolist() for image in (decoded, probed))
    np.testing.assert_allclose(found, small, atol=1)
    return [int(level) for level in found]


@pytest.mark.parametrize("name", OPTIONS)
def test_colours_of_a_profile_become_srgb(encode: Encode, name: str) -> None:
    data = encode(flat("RGB", (200, 100, 50)), name, icc_profile=SWAPPED, **OPTIONS[name])
    np.testing.assert_allclose(colour(data), (50, 100, 200), atol=2)


@pytest.mark.parametrize("level", [0, 1, 14, 55, 128, 254, 255])
def test_light_is_given_srgbs_curve(encode: Encode, level: int) -> None:
    data = encode(flat("RGB", (level, level, level)), "PNG", icc_profile=LINEAR)
    np.testing.assert_allclose(colour(data), [srgb_level(level / 255)] * 3, atol=1)


def test_a_grey_profile_holds_for_grey(encode: Encode) -> None:
    assert round(srgb_level(55 / 255)) == 128
    np.testing.assert_allclose(colour(encode(flat("L", 55), "PNG", icc_profile=grey_profile(1.0))), [128] * 3, atol=1)


def test_a_cmyk_profile_says_how_light_ink_is(encode: Encode) -> None:
    # White paper; full cyan alone has L* = 100 * 128 / 255 = 50.2, which is level 119; all else is black.
    ink = cmyk_profile(lambda c, m, y, k: 255 if not (c or m or y or k) else 128 if (c, m, y, k) == (1, 0, 0, 0) else 0)
    assert round(srgb_level(((100 * 128 / 255 + 16) / 116) ** 3)) == 119
    for pixel, level in [((0, 0, 0, 0), 255), ((255, 0, 0, 0), 119), ((0, 0, 0, 255), 0)]:
        data = encode(flat("CMYK", pixel), "JPEG", quality=100, icc_profile=ink)
        np.testing.assert_allclose(colour(data), [level] * 3, atol=3)


def test_colours_are_converted_before_they_are_laid_over_white(encode: Encode) -> None:
    data = encode(flat("RGBA", (200, 100, 50, 128)), "PNG", icc_profile=SWAPPED)
    np.testing.assert_allclose(colour(data), (152, 177, 227), atol=1)  # (128 * 50 + 127 * 255) / 255 = 152.1
    data = encode(flat("LA", (55, 128)), "PNG", icc_profile=grey_profile(1.0))
    np.testing.assert_allclose(colour(data), [191] * 3, atol=1)  # (128 * 128 + 127 * 255) / 255 = 191.3


def test_palettes_have_the_profile_of_their_colours(encode: Encode) -> None:
    picture = flat("P", 1)
    picture.putpalette([0, 0, 0, 200, 100, 50])
    np.testing.assert_allclose(colour(encode(picture, "PNG", icc_profile=SWAPPED)), (50, 100, 200), atol=1)
    clear = encode(picture, "PNG", icc_profile=SWAPPED, transparency=b"\xff\x80")
    np.testing.assert_allclose(colour(clear), (152, 177, 227), atol=1)


@pytest.mark.parametrize(
    "profile",
    [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), rgb_profile(), None],
    ids=["LittleCMS", "by hand", "none"],
)
def test_what_is_srgb_already_is_left_as_it_is(profile: bytes | None) -> None:
    picture = flat("RGB", (200, 100, 50))
    picture.info["icc_profile"] = profile
    assert to_rgb(picture) is picture


def test_grey_on_srgbs_curve_is_left_as_it_is(encode: Encode) -> None:
    for level in (3, 55, 200):
        assert colour(encode(flat("L", level), "PNG", icc_profile=grey_profile())) == [level] * 3


@pytest.mark.parametrize(
    ("mode", "pixel", "profile"),
    [
        ("RGB", (200, 100, 50), b"garbage"),
        ("RGB", (200, 100, 50), SWAPPED[:200]),
        ("RGB", (200, 100, 50), SWAPPED[:128] + bytes(1000)),
        ("RGB", (200, 100, 50), grey_profile(1.0)),
        ("RGB", (200, 100, 50), ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()),
        ("L", 55, LINEAR),
        ("L", 55, b"garbage"),
    ],
)
def test_a_damaged_or_mismatching_profile_is_passed_over(
    encode: Encode, mode: str, pixel: int | tuple[int, int, int], profile: bytes
) -> None:
    data = encode(flat(mode, pixel), "PNG", icc_profile=profile)
    assert colour(data) == list(pixel if isinstance(pixel, tuple) else [pixel] * 3)


def test_sixteen_bit_grey_keeps_its_rule_whatever_its_profile(encode: Encode) -> None:
    picture = Image.fromarray(np.full((16, 16), 257 * 55, np.uint16))
    assert colour(encode(picture, "TIFF", icc_profile=grey_profile(1.0))) == [55] * 3


def test_a_profile_of_megabytes_is_passed_over(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(flat("RGB", (200, 100, 50)), "PNG", icc_profile=SWAPPED)
    monkeypatch.setattr(profiles, "MOST_BYTES", len(SWAPPED) - 1)
    assert colour(data) == [200, 100, 50]
    monkeypatch.setattr(profiles, "MOST_BYTES", len(SWAPPED))
    np.testing.assert_allclose(colour(data), (50, 100, 200), atol=1)


def test_a_jpeg_at_reduced_scale_is_converted_too(encode: Encode) -> None:
    data = encode(flat("RGB", (200, 100, 50), (800, 400)), "JPEG", icc_profile=SWAPPED, **OPTIONS["JPEG"])
    image = decode(data, path="a.jpg", short_side_px=100)
    assert image.size == (200, 100)
    np.testing.assert_allclose(np.asarray(image)[50, 50], (50, 100, 200), atol=2)


def test_the_profile_is_not_handed_on_to_be_applied_again(encode: Encode) -> None:
    data = encode(flat("RGB", (200, 100, 50)), "PNG", icc_profile=SWAPPED)
    again = encode(decode(data, path="a.png"), "PNG")
    assert colour(again) == colour(data)


def test_a_known_profile_is_not_read_again(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(flat("RGB", (1, 2, 3)), "PNG", icc_profile=rgb_profile("gbr"))
    before = colour(data)
    monkeypatch.setattr(profiles, "_build", None)
    assert colour(data) == before


def test_threads_share_a_conversion(encode: Encode) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    files = [encode(noise, "PNG", icc_profile=rgb_profile(order)) for order in ("bgr", "grb", "rbg")] * 20
    alone = [decode(data, path="a").tobytes() for data in files]
    profiles._conversion.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda data: decode(data, path="a").tobytes(), files))
    assert together == alone
    np.testing.assert_allclose(
        np.frombuffer(alone[0], np.uint8).reshape(64, 64, 3), np.asarray(noise)[:, :, ::-1], atol=2
    )
