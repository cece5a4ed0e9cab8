"""Which files belong to a collection, by names alone: the files of these tests are empty."""

import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from unfreeze.errors import CollectionError
from unfreeze.images.formats import PICTURE_SUFFIXES
from unfreeze.images.layout import FoundFile, Layout, find_layout, tree_layout
from unfreeze.images.storage import FolderStorage
from unfreeze.images.tree import NameTree

Touch = Callable[..., Path]

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems' names ignore case or are always Unicode")


def found(layout: Layout) -> list[tuple[str, str, str | None]]:
    return [(file.path, file.class_names[0], file.split) for file in layout.files]


def paths(layout: Layout) -> list[str]:
    return [file.path for file in layout.files]


def test_class_folders_without_splits(touch: Touch) -> None:
    layout = find_layout(touch("dog/2.png", "dog/1.jpg", "cat/1.jpg"))
    assert found(layout) == [("cat/1.jpg", "cat", None), ("dog/1.jpg", "dog", None), ("dog/2.png", "dog", None)]
    assert layout.notes == layout.empty_classes == ()


@pytest.mark.parametrize("train", ["train", "training", "Train", "TRAINING"])
@pytest.mark.parametrize("valid", ["valid", "val", "validation", "VAL", "Validation"])
def test_split_folders_by_all_their_names(touch: Touch, train: str, valid: str) -> None:
    layout = find_layout(touch(f"{train}/cat/1.jpg", f"{valid}/cat/2.jpg", "Test/cat/3.jpg"))
    assert set(layout.files) == {
        FoundFile(f"{train}/cat/1.jpg", ("cat",), "train"),
        FoundFile(f"{valid}/cat/2.jpg", ("cat",), "valid"),
        FoundFile("Test/cat/3.jpg", ("cat",), "test"),
    }


def test_files_are_sorted_by_path_whatever_the_split(touch: Touch) -> None:
    layout = find_layout(touch("valid/b/1.jpg", "train/b/1.jpg", "test/b/1.jpg", "train/a/9.jpg", "train/a-b/1.jpg"))
    assert paths(layout) == ["test/b/1.jpg", "train/a-b/1.jpg", "train/a/9.jpg", "train/b/1.jpg", "valid/b/1.jpg"]


@pytest.mark.parametrize(
    ("twins", "meaning"),
    [
        (("train", "training"), "train"),
        (("val", "validation"), "valid"),
        pytest.param(("test", "TEST"), "test", marks=linux),
    ],
)
def test_two_folders_for_one_split_are_an_error(touch: Touch, twins: tuple[str, str], meaning: str) -> None:
    root = touch("train/a/1.jpg", "valid/a/1.jpg") if meaning == "test" else touch("train/a/1.jpg")
    for twin in twins:
        touch(f"{twin}/a/2.jpg")
    with pytest.raises(CollectionError, match=f"both mean {meaning}; keep one of them") as caught:
        find_layout(root)
    assert all(twin in str(caught.value) for twin in twins)


def test_split_names_without_a_training_folder_are_an_error(touch: Touch) -> None:
    root = touch("valid/1.jpg", "test/1.jpg", "cat/1.jpg")
    with pytest.raises(CollectionError, match="has test and valid but no train folder; add one, or rename"):
        find_layout(root)


def test_folders_within_a_class_belong_to_it(touch: Touch) -> None:
    layout = find_layout(touch("cat/indoors/2024/1.jpg", "cat/2.jpg", "dog/train/1.jpg"))
    assert found(layout) == [
        ("cat/2.jpg", "cat", None),
        ("cat/indoors/2024/1.jpg", "cat", None),
        ("dog/train/1.jpg", "dog", None),
    ]


def test_split_folders_within_every_class(touch: Touch) -> None:
    layout = find_layout(touch("cat/train/1.jpg", "cat/Valid/a/2.jpg", "dog/train/3.jpg", "dog/test/4.jpg", "fox/"))
    assert found(layout) == [
        ("cat/Valid/a/2.jpg", "cat", "valid"),
        ("cat/train/1.jpg", "cat", "train"),
        ("dog/test/4.jpg", "dog", "test"),
        ("dog/train/3.jpg", "dog", "train"),
    ]
    assert layout.notes == (
        "class folder fox holds no picture",
        "the folders within each class say which of its pictures train, validate and test",
    )


