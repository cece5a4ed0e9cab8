"""A list of pictures becomes a layout, or one error that names its faults: the files of these tests are empty."""

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unfreeze.errors import CollectionError
from unfreeze.images.layout import FoundFile, Layout, find_layout
from unfreeze.images.listing import list_layout

Touch = Callable[..., Path]


def found(layout: Layout) -> list[tuple[str, str, str | None]]:
    return [(file.path, file.class_names[0], file.split) for file in layout.files]


def fault(paths: list[str], labels: list[Any], splits: list[str | None] | None = None, *, root: Path) -> str:
    """What the error says between the count of faults and what to do."""
    with pytest.raises(CollectionError) as caught:
        list_layout(paths, labels, splits=splits, root=root)
    assert caught.value.subject == "the lists"
    message = str(caught.value)
    end = f"; mend the list, or name another root (relative paths start from {root})"
    assert message.startswith("the lists: ")
    assert message.endswith(end)
    return message.removeprefix("the lists: ").removesuffix(end)


def test_lists_give_the_layout_of_the_same_folders(touch: Touch) -> None:
    root = touch("train/cat/1.jpg", "train/dog/2.jpg", "val/cat/3.jpg", "test/dog/4.jpg")
    folders = find_layout(root)
    paths = [file.path for file in reversed(folders.files)]
    labels = [file.class_names[0] for file in reversed(folders.files)]
    layout = list_layout(paths, labels, splits=["Validation", "train", "TRAINING", "test"], root=root)
    assert (layout.root, layout.files, layout.notes) == (root, folders.files, ())


def test_paths_are_read_as_the_system_reads_them(touch: Touch) -> None:
    root = touch("cat/1.jpg", "cat/2.jpg", "dog/3.jpg", "elsewhere/deep/4.jpg")
    (root / "link").symlink_to(root / "elsewhere" / "deep", target_is_directory=True)
    paths: list[str | Path] = [root / "cat" / "1.jpg", Path(".//cat/2.jpg"), "cat/../dog/3.jpg", "link/../deep/4.jpg"]
    layout = list_layout(paths, ["cat", "cat", "dog", "dog"], root=root)
    assert found(layout) == [
        ("cat/1.jpg", "cat", None),
        ("cat/2.jpg", "cat", None),
        ("dog/3.jpg", "dog", None),
        ("elsewhere/deep/4.jpg", "dog", None),
    ]
    assert layout.root == root


