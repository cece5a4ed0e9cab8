"""Near-duplicates by their looks: copies are found, and pictures that only resemble each other are not."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from drawn import brightened, mirrored, reencoded, resized, scene
from unfreeze.images.decode import probe
from unfreeze.images.duplicates import MOST, clusters, near_pairs
from unfreeze.images.fingerprint import look_at
from unfreeze.images.look import Look

Encode = Callable[..., bytes]
BLANK = Look(1, "PNG", "RGB", 1, "", bytes(256), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0, 0.0)


def look(image: Image.Image, encode: Encode) -> Look:
    return look_at(probe(encode(image, "PNG"), path="a.png"), size_bytes=1)


def of_levels(levels: np.ndarray) -> Look:
    return replace(BLANK, thumbnail=np.clip(np.rint(levels), 0, 255).astype(np.uint8).tobytes())


def names(count: int) -> list[str]:
    return [f"{number:03d}" for number in range(count)]


COPIES: dict[str, tuple[Callable[[Image.Image], Image.Image], bool]] = {
    "re-encoded": (reencoded, False),
    "resized": (resized, False),
    "resized to another aspect": (lambda image: resized(image, 0.8, 0.5), False),
    "brightened": (brightened, False),
    "mirrored": (mirrored, True),
    "mirrored and resized": (lambda image: mirrored(resized(image, 0.6, 0.6)), True),
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_found_among_others(encode: Encode, kind: str) -> None:
    copy, turned = COPIES[kind]
    looks = {f"{seed:02d}": look(scene(seed), encode) for seed in range(12)}
    looks |= {f"{seed:02d} copy": look(copy(scene(seed)), encode) for seed in range(6)}
    found = near_pairs(looks)
    assert [(pair.first, pair.second) for pair in found] == [(f"{seed:02d}", f"{seed:02d} copy") for seed in range(6)]
    assert [pair.mirrored for pair in found] == [turned] * 6
    assert all(0.985 <= pair.likeness <= 1.0001 for pair in found)


def test_blank_pictures_are_not_near_duplicates_of_each_other(encode: Encode) -> None:
    looks = {f"{level}": look(Image.new("L", (80, 60), level), encode) for level in range(0, 250, 10)}
    looks["dust"] = look(
        Image.fromarray(np.random.default_rng(0).integers(254, 256, (60, 80)).astype(np.uint8)), encode
    )
    assert near_pairs(looks) == []
    assert set(clusters(looks, {path: path for path in looks}).items()) == {(path, path) for path in looks}


def test_files_of_the_same_bytes_are_a_cluster_even_where_they_are_blank() -> None:
    looks = dict.fromkeys(("a", "b", "c"), BLANK)
    assert clusters(looks, {"a": "22", "b": "11", "c": "22"}) == {"a": "22", "b": "11", "c": "22"}


def test_different_things_on_the_same_white_ground_are_not_near_duplicates(encode: Encode) -> None:
    def product(seed: int) -> Image.Image:
        sheet = Image.new("RGB", (200, 200), "white")
        sheet.paste(scene(seed, (100, 90)), (50, 55))
        return sheet

    looks = {f"{seed}": look(product(seed), encode) for seed in range(30)}
    assert near_pairs(looks) == []
    looks["copy"] = look(reencoded(product(7)), encode)
    assert [(pair.first, pair.second) for pair in near_pairs(looks)] == [("7", "copy")]


def test_one_thing_in_two_colours_is_two_pictures(encode: Encode) -> None:
    def shirt(colour: tuple[int, int, int]) -> Image.Image:
        image = Image.new("RGB", (120, 120), "white")
        draw = ImageDraw.Draw(image)
        draw.polygon([(20, 20), (100, 30), (80, 60), (90, 110), (30, 100), (45, 50)], fill=colour)
        return image

    looks = {"red": look(shirt((200, 0, 0)), encode), "blue": look(shirt((0, 30, 250)), encode)}
    assert near_pairs(looks) == []
    looks["lighter"] = look(brightened(shirt((200, 0, 0))), encode)
    assert [(pair.first, pair.second) for pair in near_pairs(looks)] == [("lighter", "red")]


def test_a_picture_that_is_its_own_mirror_image_is_no_pair() -> None:
    half = np.random.default_rng(0).integers(0, 256, (16, 8))
    look = of_levels(np.hstack([half, half[:, ::-1]]))
    assert near_pairs({"a": look}) == []
    (pair,) = near_pairs({"a": look, "b": look})
    assert (pair.mirrored, round(pair.likeness, 4)) == (False, 1)


def test_pictures_of_one_sky_and_nothing_else_in_common_are_no_pair() -> None:
    sky = np.linspace(20, 230, 16)[:, None] * np.ones(16)
    fine = np.random.default_rng(0).normal(size=(2, 16, 16)) * 7
    looks = {"a": of_levels(sky + fine[0]), "b": of_levels(sky + fine[1])}
    skies = [np.frombuffer(look.thumbnail, np.uint8) for look in looks.values()]
    assert np.corrcoef(skies[0], skies[1])[0, 1] > 0.985
    assert near_pairs(looks) == []
    assert len(near_pairs(looks | {"c": of_levels(sky + fine[0] + 2)})) == 1


def test_what_is_hardly_there_is_not_compared() -> None:
    shade = np.linspace(0, 1, 16)[:, None] * np.linspace(0, 5, 16)
    assert near_pairs({"a": of_levels(100 + shade), "b": of_levels(130 + shade)}) == []
    assert len(near_pairs({"a": of_levels(100 + 4 * shade), "b": of_levels(130 + 4 * shade)})) == 1


def test_mirror_images_are_found_whichever_side_is_darker() -> None:
    """Noise decides which side is, where both are almost alike."""
    random = np.random.default_rng(0)
    looks = {}
    for number in range(40):
        field = random.normal(size=(16, 16))
        field += field[:, ::-1]  # as dark on the left as on the right
        field[:4, 9:12] += 3 * random.normal(size=(4, 3))
        field -= np.arange(16) * (field * (np.arange(16) - 7.5)).sum() / 16 / ((np.arange(16) - 7.5) ** 2).sum()
        levels = 128 + 15 * field
        looks[f"{number:02d}"] = of_levels(levels + random.normal(size=(16, 16)))
        looks[f"{number:02d} turned"] = of_levels(levels[:, ::-1] + random.normal(size=(16, 16)))
    found = {(pair.first, pair.second) for pair in near_pairs(looks) if pair.mirrored}
    assert found == {(f"{number:02d}", f"{number:02d} turned") for number in range(40)}


def film(count: int, step: float) -> list[Look]:
    """Frames that turn from one picture into another, each a little different from the one before."""
    random = np.random.default_rng(1)
    ends = [values - values.mean() for values in random.normal(size=(2, 16, 16))]
    return [
        of_levels(128 + 30 * (np.cos(angle) * ends[0] + np.sin(angle) * ends[1])) for angle in step * np.arange(count)
    ]


def test_a_chain_of_small_changes_ends() -> None:
    looks = dict(zip(names(32), film(32, 0.05), strict=True))  # from one picture to another that is nothing like it
    pairs = {(pair.first, pair.second) for pair in near_pairs(looks)}
    assert all((one, other) in pairs for one, other in zip(names(31), names(32)[1:], strict=True))
    found = clusters(looks, {path: path for path in looks})
    assert len(set(found.values())) > 2
    assert found["000"] == found["005"] == "000"
    assert found["031"] != found["000"]


def test_many_like_frames_are_one_cluster_without_all_their_pairs() -> None:
    looks = dict(zip(names(150), film(150, 0.0005), strict=True))
    found = clusters(looks, {path: path for path in looks})
    assert set(found.values()) == {"000"}
    assert len(near_pairs(looks)) <= 150 * 2 * MOST


def content(path: str) -> str:
    return blake2b(path.encode(), digest_size=8).hexdigest()


@st.composite
def collections(draw: st.DrawFn) -> dict[str, Look]:
    """Pictures, of which some are copies with noise, mirrored or not."""
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    originals = random.integers(0, 256, (draw(st.integers(1, 6)), 16, 16))
    found = {f"{number}": of_levels(levels) for number, levels in enumerate(originals)}
    for copy, (number, turned) in enumerate(
        draw(st.lists(st.tuples(st.integers(0, len(originals) - 1), st.booleans()), max_size=8))
    ):
        levels = originals[number][:, ::-1] if turned else originals[number]
        found[f"{number} copy {copy}"] = of_levels(levels + random.integers(-3, 4, (16, 16)))
    return found


@given(collections())
@settings(deadline=None)
def test_copies_and_nothing_else_are_clusters_named_after_their_first_content(looks: dict[str, Look]) -> None:
    found = clusters(looks, {path: content(path) for path in looks})
    for path in looks:
        family = [other for other in looks if other.split()[0] == path.split()[0]]
        assert found[path] == min(map(content, family))


@given(collections(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_and_names_do_not_matter(looks: dict[str, Look], mixer: object) -> None:
    contents = {path: content(path) for path in looks}
    found = clusters(looks, contents)
    paths = list(looks)
    mixer.shuffle(paths)  # type: ignore[attr-defined]
    renamed = {f"{number:02d}": path for number, path in enumerate(paths)}
    again = clusters(
        {new: looks[path] for new, path in renamed.items()}, {new: contents[path] for new, path in renamed.items()}
    )
    assert {path: again[new] for new, path in renamed.items()} == found


def test_nothing_of_nothing() -> None:
    assert near_pairs({}) == []
    assert clusters({}, {}) == {}