@pytest.mark.parametrize("other", ["dog/1.jpg", "dog/big/1.jpg", "dog/train/1.jpg dog/2.jpg", "dog/train/1.jpg dog/x/"])
def test_split_folders_within_some_classes_are_folders_as_others_and_noted(touch: Touch, other: str) -> None:
    layout = find_layout(touch("cat/train/1.jpg", "cat/valid/2.jpg", *other.split()))
    assert {file.split for file in layout.files} == {None}
    assert layout.notes[-1].startswith("folders within a class that are named as splits say nothing of the split: cat/")


def test_split_folders_within_classes_need_a_training_one(touch: Touch) -> None:
    layout = find_layout(touch("cat/test/1.jpg", "dog/test/2.jpg"))
    assert found(layout) == [("cat/test/1.jpg", "cat", None), ("dog/test/2.jpg", "dog", None)]


def test_two_folders_for_one_split_within_a_class_are_an_error(touch: Touch) -> None:
    root = touch("cat/train/1.jpg", "dog/train/2.jpg", "dog/val/3.jpg", "dog/valid/4.jpg")
    with pytest.raises(CollectionError, match=f"{root / 'dog'}: val and valid both mean valid; keep one of them"):
        find_layout(root)


def test_a_folder_that_wraps_the_collection_is_entered_and_noted(touch: Touch) -> None:
    root = touch(
        "pets/data/train/cat/1.jpg", "pets/data/valid/cat/2.jpg", "pets/README.md", ".git/x", "pets/data/3.csv"
    )
    layout = find_layout(root)
    assert found(layout) == [
        ("pets/data/train/cat/1.jpg", "cat", "train"),
        ("pets/data/valid/cat/2.jpg", "cat", "valid"),
    ]
    assert layout.root == root
    assert layout.notes == (
        "the classes are those in pets/data, the only folder that there is",
        "1 hidden or system files and folders skipped (.git)",
        "1 .csv files skipped: not a picture's suffix",
        "1 .md files skipped: not a picture's suffix",
    )


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["cat/a/1.jpg", "2.jpg"], {"cat"}),
        (["cat/a/1.jpg", "cat/2.jpg"], {"cat"}),
        (["train/cat/1.jpg", "train/dog/1.jpg"], {"cat", "dog"}),
        (["pets/cat/a/1.jpg", "pets/dog/a/1.jpg"], {"cat", "dog"}),
    ],
)
def test_what_is_a_class_or_a_split_is_not_entered(touch: Touch, names: list[str], classes: set[str]) -> None:
    assert {file.class_names[0] for file in find_layout(touch(*names)).files} == classes


@linux
def test_names_that_look_the_same_are_one_class(touch: Touch) -> None:
    apart, composed = unicodedata.normalize("NFD", "Kätzchen"), unicodedata.normalize("NFC", "Kätzchen")
    layout = find_layout(touch(f"train/{apart}/1.jpg", f"train/{composed}/2.jpg", f"valid/{apart}/3.jpg"))
    assert {file.class_names for file in layout.files} == {(composed,)}
    assert sorted(paths(layout)) == sorted([f"train/{apart}/1.jpg", f"train/{composed}/2.jpg", f"valid/{apart}/3.jpg"])
    assert layout.notes == (
        f"names that differ only in how Unicode composes their letters are one class: {composed!r}",
    )


def test_one_name_in_whatever_form_is_not_noted(touch: Touch) -> None:
    layout = find_layout(touch(f"{unicodedata.normalize('NFD', 'Kätzchen')}/1.jpg", "dog/1.jpg"))
    assert (layout.files[0].class_names, layout.notes) == ((unicodedata.normalize("NFC", "Kätzchen"),), ())


