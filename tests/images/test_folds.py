"""Cross-validation: every picture validates once, with those it belongs to."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from drawn import reencoded, scene
from made import MakeCollection
from unfreeze.errors import CollectionError, SettingsError
from unfreeze.images.folds import folds
from unfreeze.images.scan import scan_folder
from unfreeze.images.table import ImageTable


@pytest.fixture
def table(make_collection: MakeCollection) -> ImageTable:
    return scan_folder(make_collection({"train/red": 12, "train/blue": 9, "valid/red": 3, "test/red": 2}))


def paths(table: ImageTable, split: str) -> set[str]:
    return {row.path for row in table.rows if row.split == split}


def test_every_picture_validates_once_and_test_pictures_never(table: ImageTable) -> None:
    parts = [folds(table, 5, fold) for fold in range(1, 6)]
    validating = Counter(path for part in parts for path in paths(part, "valid"))
    assert validating == dict.fromkeys(paths(table, "train") | paths(table, "valid"), 1)
    for part in parts:
        assert paths(part, "test") == paths(table, "test")
        assert {row.label for row in part.rows if row.split == "train"} == {0, 1}
        assert {row.label for row in part.rows if row.split == "valid"} == {0, 1}
        assert [replace(row, split="train") for row in part.rows] == [replace(row, split="train") for row in table.rows]


def test_the_first_fold_is_the_split_of_the_same_share(make_collection: MakeCollection) -> None:
    table = scan_folder(make_collection({"red": 40, "blue": 40}), valid_share=0.25)
    found = [paths(folds(table, 4, fold), "valid") for fold in range(1, 5)]
    assert found[0] == paths(table, "valid")
    assert len(set(map(frozenset, found))) == 4


def test_another_seed_divides_otherwise(table: ImageTable) -> None:
    assert folds(table, 3, 1, seed=1).rows == folds(table, 3, 1, seed=1).rows
    assert folds(table, 3, 1, seed=1).rows != folds(table, 3, 1, seed=2).rows


def test_copies_and_groups_lie_in_one_fold(tmp_path: Path) -> None:
    for number, name in enumerate(("one", "two")):
        (tmp_path / name).mkdir()
        for seed in range(20 * number, 20 * number + 12):
            scene(seed).save(tmp_path / name / f"{seed:02d}.png")
            if seed % 20 < 6:
                reencoded(scene(seed)).save(tmp_path / name / f"{seed:02d} copy.png")
    table = scan_folder(tmp_path)
    table = replace(table, rows=tuple(replace(row, group="herd" * row.path.endswith("8.png")) for row in table.rows))
    fold_of: dict[str, int] = {}
    for fold in range(1, 5):
        part = folds(table, 4, fold)
        fold_of |= dict.fromkeys(paths(part, "valid"), fold)
        assert (
            "near-duplicates: 12 clusters of 24 pictures that show the same kept on one side of the split" in part.notes
        )
    assert len(fold_of) == 36
    assert all(fold_of[path] == fold_of[path.replace(" copy", "")] for path in fold_of)
    assert fold_of["one/08.png"] == fold_of["two/28.png"]


def test_a_test_picture_that_is_known_from_training_is_said(tmp_path: Path) -> None:
    for number, name in enumerate(("train/one", "train/two", "test/one")):
        (tmp_path / name).mkdir(parents=True)
        for seed in range(20 * number, 20 * number + 6):
            scene(seed).save(tmp_path / name / f"{seed:02d}.png")
    reencoded(scene(0)).save(tmp_path / "test/one/leak.png")
    table = scan_folder(tmp_path)
    leak = "given split: 1 test picture is a near-duplicate of a training picture"
    assert sum(note.startswith(leak) for note in table.notes) == 1
    found = {fold: folds(table, 3, fold) for fold in range(1, 4)}
    said = {fold for fold, part in found.items() if any(note.startswith(leak) for note in part.notes)}
    assert said == {fold for fold, part in found.items() if "train/one/00.png" in paths(part, "train")}
    assert len(said) == 2


def test_notes_tell_of_this_split_and_no_other(make_collection: MakeCollection) -> None:
    root = make_collection({"red": 20, "blue": 2})
    (root / "red" / "readme.txt").write_text("words")
    table = scan_folder(root)
    assert [note.split(":")[0] for note in table.notes] == ["1 .txt files skipped", "no validation pictures given"]
    first = folds(table, 4, 1)
    assert first.notes[0] == table.notes[0]
    valid = paths(first, "valid")
    assert first.notes[1] == f"fold 1 of 4: {len(valid)} of 22 pictures validate (seed 0)"
    notes = {fold: folds(first, 4, fold).notes for fold in range(1, 5)}
    assert sum("class 'blue' has no validation picture" in found for found in notes.values()) == 2
    assert all(sum(note.startswith("fold") for note in found) == 1 for found in notes.values())


@pytest.mark.parametrize(("count", "fold"), [(1, 1), (5, 0), (5, 6), (0, 0)])
def test_a_fold_that_is_not_there(table: ImageTable, count: int, fold: int) -> None:
    with pytest.raises(SettingsError, match=f"fold is {fold}/{count}; there must be 2 folds or more") as caught:
        folds(table, count, fold)
    assert caught.value.subject == "fold"


def test_a_class_with_one_picture_cannot_be_divided(make_collection: MakeCollection) -> None:
    table = scan_folder(make_collection({"train/red": 4, "train/blue": 1, "valid/red": 2}))
    with pytest.raises(CollectionError, match="too few pictures to split: 'blue' has 1"):
        folds(table, 3, 1)
