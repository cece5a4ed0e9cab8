"""Strong changes, beside torchvision's on the same picture, and what decides them."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import InterpolationMode, v2

from unfreeze.transforms.changes import (
    BOTH_WAYS,
    CHANGES,
    GREY,
    LEVELS,
    RAND_LEVEL,
    Change,
    change_draws,
    changed,
    rand_changes,
    trivial_changes,
)
from unfreeze.transforms.transform import Transform
from unfreeze.transforms.views import Augment

STRONG = [Augment.TRIVIAL, Augment.RAND]


def picture(side: int = 224) -> Image.Image:
    generator = np.random.default_rng(0)
    return Image.fromarray(generator.integers(0, 256, (side // 8, side // 8, 3), np.uint8)).resize((side, side))


def torchvisions(image: Image.Image, change: Change) -> Image.Image:
    kind = v2.TrivialAugmentWide(interpolation=InterpolationMode.BILINEAR, fill=GREY)
    strength = change.strength / 255 if change.name == "Solarize" else change.strength
    found: Image.Image = kind._apply_image_or_video_transform(
        image, change.name, strength, interpolation=InterpolationMode.BILINEAR, fill=kind._fill
    )
    return found


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_torchvisions_to_the_pixel(name: str, sign: int, share: float) -> None:
    whole = {"Posterize": 2 + round(6 * share), "Solarize": round(255 * share), "Rotate": 135 * share}
    strength = whole.get(name, (32 if name.startswith("Translate") else 0.99) * share)
    change = Change(name, sign * strength if name in BOTH_WAYS else strength)
    found, expected = np.asarray(changed(picture(), [change]), int), np.asarray(torchvisions(picture(), change), int)
    assert abs(found - expected).max() <= (1 if "Shear" in name else 0)  # torchvision takes a tangent of an arc tangent


def spaces() -> list[tuple[Any, Any]]:
    rand = v2.RandAugment(num_ops=2, magnitude=RAND_LEVEL)
    return [(trivial_changes, v2.TrivialAugmentWide()), (rand_changes, rand)]


@pytest.mark.parametrize(("make", "theirs"), spaces())
def test_names_strengths_and_directions_are_torchvisions(make: Any, theirs: Any) -> None:
    space = theirs._AUGMENTATION_SPACE
    assert list(CHANGES) == list(space)
    for place, (name, (strengths, both)) in enumerate(space.items()):
        assert (name in BOTH_WAYS) is both
        listed = strengths(LEVELS, 224, 224)
        for level in range(LEVELS) if make is trivial_changes else (RAND_LEVEL,):
            draws = ((place + 0.5) / len(space), (level + 0.5) / LEVELS, 0.9) * 2
            found = make(draws, size_px=224)[0]
            expected = 0.0 if listed is None else float(listed[level])
            assert found.name == name
            assert found.strength == pytest.approx(expected * (255 if name == "Solarize" else 1), abs=1e-4)
            opposite = make((*draws[:2], 0.1) * 2, size_px=224)[0]
            assert opposite.strength == (-found.strength if both else found.strength)


def test_translations_grow_with_the_square() -> None:
    place = (list(CHANGES).index("TranslateX") + 0.5) / len(CHANGES)
    assert trivial_changes((place, 0.999, 0.9), size_px=448)[0] == Change("TranslateX", 64.0)


@pytest.mark.parametrize("augment", STRONG)
def test_a_view_is_decided_by_seed_content_and_number_alone(augment: Augment) -> None:
    transform = Transform(size_px=64, augment=augment, seed=3)
    first = transform(picture(), content="ab", number=2)
    torch.manual_seed(1)
    np.random.seed(1)
    transform(picture(), content="cd", number=1)
    assert np.array_equal(transform(picture(), content="ab", number=2), first)
    assert first.shape == (3, 64, 64)
    views = [transform.view(224, 224, content="ab", number=number) for number in range(1, 9)]
    assert len({view.changes for view in views}) > 4
    other = Transform(size_px=64, augment=augment, seed=4).view(224, 224, content="ab", number=2)
    assert other.changes != transform.view(224, 224, content="ab", number=2).changes


@given(st.integers(0, 2**63), st.text("0123456789abcdef", max_size=32), st.integers(1, 1000))
def test_every_view_can_be_drawn_from_its_numbers(seed: int, content: str, number: int) -> None:
    draws = change_draws(seed, content, number)
    assert all(0 <= draw < 1 for draw in draws)
    assert len(trivial_changes(draws, size_px=64)) == 1
    assert len(rand_changes(draws, size_px=64)) == 2


def test_all_kinds_come_as_often() -> None:
    names = Counter(
        change.name for number in range(2800) for change in rand_changes(change_draws(0, "ab", number), size_px=64)
    )
    assert set(names) == set(CHANGES)
    assert all(abs(count - 400) < 95 for count in names.values())  # five standard deviations


@pytest.mark.parametrize("augment", STRONG)
def test_geometry_is_that_of_side_on_and_the_plain_view_is_as_ever(augment: Augment) -> None:
    strong, mild = Transform(size_px=64, augment=augment), Transform(size_px=64)
    views = [transform.view(300, 200, content="ab", number=1) for transform in (strong, mild)]
    assert views[0].window == views[1].window
    assert (views[0].degrees, views[0].flipped) == (views[1].degrees, views[1].flipped)
    assert views[0].changes
    assert not views[1].changes
    assert np.array_equal(strong(picture()), mild(picture()))
    assert strong.key(0) == mild.key(0)
    assert strong.key(1) != mild.key(1)


@pytest.mark.parametrize("augment", list(Augment))
def test_answers_are_averaged_over_mild_views(augment: Augment) -> None:
    tested = Transform(size_px=64, augment=augment).tested
    assert tested.augment is (Augment.SIDE_ON if augment in STRONG else augment)
    assert not tested.view(64, 64, content="ab", number=1).changes
    assert Transform.from_dict(tested.to_dict()) == tested