@linux
def test_names_that_differ_in_case_are_two_classes_and_noted(touch: Touch) -> None:
    layout = find_layout(touch("cat/1.jpg", "Cat/2.jpg", "dog/1.jpg"))
    assert {file.class_names[0] for file in layout.files} == {"cat", "Cat", "dog"}
    assert layout.notes == ("classes whose names differ only in case are kept apart: 'Cat' and 'cat'",)


@linux
def test_pipes_and_devices_are_no_pictures_whatever_they_are_called(touch: Touch) -> None:
    root = touch("cat/1.jpg")
    os.mkfifo(root / "cat" / "2.jpg")
    os.mkfifo(root / "3.jpg")
    (root / "cat" / "4.jpg").symlink_to("/dev/zero")
    (root / "cat" / "5.jpg").symlink_to("2.jpg")
    layout = find_layout(root)
    assert paths(layout) == ["cat/1.jpg"]
    assert layout.notes == (
        "4 links, pipes, sockets or devices skipped (3.jpg, cat/2.jpg, cat/4.jpg): only files are opened",
    )


def test_folders_may_be_nested_deeper_than_functions(tmp_path: Path) -> None:
    names = "/".join(["d"] * 1100)
    tree = NameTree([f"cat/{names}/1.jpg", "dog/2.jpg"])
    layout = tree_layout(tree, root=tmp_path, storage=FolderStorage(tmp_path))
    assert paths(layout) == [f"cat/{names}/1.jpg", "dog/2.jpg"]


def test_every_picture_suffix_counts_in_any_case(touch: Touch) -> None:
    names = [f"cat/a{suffix}" for suffix in PICTURE_SUFFIXES] + [
        f"cat/b{suffix.upper()}" for suffix in PICTURE_SUFFIXES
    ]
    assert paths(find_layout(touch(*names))) == sorted(names)


def test_loose_pictures_are_noted(touch: Touch) -> None:
    layout = find_layout(touch("1.jpg", "2.jpg", "cat/3.jpg"))
    assert paths(layout) == ["cat/3.jpg"]
    assert layout.notes == ("2 pictures skipped in the top folder: they lie in no class folder",)


def test_loose_pictures_within_and_beside_the_splits_are_noted(touch: Touch) -> None:
    layout = find_layout(touch("train/cat/1.jpg", "train/2.jpg", "3.jpg", "labels.csv"))
    assert paths(layout) == ["train/cat/1.jpg"]
    assert layout.notes == (
        "1 .csv files skipped: not a picture's suffix",
        "1 pictures skipped in the top folder: they lie in no class folder",
        "1 pictures skipped in train: they lie in no class folder",
    )


@pytest.mark.parametrize("name", [".ipynb_checkpoints/1.jpg", "__MACOSX/1.jpg", "Thumbs.db", ".DS_Store", ".git/1.jpg"])
@pytest.mark.parametrize("folder", ["", "train/", "train/cat/", "train/cat/deep/"])
def test_hidden_and_system_names_are_skipped_and_noted(touch: Touch, folder: str, name: str) -> None:
    layout = find_layout(touch("train/cat/1.jpg", folder + name))
    assert found(layout) == [("train/cat/1.jpg", "cat", "train")]
    assert layout.notes == (f"1 hidden or system files and folders skipped ({name.split('/')[0]})",)


def test_heic_files_are_skipped_with_advice(touch: Touch) -> None:
    layout = find_layout(touch("cat/1.jpg", "cat/2.heic", "cat/3.HEIC", "cat/4.heif", "cat/notes.txt", "cat/README"))
    assert paths(layout) == ["cat/1.jpg"]
    assert layout.notes == (
        "1 suffix-less files skipped: not a picture's suffix",
        "2 .heic files skipped: install pillow-heif and convert them, or leave them out",
        "1 .heif files skipped: install pillow-heif and convert them, or leave them out",
        "1 .txt files skipped: not a picture's suffix",
    )


