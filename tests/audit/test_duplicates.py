"""Copies in a collection are found, named by what was done to them, and nothing else is."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from drawn import scene
from unfreeze.audit.duplicates import find_duplicates
from unfreeze.images.scan import scan_folder
from unfreeze.images.table import ImageTable


def colourful(seed: int) -> Image.Image:
    return scene(100 * seed, (320, 240))


@pytest.fixture
def table(tmp_path: Path) -> ImageTable:
    """Twenty scenes and copies of some: the same file, resized, cropped, mirrored and encoded again."""
    for number in range(20):
        path = tmp_path / f"pictures/{'ab'[number % 2]}/{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        colourful(number).save(path)
    into = tmp_path / "pictures/a"
    shutil.copy(into / "00.png", into / "same.png")
    colourful(2).resize((200, 150)).save(into / "small.png")
    colourful(4).crop((30, 10, 310, 200)).save(into / "part.png")
    ImageOps.mirror(colourful(6)).save(into / "mirror.png")
    colourful(8).save(into / "again.jpg", quality=40)
    return scan_folder(tmp_path / "pictures")


def features(table: ImageTable) -> np.ndarray:
    """What stands for a body's activations: a few numbers of each scene, a little moved for its copies."""
    names = {"same": 0, "small": 2, "part": 4, "mirror": 6, "again": 8}
    generator = np.random.default_rng(0)
    scenes, noise = generator.normal(size=(20, 32)), generator.normal(size=(len(table.rows), 32))
    stems = [Path(row.path).stem for row in table.rows]
    numbers = [int(stem) if stem.isdecimal() else names[stem] for stem in stems]
    return scenes[numbers].astype(np.float32) + 0.1 * noise.astype(np.float32)


def test_every_copy_is_found_and_named_and_nothing_else(table: ImageTable) -> None:
    done: list[tuple[int, int]] = []
    found = find_duplicates(table, features(table), threads=2, progress=lambda *counts: done.append(counts))
    assert {(pair.first, pair.second): pair.kind for pair in found} == {
        ("a/00.png", "a/same.png"): "same file",
        ("a/02.png", "a/small.png"): "resized",
        ("a/04.png", "a/part.png"): "cropped",
        ("a/06.png", "a/mirror.png"): "mirrored",
        ("a/08.png", "a/again.jpg"): "re-encoded",
    }
    assert all(0.9 < pair.likeness <= 1 for pair in found)
    assert done[-1][0] == done[-1][1] > 0


def test_what_the_scan_saw_finds_copies_that_the_body_does_not(table: ImageTable) -> None:
    blind = np.eye(len(table.rows), dtype=np.float32)
    found = {(pair.first, pair.second) for pair in find_duplicates(table, blind)}
    assert ("a/02.png", "a/small.png") in found
    assert ("a/06.png", "a/mirror.png") in found
    assert ("a/04.png", "a/part.png") not in found


def test_a_picture_that_is_gone_costs_its_pairs_alone(table: ImageTable) -> None:
    (table.root / "a/small.png").unlink()
    assert len(find_duplicates(table, features(table))) == 4
