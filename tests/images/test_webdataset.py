"""Shards of WebDataset: pictures beside their labels in tar archives."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from archives import write_tar
from unfreeze.errors import CollectionError
from unfreeze.images.archive import archive_layout
from unfreeze.images.layout import FoundFile, Layout
from unfreeze.images.webdataset import shard_layout


def layout_of(folder: Path, shards: Mapping[str, Mapping[str, bytes]]) -> Layout:
    paths = []
    for name, files in shards.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        paths.append(write_tar(folder / name, dict(files), "w:gz" if name.endswith("gz") else "w"))
    return shard_layout(paths, source="the shards")


def labels(layout: Layout) -> dict[str, tuple[str, ...]]:
    return {file.path: file.class_names for file in layout.files}


def test_a_picture_has_the_label_beside_it(tmp_path: Path) -> None:
    files = {"1.jpg": b"one", "1.cls": b"cat\n", "2.png": b"two", "2.txt": b"\xef\xbb\xbfdog", "3.JPG": b"three",
             "3.json": b'{"label": "cat", "width": 3}', "a/b/4.jpg": b"four", "a/b/4.cls": b"dog"}  # fmt: skip
    layout = layout_of(tmp_path, {"pets-0.tar": files})
    assert labels(layout) == {
        "pets-0.tar/1.jpg": ("cat",),
        "pets-0.tar/2.png": ("dog",),
        "pets-0.tar/3.JPG": ("cat",),
        "pets-0.tar/a/b/4.jpg": ("dog",),
    }
    assert [layout.storage.read(file.path) for file in layout.files] == [b"one", b"two", b"three", b"four"]
    assert (layout.root, layout.source, layout.notes, layout.multilabel) == (tmp_path, "the shards", (), False)


def test_the_first_of_several_label_files_counts(tmp_path: Path) -> None:
    files = {"1.jpg": b"", "1.txt": b"a cat on a mat", "1.json": b"{}", "1.cls": b"cat", "2.jpg": b"", "2.cls": b"dog"}
    layout = layout_of(tmp_path, {"0.tar": files})
    assert labels(layout) == {"0.tar/1.jpg": ("cat",), "0.tar/2.jpg": ("dog",)}
    assert layout.notes == (
        "1 .json files of the shards are not used",
        "1 .txt files of the shards are not used",
    )


@pytest.mark.parametrize("name", ["classes.txt", "classnames.txt"])
def test_numbers_are_names_where_a_file_says_which(tmp_path: Path, name: str) -> None:
    files = {"1.jpg": b"", "1.cls": b"1", "2.jpg": b"", "2.json": b'{"label": 0}', "3.jpg": b"", "3.cls": b"fox"}
    assert list(labels(layout_of(tmp_path, {"0.tar": files})).values()) == [("1",), ("0",), ("fox",)]
    (tmp_path / name).write_text("cat\n dog \n")
    assert list(labels(layout_of(tmp_path, {"0.tar": files})).values()) == [("dog",), ("cat",), ("fox",)]
    (tmp_path / name).write_text("cat\n")
    with pytest.raises(
        CollectionError, match=r"0.tar/1.jpg: 1.cls has the label 1, for which the 1 lines of the class"
    ):
        layout_of(tmp_path, {"0.tar": files})
    (tmp_path / name).write_bytes(b"caf\xe9")
    with pytest.raises(CollectionError, match=rf"{name}: cannot be read .*; save it as UTF-8, one name a line"):
        layout_of(tmp_path, {"0.tar": files})


def test_lists_in_json_are_several_labels(tmp_path: Path) -> None:
    files = {"1.jpg": b"", "1.json": b'{"label": ["sea", "beach", "sea"]}', "2.jpg": b"", "2.json": b'{"label": []}',
             "3.jpg": b"", "3.cls": b"sea"}  # fmt: skip
    layout = layout_of(tmp_path, {"0.tar": files})
    assert list(labels(layout).values()) == [("beach", "sea"), (), ("sea",)]
    assert layout.multilabel


def test_json_may_hold_a_group(tmp_path: Path) -> None:
    said = {"1": b'"cow 7 "', "2": b"7", "3": b"null", "4": b'""'}
    files = {f"{key}.jpg": b"" for key in said}
    files |= {f"{key}.json": b'{"label": "cow", "group": %b}' % group for key, group in said.items()}
    assert [file.group for file in layout_of(tmp_path, {"0.tar": files}).files] == ["cow 7", "7", "", ""]
    with pytest.raises(CollectionError, match=r"0.tar/1.jpg: 1.json has a group of type list; a group is text or"):
        layout_of(tmp_path, {"0.tar": files | {"1.json": b'{"label": "cow", "group": [1]}'}})


def test_names_of_shards_or_their_folders_say_the_split(tmp_path: Path) -> None:
    one = {"1.jpg": b"", "1.cls": b"cat"}
    names = [
        "pets-train-00.tar",
        "VAL_0.tar",
        "test/0.tar",
        "training/contest-0.tar",
        "other/trainval.tar",
        "train-test.tar",
    ]
    layout = layout_of(tmp_path, dict.fromkeys(names, one))
    assert {file.path.removesuffix("/1.jpg"): file.split for file in layout.files} == dict(
        zip(names, ["train", "valid", "test", "train", None, None], strict=True)
    )
    assert layout.root == tmp_path
    assert layout.notes == ("2 pictures of shards without a split are used to train, as others are said to validate",)


def test_pictures_that_have_no_label_that_can_be_used_are_named(tmp_path: Path) -> None:
    labels = {
        "0.cls": b" ", "1.txt": b"two\nlines", "2.json": b"{", "3.json": b"[]", "4.json": b'{"cls": 1, "x": 2}',
        "5.json": b'{"label": 1.5}', "6.json": b'{"label": true}', "7.cls": b"\xff", "8.json": b'{"label": [null]}',
    }  # fmt: skip
    files = {f"{number}.jpg": b"" for number in range(10)} | labels
    whats = [
        "0.cls is empty",
        "1.txt holds several lines; a label is one",
        "2.json is no JSON",
        "3.json has no 'label'; it is no object",
        "4.json has no 'label'; it has cls, x",
        "5.json has a label of type float; a label is text or a whole number",
        "6.json has a label of type bool; a label is text or a whole number",
        "7.cls is not UTF-8",
        "8.json has a label of type NoneType; a label is text or a whole number",
        "no label: there is no 9.cls or 9.json or 9.txt",
    ]
    for number, what in enumerate(whats):
        some = {name: data for name, data in files.items() if name.startswith(f"{number}.")}
        with pytest.raises(CollectionError) as caught:
            layout_of(tmp_path, {"0.tar": some | {"good.jpg": b"", "good.cls": b"cat"}})
        assert str(caught.value) == f"the shards: 1 fault: 0.tar/{number}.jpg: {what}"
    with pytest.raises(CollectionError, match=r"the shards: 10 faults: 0.tar/0.jpg: .*; and 5 more; expected KEY.jpg"):
        layout_of(tmp_path, {"0.tar": files})


def test_a_label_file_of_megabytes_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unfreeze.images.shard_labels.LARGEST_LABEL_BYTES", 3)
    with pytest.raises(CollectionError, match=r"1.cls has 4 bytes, too many for a label"):
        layout_of(tmp_path, {"0.tar": {"1.jpg": b"", "1.cls": b"lion"}})


def test_two_pictures_of_one_key_are_a_fault(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match=r"1 fault: 0.tar/1.png: another picture has the same key"):
        layout_of(tmp_path, {"0.tar": {"1.jpg": b"", "1.cls": b"cat", "1.png": b""}})


def test_what_is_no_picture_with_a_label_is_noted(tmp_path: Path) -> None:
    files = {"1.jpg": b"", "1.cls": b"cat", "1.mask.png": b"", "2.cls": b"dog", "3.mp4": b"", "._1.jpg": b"",
             "n1.5.jpg": b"", "n1.5.cls": b"dog"}  # fmt: skip
    layout = layout_of(tmp_path, {"0.tar": files})
    assert labels(layout) == {"0.tar/1.jpg": ("cat",), "0.tar/n1.5.jpg": ("dog",)}
    assert layout.notes == tuple(
        f"1 {kind} files of the shards are not used" for kind in (".cls", ".mask.png", ".mp4", "hidden")
    )


def test_shards_may_be_compressed(tmp_path: Path, own_cache: Path) -> None:
    one = {"1.jpg": b"one", "1.cls": b"cat"}
    layout = layout_of(tmp_path, {"0.tar.gz": one, "1.tgz": one, "2.tar": one})
    assert layout.notes == ("2 shards are compressed: they are read from unpacked copies in the cache",)
    assert [layout.storage.read(file.path) for file in layout.files] == [b"one"] * 3
    assert len(list((own_cache / "archives").iterdir())) == 2


def test_shards_that_cannot_be_read_are_all_named(tmp_path: Path) -> None:
    for name in ("0.tar", "1.tar"):
        (tmp_path / name).write_bytes(b"no tar at all" * 100)
    with pytest.raises(CollectionError, match=r"2 faults: .*0.tar: cannot be read.*; .*1.tar: cannot be read"):
        shard_layout([tmp_path / "0.tar", tmp_path / "1.tar"], source="the shards")


def test_a_single_tar_is_a_shard_where_its_pictures_have_label_files(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "train-0.tar", {"1.jpg": b"", "1.txt": b"cat", "2.jpg": b"", "2.txt": b"dog"})
    layout = archive_layout(path)
    assert (layout.root, layout.source) == (tmp_path, str(path))
    assert layout.files[0] == FoundFile("train-0.tar/1.jpg", ("cat",), "train")
    write_tar(path, {"cat/1.jpg": b"", "cat/1.txt": b"words", "dog/2.jpg": b""})
    assert [file.path for file in archive_layout(path).files] == ["cat/1.jpg", "dog/2.jpg"]


def test_archives_of_class_folders_are_no_shards(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="an archive of class folders is named itself, not its folder"):
        layout_of(tmp_path, {"0.tar": {"cat/1.jpg": b""}})
    with pytest.raises(CollectionError, match=r"the shards: no pictures in 1 shards; expected KEY.jpg beside KEY.cls"):
        layout_of(tmp_path, {"0.tar": {"1.mp4": b"", "1.cls": b""}})