def test_an_empty_class_folder_is_noted(touch: Touch) -> None:
    layout = find_layout(touch("train/cat/1.jpg", "train/dog/", "valid/cat/", "valid/dog/notes.txt"))
    assert layout.empty_classes == ("train/dog", "valid/cat", "valid/dog")
    assert [note for note in layout.notes if note.startswith("class folder")] == [
        "class folder train/dog holds no picture",
        "class folder valid/cat holds no picture",
        "class folder valid/dog holds no picture",
    ]


def test_folders_beside_the_splits_are_noted(touch: Touch) -> None:
    layout = find_layout(touch("train/cat/1.jpg", "dog/1.jpg", "models/1.jpg"))
    assert paths(layout) == ["train/cat/1.jpg"]
    assert layout.notes == ("folders beside the splits left out: dog, models",)


def test_a_link_to_a_folder_above_is_not_followed(touch: Touch) -> None:
    root = touch("train/cat/1.jpg", "train/cat/deep/2.jpg", "train/dog/3.jpg")
    for number, target in enumerate([root, root / "train", root / "train/cat", root / "train/cat/deep"]):
        (root / f"train/cat/deep/up{number}").symlink_to(target, target_is_directory=True)
    assert found(find_layout(root)) == [
        ("train/cat/1.jpg", "cat", "train"),
        ("train/cat/deep/2.jpg", "cat", "train"),
        ("train/dog/3.jpg", "dog", "train"),
    ]


def test_links_in_a_circle_are_no_folders(touch: Touch) -> None:
    root = touch("cat/1.jpg")
    (root / "round").symlink_to("round")
    (root / "cat" / "2.jpg").symlink_to("2.jpg")  # named like a picture: the scan will say that it cannot be read
    (root / "cat" / "3.jpg").symlink_to("none.jpg")
    layout = find_layout(root)
    assert paths(layout) == ["cat/1.jpg", "cat/2.jpg", "cat/3.jpg"]
    assert layout.notes == ("1 suffix-less files skipped: not a picture's suffix",)


def test_linked_folders_are_followed(touch: Touch, tmp_path: Path) -> None:
    root = touch("train/cat/1.jpg")
    (tmp_path / "elsewhere" / "cat").mkdir(parents=True)
    (tmp_path / "elsewhere" / "cat" / "2.jpg").touch()
    (root / "valid").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert found(find_layout(root)) == [("train/cat/1.jpg", "cat", "train"), ("valid/cat/2.jpg", "cat", "valid")]


@linux
def test_names_that_are_not_utf8_are_found(touch: Touch) -> None:
    root = touch("ÄÖ ü/雪.jpg", f"ÄÖ ü/{'x' * 196}.png")
    (root / os.fsdecode(b"caf\xe9")).mkdir()
    (root / os.fsdecode(b"caf\xe9/\xff.jpg")).touch()
    layout = find_layout(root)
    assert len(layout.files) == 3
    assert os.fsencode(layout.files[0].path) == b"caf\xe9/\xff.jpg"
    assert all((root / file.path).is_file() for file in layout.files)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["none/"], "class folder none holds no picture"),
        (["1.jpg"], "1 pictures skipped in the top folder"),
        (["train/1.jpg"], "1 pictures skipped in train"),
        (["cat/1.heic"], "install pillow-heif"),
        ([".hidden/1.jpg"], "1 hidden or system files and folders skipped"),
    ],
)
def test_no_pictures_is_an_error_that_says_what_was_found(touch: Touch, names: list[str], message: str) -> None:
    with pytest.raises(
        CollectionError, match=f"no pictures in class folders .*{message}.*; expected CLASS/picture.jpg"
    ):
        find_layout(touch(*names))


def test_a_folder_with_a_list_in_it_is_an_error_that_says_how_to_name_the_list(touch: Touch) -> None:
    with pytest.raises(CollectionError, match="a CSV file or an archive of pictures is named itself, not its folder"):
        find_layout(touch("1.jpg", "pictures.csv"))


def test_a_folder_that_is_empty_missing_or_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for name, message in [("empty", "the folder is empty"), ("none", "there is no such folder"), ("file", "is a file")]:
        with pytest.raises(CollectionError, match=message) as caught:
            find_layout(tmp_path / name)
        assert caught.value.subject == str(tmp_path / name)
