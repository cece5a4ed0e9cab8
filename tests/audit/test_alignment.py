"""Copies fit on one another whatever was done to them; other pictures do not."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageOps

from drawn import scene
from unfreeze.audit.alignment import align


def grey(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    return scene(seed, size).convert("L")


@pytest.mark.parametrize(
    ("change", "mirrored", "part"),
    [
        (lambda image: image, False, 1.0),
        (lambda image: image.resize((97, 73)), False, 1.0),
        (lambda image: image.resize((240, 240)), False, 1.0),
        (lambda image: image.point(lambda level: level * 0.6 + 30), False, 1.0),
        (ImageOps.mirror, True, 1.0),
        (lambda image: image.crop((40, 20, 300, 220)), False, 260 * 200 / (320 * 240)),
        (lambda image: image.crop((0, 0, 320, 150)), False, 150 / 240),
        (lambda image: ImageOps.mirror(image.crop((40, 20, 300, 220))), True, 260 * 200 / (320 * 240)),
        (lambda image: image.crop((40, 20, 300, 220)).resize((150, 115)), False, 260 * 200 / (320 * 240)),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_copies_fit(change: Callable[[Image.Image], Image.Image], mirrored: bool, part: float, turned: bool) -> None:
    pair = grey(1), change(grey(1))
    found = align(*(reversed(pair) if turned else pair))
    assert found
    assert found.is_same
    assert found.likeness > 0.95
    assert found.mirrored == mirrored
    assert found.part == pytest.approx(part, abs=0.05)
    assert found.is_cropped == (part < 1)


@pytest.mark.parametrize("seed", range(2, 12))
def test_other_pictures_do_not_fit(seed: int) -> None:
    found = align(grey(1), grey(seed))
    assert found is None or not found.is_same


def test_a_white_margin_in_common_is_not_enough() -> None:
    """Objects of other outlines, each alone in the middle of much white."""
    first, second = (Image.new("L", (320, 240), 255) for _ in range(2))
    first.paste(grey(1, (120, 100)), (100, 70))
    second.paste(grey(2, (100, 120)), (110, 60))
    found = align(first, second)
    assert found
    assert found.likeness > 0.5
    assert not found.is_same


def test_blank_pictures_fit_nothing() -> None:
    blank = Image.new("L", (320, 240), 128)
    assert align(blank, blank) is None
    assert align(blank, grey(1)) is None
