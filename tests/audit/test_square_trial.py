"""Which pictures are compared, in which folds, and what their differences are worth."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from unfreeze.audit.square_trial import SquareTrial, obstacle, trial_rows
from unfreeze.evaluation.paired import paired_interval
from unfreeze.images.content import content_hash
from unfreeze.images.storage import FolderStorage
from unfreeze.images.table import ImageRow, ImageTable, Split
from unfreeze.transforms.squares import Square


def row(name: str, label: int, *, split: Split = "train", content: str = "", group: str = "") -> ImageRow:
    return ImageRow(name, (label,), split, content_hash((content or name).encode()), 40, 20, group)


def table(*rows: ImageRow) -> ImageTable:
    return ImageTable(Path("x"), ("a", "b", "c"), tuple(rows), FolderStorage(Path("x")))


def test_classes_are_taken_alike_as_far_as_there_are_pictures() -> None:
    rows = [row(f"{label}/{n}", label) for label, count in enumerate((50, 20, 4)) for n in range(count)]
    chosen = trial_rows(table(*rows), sample=30)
    assert Counter(found.label for found in chosen) == {0: 13, 1: 13, 2: 4}
    assert chosen == trial_rows(table(*reversed(rows)), sample=30)
    assert len(trial_rows(table(*rows), sample=1000)) == 74


def test_a_sample_is_part_of_a_larger_one_and_names_have_no_say() -> None:
    rows = [row(f"{n}", n % 2) for n in range(100)]
    renamed = [row(f"other{99 - n}", n % 2, content=f"{n}") for n in range(100)]
    small, large = (trial_rows(table(*rows), sample=sample) for sample in (20, 40))
    assert set(small) < set(large)
    assert [r.content for r in small] == [r.content for r in trial_rows(table(*renamed), sample=20)]


def test_the_test_split_is_left_alone_and_a_picture_is_taken_once() -> None:
    rows = [row("a", 0), row("b", 1, split="valid"), row("c", 0, split="test"), row("d", 1, content="a")]
    assert {found.path for found in trial_rows(table(*rows), sample=100)} == {"a", "b"}


@pytest.mark.parametrize(
    ("counts", "group", "words"),
    [
        ((5, 5), "", ""),
        ((9, 5, 1), "", ""),
        ((9, 4), "", "of 13 pictures, one class has 5 different ones where two classes need them; add pictures"),
        ((4, 4, 4), "", "of 12 pictures, no class has 5 different ones"),
        ((9, 9), "all", "of 18 pictures, no class has 5 different ones"),
    ],
)
def test_too_few_pictures_cannot_be_compared(counts: tuple[int, ...], group: str, words: str) -> None:
    rows = [row(f"{label}/{n}", label, group=group) for label, count in enumerate(counts) for n in range(count)]
    assert obstacle(rows).startswith(words)
    assert bool(obstacle(rows)) == bool(words)


def trial_of(right: dict[Square, list[bool]]) -> SquareTrial:
    rows = tuple(row(str(n), n % 2) for n in range(len(right[Square.CROP])))
    predicted = {
        square: np.array([r.label if good else 1 - r.label for r, good in zip(rows, goods, strict=True)])
        for square, goods in right.items()
    }
    return SquareTrial(rows=rows, predicted=predicted)


def test_differences_are_of_the_same_pictures_and_held_against_the_number_of_pairs() -> None:
    # 6 pictures that only squash gets right: p = 2 / 2**6 = 0.03125, enough for one test and too little for three
    crop, squash = [False] * 6 + [True] * 30, [True] * 36
    (pair,) = trial_of({Square.CROP: crop, Square.SQUASH: squash}).differences
    assert (pair.only_first, pair.only_second, pair.chance, pair.significant) == (0, 6, 0.03125, True)
    assert pair.gain == 6 / 36
    three = trial_of({Square.CROP: crop, Square.SQUASH: squash, Square.PAD: squash}).differences
    assert [(d.first, d.second, d.significant) for d in three] == [
        ("crop", "squash", False),
        ("crop", "pad", False),
        ("squash", "pad", False),
    ]
    assert three[2].chance == 1
    assert three[0].interval[0] < pair.interval[0] < 6 / 36 < pair.interval[1] < three[0].interval[1]
    assert pair.interval == paired_interval(6, 0, 36)
    seven = [False] * 7 + [True] * 29  # p = 2 / 2**7 = 0.0156 < 0.05 / 3
    assert trial_of({Square.CROP: seven, Square.SQUASH: squash, Square.PAD: squash}).differences[0].significant


def test_accuracies_have_wilsons_interval() -> None:
    trial = trial_of({Square.CROP: [True] * 9 + [False]})
    assert trial.accuracy(Square.CROP) == 0.9
    assert np.allclose(trial.interval(Square.CROP), (0.5958, 0.9821), atol=5e-5)
    assert trial.differences == ()
