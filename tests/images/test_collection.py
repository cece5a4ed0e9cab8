"""Whatever a user names becomes a layout, or one error that says what can be named."""

import os
from pathlib import Path

import pytest

from archives import write_tar, write_zip
from made import MakeCollection
from unfreeze.errors import CollectionError, SettingsError, UnfreezeError
from unfreeze.images.collection import (
    absolute_name,
    check_named,
    collection_layout,
    collection_name,
    lies_inside,
    list_hash,
)
from unfreeze.images.columns import Columns
from unfreeze.images.patterns import expanded
from unfreeze.images.scan import scan_folder

ONE = {"1.jpg": b"one", "1.cls": b"cat"}
FOLDERS = {"cat/1.jpg": b"", "dog/2.jpg": b""}


def test_folder_list_and_archives_of_the_same_pictures_are_the_same_table(
    make_collection: MakeCollection, tmp_path: Path
) -> None:
    root = make_collection({"train/red": 4, "train/blue": 4, "valid/red": 2, "valid/blue": 2})
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.png"))}
    named = [f"pictures/{path},{path.split('/')[1]},{path.split('/')[0]}" for path in files]
    (tmp_path / "list.csv").write_text("\n".join(["path,label,split", *named]))
    folder = scan_folder(root)
    assert len(folder.rows) == 12
    for path in (write_zip(tmp_path / "a.zip", files), write_tar(tmp_path / "a.tgz", files, "w:gz")):
        table = scan_folder(path, threads=4)
        assert (table.root, table.classes, table.rows) == (path, folder.classes, folder.rows)
        assert [table.read(row) for row in table.rows] == [files[row.path] for row in table.rows]
    listed = scan_folder(tmp_path / "list.csv")
    assert [(row.path.removeprefix("pictures/"), row.labels, row.content) for row in listed.rows] == [
        (row.path, row.labels, row.content) for row in folder.rows
    ]


def test_a_damaged_file_of_an_archive_costs_its_own_row(make_collection: MakeCollection, tmp_path: Path) -> None:
    root = make_collection({"red": 10, "blue": 10})
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.png")}
    path = write_zip(tmp_path / "pictures.zip", files)
    data = path.read_bytes()
    at = data.index(b"red/003.png") + len("red/003.png")
    path.write_bytes(data[:at] + b"\xff" * 20 + data[at + 20 :])
    (broken,) = scan_folder(path).quarantined
    assert broken.path == "red/003.png"
    assert broken.reason.startswith("cannot be read from the archive (")


def test_a_folder_of_shards(tmp_path: Path) -> None:
    for name in ("train-0.tar", "train-1.tar", "val-0.tar"):
        write_tar(tmp_path / name, ONE)
    for name in ("classes.txt", "README.md", ".hidden", "sizes.json"):
        (tmp_path / name).touch()
    layout = collection_layout(tmp_path)
    assert {file.path: file.split for file in layout.files} == {
        "train-0.tar/1.jpg": "train",
        "train-1.tar/1.jpg": "train",
        "val-0.tar/1.jpg": "valid",
    }
    assert layout.notes == ("files beside the shards are not read: README.md, sizes.json",)


def test_a_folder_of_split_folders_of_shards(tmp_path: Path) -> None:
    for split in ("train", "val"):
        (tmp_path / split).mkdir()
        write_tar(tmp_path / split / "0.tar", ONE)
    layout = collection_layout(tmp_path)
    assert [(file.path, file.split) for file in layout.files] == [
        ("train/0.tar/1.jpg", "train"),
        ("val/0.tar/1.jpg", "valid"),
    ]


