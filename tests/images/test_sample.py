"""The digits, as scikit-learn has them."""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from unfreeze.images.sample import DIGITS, write_digits


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_digits(tmp_path_factory.mktemp("samples"))


def state(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.relative_to(folder).as_posix(): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*.png"))
    }


def test_there_are_1797_pictures_in_ten_classes(digits: Path) -> None:
    files = [path for path in digits.rglob("*") if path.is_file()]
    assert len(files) == DIGITS == 1797
    counts = Counter(path.parent.name for path in files)
    assert counts == {str(digit): count for digit, count in enumerate(np.bincount(load_digits().target))}


def test_grey_levels_are_spread_over_the_whole_range(digits: Path) -> None:
    scans = load_digits()
    for number in (0, 9, 1796):
        with Image.open(digits / str(scans.target[number]) / f"{number:04d}.png") as picture:
            assert (picture.mode, picture.size) == ("L", (8, 8))
            np.testing.assert_array_equal(np.asarray(picture), np.rint(scans.images[number] * 15.9375))


def test_nothing_but_the_collection_is_left_beside_it(digits: Path) -> None:
    assert [path.name for path in digits.parent.iterdir()] == ["digits"]


def test_a_whole_collection_is_left_alone_and_an_incomplete_one_mended(digits: Path) -> None:
    whole = state(digits)
    assert write_digits(digits.parent) == digits
    assert state(digits) == whole
    (digits / "0" / "0000.png").unlink()
    write_digits(digits.parent)
    assert {path: content for path, (content, _) in state(digits).items()} == {
        path: content for path, (content, _) in whole.items()
    }
    assert [path.name for path in digits.parent.iterdir()] == ["digits"]
