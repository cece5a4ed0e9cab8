"""Copies planted among photographs are found again, and the collection's own pictures are not called copies."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.planted_twins import plant, pooled_features
from unfreeze.audit.duplicates import find_duplicates
from unfreeze.images.duplicates import near_pairs
from unfreeze.images.scan import scan_folder

pytestmark = [pytest.mark.photos, pytest.mark.slow]

OWN = ("train/dogs/dog.180.jpg", "train/dogs/dog.74.jpg")
"""The collection has these two itself: one picture, encoded twice."""


def subset(photos: Path, into: Path, each: int) -> Path:
    """Links to the first pictures of each folder of dogscats, and to the two that are one."""
    for folder in sorted((photos / "dogscats").glob("*/*")):
        (into / folder.relative_to(photos / "dogscats")).mkdir(parents=True)
        for path in sorted(folder.iterdir())[:each]:
            (into / path.relative_to(photos / "dogscats")).symlink_to(path)
    for name in OWN:
        if not (into / name).is_symlink():
            (into / name).symlink_to(photos / "dogscats" / name)
    return into


def test_copies_among_photographs(photos: Path, tmp_path: Path) -> None:
    root = tmp_path / "planted"
    planted = plant(subset(photos, tmp_path / "some", 100), root, share=0.25, seed=7)
    table = scan_folder(root, threads=2)
    truth = {frozenset((one.original, one.copy)) for one in planted} | {frozenset(OWN)}
    found = Counter(
        frozenset((pair.first, pair.second)) in truth
        for pair in find_duplicates(table, pooled_features(table), threads=2)
    )
    assert found[True] >= 0.95 * len(truth)
    assert found[False] <= 0.01 * found[True] + 2  # a copy of one of the two is one of the other as well

    whole = {frozenset((one.original, one.copy)) for one in planted if "cropped" not in one.kind}
    near = {frozenset((pair.first, pair.second)) for pair in near_pairs(table.looks)}
    assert len(near & whole) >= 0.95 * len(whole)
    assert len(near - truth) <= 2