def test_archives_beside_class_folders_are_no_shards(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.jpg").touch()
    write_tar(tmp_path / "0.tar", ONE)
    layout = collection_layout(tmp_path)
    assert "cat/1.jpg" in [file.path for file in layout.files]
    assert "1 .tar files skipped: not a picture's suffix" in layout.notes


def test_archives_beside_loose_pictures_are_no_shards(tmp_path: Path) -> None:
    (tmp_path / "2.jpg").touch()
    write_tar(tmp_path / "0.tar", ONE)
    with pytest.raises(CollectionError, match=r"1 pictures skipped in the top folder.*an archive of pictures is named"):
        collection_layout(tmp_path)


def test_patterns_name_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        write_tar(tmp_path / f"train-{number:03}.tar", ONE)
    write_tar(tmp_path / ".train-9.tar", ONE)
    monkeypatch.chdir(tmp_path)
    for pattern in (f"{tmp_path}/train-{{000..002}}.tar", "train-*.tar", "{train}-00[0-2].tar", "*.tar"):
        layout = collection_layout(pattern)
        assert [file.path for file in layout.files] == [f"train-00{number}.tar/1.jpg" for number in range(3)]
        assert layout.storage.read("train-001.tar/1.jpg") == b"one"
    with pytest.raises(
        CollectionError, match=r"train-{000..004}.tar: 2 of 5 files are not there: train-003.tar, train-0"
    ):
        collection_layout("train-{000..004}.tar")
    with pytest.raises(CollectionError, match=r"valid-\*.tar: no file is named so; put them there, or name others"):
        collection_layout("valid-*.tar")


@pytest.mark.parametrize("pattern", ["{0..9999999}.tar", "{0..999}{0..999}{0..9}.tar"])
def test_patterns_that_name_millions_are_refused(pattern: str) -> None:
    with pytest.raises(CollectionError, match="names more than 1,000,000 files; name fewer"):
        expanded(pattern)


def test_columns_are_for_lists_alone(make_collection: MakeCollection, tmp_path: Path) -> None:
    root = make_collection({"red": 2, "blue": 2})
    with pytest.raises(
        SettingsError, match=f"--label-separator: says how a CSV file is read, and {root} is none; leave"
    ):
        collection_layout(root, columns=Columns(label_separator=";"))
    with pytest.raises(SettingsError, match="--path-column and the like: says how a CSV file is read"):
        collection_layout(write_zip(tmp_path / "a.zip", ONE), columns=Columns(path="file"))
    with pytest.raises(SettingsError, match="--root: says how a CSV file is read"):
        collection_layout(root, root=root)
    (root / "list.tsv").write_text("file\tkind\nred/000.png\tred;warm\n")
    columns = Columns(path="file", label="kind", label_separator=";")
    assert collection_layout(root / "list.tsv", columns=columns).files[0].class_names == ("red", "warm")


def test_what_parts_labels_of_manifests_is_for_pictures_with_several(tmp_path: Path) -> None:
    columns = Columns(label_separator="|")
    with pytest.raises(SettingsError, match="--label-separator: says how a CSV file is read"):
        collection_layout(write_zip(tmp_path / "a.zip", FOLDERS), columns=columns, relabels=True)
    with pytest.raises(SettingsError, match="--path-column and the like: says how a CSV file is read"):
        collection_layout(tmp_path / "a.zip", columns=Columns(path="file"), relabels=True)
    shard = write_tar(tmp_path / "a.tar", {"1.jpg": b"", "1.json": b'{"label": ["sea", "beach"]}'})
    with pytest.raises(SettingsError, match="--label-separator: says how a CSV file is read"):
        collection_layout(shard, columns=columns)
    assert collection_layout(shard, columns=columns, relabels=True).multilabel


def test_what_names_no_collection_is_an_error_that_says_what_does(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").touch()
    os.mkfifo(tmp_path / "pipe.csv")
    expected = {
        "none": "is not there; name a folder of pictures, a CSV or TSV file, a zip or tar archive, or shards of WebD",
        "none.csv": "is not there; name",
        "1.jpg": r"is none of those that hold pictures; name a folder .* \(.csv, .tsv, .txt, .zip, .tar, .tar.gz, ",
        "pipe.csv": "is neither a folder nor a file; name",
        "{a,b}.tar": "2 of 2 files are not there",
    }
    for name, message in expected.items():
        for function in (check_named, collection_layout, scan_folder):
            with pytest.raises(UnfreezeError, match=message) as caught:
                function(tmp_path / name)
            assert caught.value.subject == str(tmp_path / name)


def test_names_of_collections(tmp_path: Path) -> None:
    (tmp_path / "pets.zip").mkdir()
    (tmp_path / "[1].tar").touch()
    expected = {
        "pets.zip": "pets.zip",
        "[1].tar": "[1]",
        "A.TAR.XZ": "A",
        "a.b.tsv": "a.b",
        "{0..1}.tar": tmp_path.name,
    }
    assert {name: collection_name(tmp_path / name) for name in expected} == expected


def test_a_list_keeps_the_folder_that_its_link_lies_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "list.csv").touch()
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "list.csv").symlink_to("a/list.csv")
    monkeypatch.chdir(tmp_path)
    assert absolute_name(Path("link")) == tmp_path / "a"
    assert absolute_name(Path("list.csv")) == tmp_path / "list.csv"
    assert absolute_name(Path("a/../link/*.tar")) == tmp_path / "a" / "*.tar"


def test_only_a_folder_has_an_inside(tmp_path: Path) -> None:
    (tmp_path / "list.csv").touch()
    assert lies_inside(tmp_path / "runs" / "a", tmp_path)
    assert not lies_inside(tmp_path / "runs" / "a", tmp_path / "list.csv")
    assert not lies_inside(tmp_path / "list.csv", tmp_path / "list.csv")
    assert not lies_inside(tmp_path, tmp_path / "runs")


def test_a_list_has_a_hash_and_a_folder_or_an_archive_has_none(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b"abc")
    assert list_hash(tmp_path / "list.csv") == "cf4ab791c62b8d2b2109c90275287816"  # b2sum -l 128
    assert list_hash(tmp_path) is None
    assert list_hash(write_zip(tmp_path / "a.zip", ONE)) is None  # its pictures have hashes
