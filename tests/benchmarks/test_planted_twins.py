"""Planted copies are what they are said to be, and the figures are counted right."""

from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.planted_twins import KINDS, Planted, count, is_whole, plant
from drawn import scene
from unfreeze.evaluation.metrics import wilson_interval


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for split, start in (("train", 0), ("val", 20)):
        for name in ("one", "two"):
            (tmp_path / "source" / split / name).mkdir(parents=True)
            for seed in range(start, start + 10):
                scene(seed).save(tmp_path / "source" / split / name / f"{seed:02d}.png")
    (tmp_path / "source" / "train" / "one" / "broken.png").write_text("words")
    return tmp_path / "source"


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_copies_lie_on_the_other_side_in_equal_parts(source: Path, tmp_path: Path) -> None:
    planted = plant(source, tmp_path / "into", share=0.5, seed=1)
    assert len(planted) == 20
    assert Counter(one.kind for one in planted) == dict.fromkeys(KINDS, 4)
    for one in planted:
        assert one.original.split("/")[0] != one.copy.split("/")[0]
        assert one.original.split("/")[1] == one.copy.split("/")[1]
        assert not one.original.endswith("broken.png")
        sizes = [size_of(tmp_path / "into" / path) for path in (one.original, one.copy)]
        area = sizes[1][0] * sizes[1][1] / (240 * 180)
        assert sizes[0] == (240, 180)
        if "cropped" in one.kind:
            assert 0.59 < area < 0.91
        elif one.kind == "resized":
            assert 0.3**2 * 0.98 < area < 0.7**2 * 1.02
        else:
            assert area == 1
    assert sorted(path.name for path in source.rglob("*") if path.is_file()) == sorted(
        path.name for path in (tmp_path / "into").rglob("*") if path.is_symlink()
    )


def test_another_seed_plants_others(source: Path, tmp_path: Path) -> None:
    found = [plant(source, tmp_path / name, share=0.2, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    assert found[0] == found[1] != found[2]


def test_what_was_found_is_counted() -> None:
    planted = [Planted("a", "copy-a", "resized"), Planted("b", "copy-b", "cropped")]
    counts: Counter[str] = Counter()
    strangers: dict[frozenset[str], str] = {}
    found = [("a", "copy-a", "resized"), ("c", "d", "cropped"), ("copy-b", "e", "mirrored"), ("copy-b", "copy-a", "x")]
    count(planted, found, counts, strangers)
    assert counts["found resized"] == counts["planted resized"] == counts["planted cropped"] == 1
    assert counts["found cropped"] == 0
    assert counts["pairs"] == 4
    assert counts["called resized, resized"] == 1
    assert strangers == {frozenset("cd"): "cropped", frozenset("be"): "mirrored", frozenset("ab"): "x"}


def test_the_interval_is_wilsons() -> None:
    assert wilson_interval(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert wilson_interval(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_a_file_that_does_not_decode_is_not_copied(source: Path) -> None:
    assert not is_whole(source / "train" / "one" / "broken.png")
    assert is_whole(source / "train" / "one" / "00.png")