def test_without_a_root_relative_paths_start_from_the_current_folder(
    touch: Touch, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = touch("cat/1.jpg", "dog/2.jpg")
    monkeypatch.chdir(root)
    layout = list_layout(["cat/1.jpg", str(root / "dog" / "2.jpg")], ["cat", "dog"])
    assert (layout.root, [file.path for file in layout.files]) == (root, ["cat/1.jpg", "dog/2.jpg"])


def test_absolute_paths_are_kept_below_their_common_parent(touch: Touch, monkeypatch: pytest.MonkeyPatch) -> None:
    root = touch("a/cat/1.jpg", "a/dog/2.jpg", "b/")
    monkeypatch.chdir(root)
    paths = [root / "a" / "cat" / "1.jpg", root / "a" / "dog" / "2.jpg"]
    layout = list_layout(paths, ["cat", "dog"])
    assert (layout.root, layout.notes) == (root / "a", ())
    assert [file.path for file in layout.files] == ["cat/1.jpg", "dog/2.jpg"]
    outside = list_layout(paths, ["cat", "dog"], root=root / "b")
    assert (outside.root, outside.files) == (layout.root, layout.files)
    assert outside.notes == (f"not all pictures lie below {root / 'b'}: paths are given below {root / 'a'}",)


def test_a_relative_root_stays_relative(touch: Touch, monkeypatch: pytest.MonkeyPatch) -> None:
    root = touch("cat/1.jpg", "dog/2.jpg")
    monkeypatch.chdir(root / "cat")
    layout = list_layout(["cat/1.jpg", "dog/2.jpg"], ["cat", "dog"], root="..")
    assert (layout.root, [file.path for file in layout.files]) == (Path(".."), ["cat/1.jpg", "dog/2.jpg"])


def test_pictures_on_several_drives_are_an_error(touch: Touch, monkeypatch: pytest.MonkeyPatch) -> None:
    root = touch("1.jpg", "2.jpg")

    def refuse(paths: object) -> str:
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr(os.path, "commonpath", refuse)
    with pytest.raises(CollectionError, match="the lists: the pictures lie on several drives; move them"):
        list_layout([root / "1.jpg", root / "2.jpg"], ["cat", "dog"])


def test_lists_have_to_be_of_one_length(touch: Touch) -> None:
    with pytest.raises(CollectionError, match="different lengths: paths has 2, labels has 1; give one entry a picture"):
        list_layout(["1.jpg", "2.jpg"], ["cat"])
    with pytest.raises(CollectionError, match="paths has 1, labels has 1, splits has 0;"):
        list_layout(["1.jpg"], ["cat"], splits=[])


def test_empty_lists_are_an_error() -> None:
    with pytest.raises(CollectionError, match="the lists: no pictures listed; list a path and a label for each"):
        list_layout([], [])


@pytest.mark.parametrize(
    ("path", "label", "split", "what"),
    [
        ("", "cat", "", "the path is empty"),
        (" ", "cat", "", "the path is empty"),
        ("2.jpg", "", "", "the label is empty"),
        ("2.jpg", " ", "", "the label is empty"),
        ("2.jpg", "", "test", "the label is empty"),
        ("3.jpg", "cat", "", "'ROOT/3.jpg': No such file or directory"),
        ("1.jpg/2.jpg", "cat", "", "'ROOT/1.jpg/2.jpg': Not a directory"),
        ("2.jpg\0", "cat", "", "'ROOT/2.jpg\\x00': embedded null byte"),
        ("2\0/../2.jpg", "cat", "", "'ROOT/2\\x00/../2.jpg': embedded null byte"),
        ("../pictures/circle/2.jpg", "cat", "", "'ROOT/../pictures/circle/2.jpg': Too many levels of symbolic links"),
        ("folder", "cat", "", "'ROOT/folder' is not a file"),
        ("folder/..", "cat", "", "'ROOT/folder/..' is not a file"),
        ("2.jpg", 7.0, "", "label 7.0 is of type float; a label is text or a whole number"),
        ("2.jpg", True, "", "label True is of type bool; a label is text or a whole number"),
        ("2.jpg", float("nan"), "", "label nan is of type float; a label is text or a whole number"),
        (
            "2.jpg",
            "cat",
            "tests",
            "there is no split 'tests'; splits are train, training, valid, val, validation, test; did you mean test?",
        ),
        ("2.jpg", "Cat", "test", "label 'Cat' has no training picture; did you mean cat?"),
        ("2.jpg", "zebra", "val", "label 'zebra' has no training picture"),
        ("./1.jpg", "dog", "", "'./1.jpg' has the label 'dog' here and 'cat' at index 0"),
        ("./1.jpg", "cat", "test", "'./1.jpg' is in test here and in no split at index 0"),
        (7, "cat", "", "path 7 is of type int; a path is text"),
        ("2.jpg", "cat", True, "split True is of type bool; a split is text"),
        (
            None,
            None,
            1,
            "path None is of type NoneType; a path is text; label None is of type NoneType; a label is text or "
            "a whole number; split 1 is of type int; a split is text",
        ),
    ],
)
def test_each_fault_is_named_with_its_place(touch: Touch, path: Any, label: Any, split: Any, what: str) -> None:
    root = touch("1.jpg", "2.jpg", "folder/")
    (root / "circle").symlink_to("circle")
    named = fault(["1.jpg", path], ["cat", label], ["", split], root=root)
    assert named == f"1 fault: index 1: {what.replace('ROOT', str(root))}"


def test_all_faults_are_counted_and_the_first_few_named(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg")
    paths = ["1.jpg", "9.jpg", "2.jpg", "8.jpg", "7.jpg", "6.jpg", "5.jpg"]
    named = fault(paths, ["cat", "", "dog", "dog", "dog", "dog", "dog"], ["", "", "nowhere", "", "", "", ""], root=root)
    missing = {number: f"{str(root / number) + '.jpg'!r}: No such file or directory" for number in "98765"}
    assert named == (
        f"7 faults: index 1: {missing['9']}; index 1: the label is empty; index 2: there is no split 'nowhere'; splits "
        "are train, training, valid, val, validation, test; "
        f"index 3: {missing['8']}; index 4: {missing['7']}; and 2 more"
    )


def test_whole_numbers_are_labels_as_they_are_written(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg", "3.jpg")
    paths = ["1.jpg", "2.jpg", "3.jpg"]
    labels: list[Any] = [0, np.int64(12), "0"]
    assert [file.class_names for file in list_layout(paths, labels, root=root).files] == [("0",), ("12",), ("0",)]
    several: list[Any] = [[3, "sea"], [], [3]]
    found = list_layout(paths, several, root=root).files
    assert [file.class_names for file in found] == [("3", "sea"), (), ("3",)]


def test_a_few_rows_without_a_picture_stay_in_the_list_and_are_named(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg", "3.jpg")
    layout = list_layout(["1.jpg", "9.jpg", "2.jpg", "3.jpg", "1.jpg/8.jpg"], ["cat"] * 5, root=root)
    assert [file.path for file in layout.files] == ["1.jpg", "1.jpg/8.jpg", "2.jpg", "3.jpg", "9.jpg"]
    assert layout.notes == ("rows without a picture: index 1, index 4; each counts as a picture that is broken",)


def test_rows_without_a_picture_are_faults_beside_others_and_where_they_are_many(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg", "3.jpg")
    others: list[Any] = ["1.jpg", "2.jpg", "3.jpg", "9.jpg", 7]
    assert fault(others, ["cat"] * 5, root=root).startswith("2 faults: index 3: ")
    others = ["1.jpg", "2.jpg", "3.jpg", 7, "3.jpg"]
    assert fault(others, ["cat"] * 5, root=root).startswith("1 fault: index 3: path 7")
    assert fault(["1.jpg", "2.jpg", "8.jpg", "9.jpg"], ["cat"] * 4, root=root).startswith("2 faults: index 2: ")


def test_a_label_that_training_lacks_is_named_once(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg", "3.jpg", "4.jpg")
    paths = ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    named = fault(paths, ["cat", "fox", "fox", "fox"], ["", "val", "val", "test"], root=root)
    assert named == "1 fault: index 1: label 'fox' has no training picture"


def test_what_an_unknown_split_may_mean_is_not_held_against_its_label(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg")
    assert fault(["1.jpg", "2.jpg"], ["cat", "cat"], ["trian", "val"], root=root).startswith("1 fault: index 0: there")


def test_a_picture_that_is_listed_again_counts_once_and_is_noted(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg")
    paths = ["1.jpg", "./1.jpg", "2.jpg"]
    layout = list_layout(paths, ["cat", "cat", "cat"], splits=["val", "valid", "train"], root=root)
    assert layout.files == (FoundFile("1.jpg", ("cat",), "valid"), FoundFile("2.jpg", ("cat",), "train"))
    assert layout.notes == ("1 rows name a picture that an earlier row names, too; it counts once",)


def test_pictures_without_a_split_beside_validation_pictures_are_noted(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg", "3.jpg")
    paths, labels = ["1.jpg", "2.jpg", "3.jpg"], ["cat", "cat", "cat"]
    layout = list_layout(paths, labels, splits=["valid", None, "train"], root=root)
    assert layout.notes == ("1 pictures without a split are used to train, as others are said to validate",)
    assert list_layout(paths, labels, splits=["test", None, "train"], root=root).notes == ()


def test_a_group_goes_with_its_pictures(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg", "3.jpg", "4.jpg")
    paths, labels = ["1.jpg", "2.jpg", "3.jpg", "4.jpg"], ["cat", "cat", "dog", "dog"]
    groups: list[Any] = ["Tom", None, 7, float("nan")]
    assert [file.group for file in list_layout(paths, labels, groups=groups, root=root).files] == ["Tom", "", "7", ""]
    with pytest.raises(CollectionError, match="paths has 4, labels has 4, groups has 1;"):
        list_layout(paths, labels, groups=["Tom"], root=root)


def test_a_picture_of_two_groups_is_a_fault(touch: Touch) -> None:
    root = touch("1.jpg")
    with pytest.raises(CollectionError, match=r"index 1: '\./1\.jpg' is of no group here and of group 'a' at index 0;"):
        list_layout(["1.jpg", "./1.jpg"], ["cat", "cat"], groups=["a", ""], root=root)


def test_groups_that_the_given_splits_divide_are_noted(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg", "3.jpg")
    paths, splits = ["1.jpg", "2.jpg", "3.jpg"], ["train", "valid", "train"]
    layout = list_layout(paths, ["cat"] * 3, splits=splits, groups=["a", "a", "b"], root=root)
    assert layout.notes == ("1 groups have pictures in more than one of the given splits ('a')",)
    assert list_layout(paths, ["cat"] * 3, splits=splits, groups=["a", "b", "a"], root=root).notes == ()


def test_lists_of_labels_are_several_labels(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg", "3.jpg")
    labels: list[Any] = [("sea", "beach"), [], {"sea"}]
    layout = list_layout(["1.jpg", "2.jpg", "3.jpg"], labels, root=root)
    assert [file.class_names for file in layout.files] == [("beach", "sea"), (), ("sea",)]
    assert (layout.multilabel, layout.notes) == (True, ())
    assert not list_layout(["1.jpg"], ["sea"], root=root).multilabel


@pytest.mark.parametrize(
    ("label", "what"),
    [
        ("sea", "labels 'sea' are of type str; here they are a list, which may be empty"),
        (None, "labels None are of type NoneType; here they are a list, which may be empty"),
        (["sea", 7.5], "label 7.5 is of type float; a label is text or a whole number"),
        (["sea", " "], "the label is empty"),
    ],
)
def test_lists_of_labels_are_checked(touch: Touch, label: Any, what: str) -> None:
    root = touch("1.jpg", "2.jpg")
    assert fault(["1.jpg", "2.jpg"], [["sea"], label], root=root) == f"1 fault: index 1: {what}"


def test_several_labels_need_training_pictures_each(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg")
    labels: Any = [["sea"], ["see", "sea"]]
    what = "label 'see' has no training picture; did you mean sea?"
    assert fault(["1.jpg", "2.jpg"], labels, ["", "val"], root=root) == f"1 fault: index 1: {what}"


def test_rows_of_one_picture_add_labels_where_there_may_be_several(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg")
    layout = list_layout(["1.jpg", "2.jpg", "./1.jpg"], [["sea"], [], ["beach"]], root=root)
    assert [file.class_names for file in layout.files] == [("beach", "sea"), ()]
    assert layout.notes == (
        "1 rows name a picture that an earlier row names, too; it counts with the labels of all its rows",
    )


def test_labels_that_look_the_same_are_one_class(touch: Touch) -> None:
    root = touch("1.jpg", "2.jpg", "3.jpg")
    apart, composed = (unicodedata.normalize(form, "Kätzchen") for form in ("NFD", "NFC"))
    layout = list_layout(["1.jpg", "2.jpg", "3.jpg"], [apart, composed, "KÄTZCHEN"], root=root)
    assert [file.class_names for file in layout.files] == [(composed,), (composed,), ("KÄTZCHEN",)]
    assert layout.notes == (
        f"names that differ only in how Unicode composes their letters are one class: {composed!r}",
        f"classes whose names differ only in case are kept apart: 'KÄTZCHEN' and {composed!r}",
    )
    assert list_layout(["1.jpg", "./1.jpg"], [apart, composed], root=root).files == (
        FoundFile("1.jpg", (composed,), None),
    )


@pytest.mark.skipif(os.sep == "\\", reason="backslashes are what parts folders here")
def test_backslashes_are_slashes_only_where_no_file_is_named_so(touch: Touch) -> None:
    root = touch("cat/1.jpg", "cat\\2.jpg", "cat/2.jpg")
    layout = list_layout(["cat\\1.jpg", "cat\\2.jpg"], ["cat", "cat"], root=root)
    assert [file.path for file in layout.files] == ["cat/1.jpg", "cat\\2.jpg"]
    assert layout.notes == ("1 paths are written with backslashes, which are read as slashes",)
    assert fault(["cat\\9.jpg"], ["cat"], root=root) == (
        f"1 fault: index 0: {str(root / 'cat') + chr(92) + '9.jpg'!r}: No such file or directory"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_no_picture(touch: Touch) -> None:
    root = touch("1.jpg")
    os.mkfifo(root / "2.jpg")
    assert fault(["2.jpg"], ["cat"], root=root) == f"1 fault: index 0: {str(root / '2.jpg')!r} is not a file"


def test_labels_that_look_like_several_are_noted(touch: Touch) -> None:
    root = touch(*(f"{number}.jpg" for number in range(50)))
    paths = [f"{number}.jpg" for number in range(50)]
    labels = ["sea|beach"] + ["sea|hill"] * 2 + ["sea", "hill"] * 23 + ["sea"]
    assert list_layout(paths, labels, root=root).notes == (
        "3 of 50 labels hold '|', such as 'sea|beach', and count as one label each; if they are several, say "
        "--label-separator '|'",
    )
    named = ["tench, Tinca tinca", "goldfish, Carassius auratus"] * 25
    seldom = ["sea|beach", "sea|hill"] + ["sea", "hill"] * 24
    for others in (named, seldom):
        assert list_layout(paths, others, root=root).notes == ()
