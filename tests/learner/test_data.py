"""One collection, read as folders, as a CSV file and as lists, is the same data."""

from collections import Counter
from pathlib import Path

import pytest

from archives import write_zip
from made import MakeCollection
from unfreeze.errors import CollectionError, SettingsError
from unfreeze.images.scan import scan_folder
from unfreeze.images.table import ImageRow
from unfreeze.learner.data import ImageData


def pictures_of(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.png"), reverse=True)]


def write_csv(root: Path, *, splits: bool) -> Path:
    """Writes a list of `[SPLIT/]CLASS/NUMBER.png` files beside them."""
    rows = ["path,label,split" if splits else "path,label"]
    for path in pictures_of(root):
        *split, label, _ = path.split("/")
        rows.append(",".join([path, label, *(split if splits else [])]))
    (root / "pictures.csv").write_text("\n".join(rows))
    return root / "pictures.csv"


def test_without_splits_the_three_ways_choose_the_same_pictures(make_collection: MakeCollection) -> None:
    root = make_collection({"red": 10, "blue": 10})
    (root / "red" / "004.png").write_text("words")
    ways = {"size_px": 96, "square": "pad", "augment": "upright", "seed": 3, "valid_share": 0.4}
    folder = ImageData.from_folder(root, **ways)  # type: ignore[arg-type]
    assert {row.split for row in folder.table.rows} == {"train", "valid"}
    assert len(folder.table.rows) == 19
    assert (folder.transform.size_px, folder.transform.seed) == (96, 3)
    assert (str(folder.transform.square), str(folder.transform.augment)) == ("pad", "upright")
    assert [broken.path for broken in folder.table.quarantined] == ["red/004.png"]
    assert folder.table == scan_folder(root, valid_share=0.4, seed=3)
    assert folder.table != scan_folder(root, valid_share=0.4)
    assert folder == ImageData.from_csv(write_csv(root, splits=False), **ways)  # type: ignore[arg-type]
    paths = pictures_of(root)
    labels = [path.split("/")[0] for path in paths]
    assert folder == ImageData.from_lists(paths, labels, root=root, **ways)  # type: ignore[arg-type]


def test_given_splits_are_kept_in_all_three_ways(make_collection: MakeCollection) -> None:
    root = make_collection({"train/red": 4, "train/blue": 4, "valid/red": 2, "valid/blue": 1, "test/red": 1})
    folder = ImageData.from_folder(root)
    assert Counter(row.split for row in folder.table.rows) == {"train": 8, "valid": 3, "test": 1}
    assert folder == ImageData.from_csv(write_csv(root, splits=True))
    paths = [root / path for path in pictures_of(root)]
    labels, splits = [path.parts[-2] for path in paths], [path.parts[-3] for path in paths]
    assert folder == ImageData.from_lists(paths, labels, splits=splits)


def test_columns_and_root_are_passed_on(make_collection: MakeCollection, tmp_path: Path) -> None:
    root = make_collection({"red": 2, "blue": 2})
    path = tmp_path / "list.csv"
    parts = ["val", "train"] * 2
    rows = [f"{name};{name.split('/')[0]};{part};x" for name, part in zip(pictures_of(root), parts, strict=True)]
    path.write_text("\n".join(["file;kind;part;by", *rows]))
    data = ImageData.from_csv(path, root=root, path_column="file", label_column="kind", split_column="part")
    assert [(row.path, data.table.classes[row.label], row.split) for row in data.table.rows] == [
        ("blue/000.png", "blue", "train"),
        ("blue/001.png", "blue", "valid"),
        ("red/000.png", "red", "train"),
        ("red/001.png", "red", "valid"),
    ]
    assert data.table.notes == ("columns that are not used: by",)


def test_progress_is_told_in_all_three_ways(make_collection: MakeCollection) -> None:
    root = make_collection({"red": 2, "blue": 2})
    steps: list[tuple[int, int]] = []

    def watch(done: int, files: int) -> None:
        steps.append((done, files))

    ImageData.from_folder(root, progress=watch)
    ImageData.from_csv(write_csv(root, splits=False), progress=watch)
    paths = pictures_of(root)
    ImageData.from_lists(paths, [path.split("/")[0] for path in paths], root=root, progress=watch)
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)] * 3


def test_pictures_are_read_below_the_common_parent(make_collection: MakeCollection) -> None:
    root = make_collection({"deep/red": 3, "deep/blue": 3})
    paths = [root / path for path in pictures_of(root)]
    data = ImageData.from_lists(paths, [path.parent.name for path in paths])
    row: ImageRow = data.table.rows[0]
    assert (data.table.root, row.path) == (root / "deep", "blue/000.png")
    assert data.table.read(row) == (root / "deep" / "blue" / "000.png").read_bytes()


def test_what_shows_when_the_files_are_read_names_the_list(make_collection: MakeCollection) -> None:
    root = make_collection({"valid/red": 1, "train/red": 2, "train/blue": 2})
    path = write_csv(root, splits=True)
    (root / "valid" / "red" / "000.png").write_text("words")
    with pytest.raises(CollectionError, match="1 of 5 files cannot be decoded") as caught:
        ImageData.from_csv(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.subject == str(path)
    with pytest.raises(CollectionError, match="the lists: only one class, 'red'; a classifier needs at least two"):
        ImageData.from_lists(["train/red/000.png", "train/red/001.png"], ["red", "red"], root=root)


def test_options_that_cannot_be_used_are_errors(make_collection: MakeCollection) -> None:
    path = write_csv(make_collection({"red": 2, "blue": 2}), splits=False)
    with pytest.raises(SettingsError, match="augment is 'sideon'; it must be one of"):
        ImageData.from_csv(path, augment="sideon")
    with pytest.raises(SettingsError, match=r"valid_share is 1\.5; it must lie between 0 and 1"):
        ImageData.from_csv(path, valid_share=1.5)
    with pytest.raises(TypeError, match="sizepx"):
        ImageData.from_csv(path, sizepx=32)  # type: ignore[call-arg]


def test_manifests_leave_pictures_out_and_relabel_them(make_collection: MakeCollection, tmp_path: Path) -> None:
    root = make_collection({"red": 4, "blue": 4})
    (tmp_path / "out.csv").write_text("path,kind\nred/000.png,blurred\nred/001.png,tiny\n")
    (tmp_path / "new.csv").write_text("path,label\nred/002.png,blue\n")
    data = ImageData.from_folder(
        root, exclude=tmp_path / "out.csv", exclude_kinds=["tiny"], relabel=[str(tmp_path / "new.csv")]
    )
    assert {row.path: data.table.classes[row.label] for row in data.table.rows} == {
        **{f"blue/00{number}.png": "blue" for number in range(4)},
        "red/000.png": "red",
        "red/002.png": "blue",
        "red/003.png": "red",
    }


def test_the_scan_is_kept_unless_nothing_is_to_be(make_collection: MakeCollection, own_cache: Path) -> None:
    root = make_collection({"red": 4, "blue": 4})
    ImageData.from_folder(root, use_cache=False)
    assert not (own_cache / "scans").exists()
    ImageData.from_folder(root)
    assert (own_cache / "scans").exists()


def test_any_path_and_any_frame_give_the_same_data(make_collection: MakeCollection, tmp_path: Path) -> None:
    root = make_collection({"train/red": 2, "train/blue": 2, "valid/red": 1, "valid/blue": 1})
    folder = ImageData.from_folder(root, seed=3)
    assert ImageData.from_path(root, seed=3) == folder
    path = write_csv(root, splits=True)
    assert ImageData.from_path(path, seed=3) == folder
    archive = write_zip(tmp_path / "a.zip", {name: (root / name).read_bytes() for name in pictures_of(root)})
    assert ImageData.from_path(archive).table.rows == folder.table.rows
    pandas = pytest.importorskip("pandas")
    assert ImageData.from_frame(pandas.read_csv(path), root=root, seed=3) == folder
    renamed = pandas.read_csv(path).rename(columns={"path": "file"})
    assert ImageData.from_frame(renamed, root=root, path_column="file", seed=3) == folder
    with pytest.raises(SettingsError, match="--path-column and the like: says how a CSV file is read"):
        ImageData.from_path(root, path_column="file")


def test_groups_and_several_labels_reach_the_table(make_collection: MakeCollection, tmp_path: Path) -> None:
    root = make_collection({"red": 2, "blue": 2})
    paths, splits = pictures_of(root), ["train", "valid", "train", "valid"]
    labels = [["red"], ["red", "warm"], ["blue", "warm"], []]
    groups = ["a", "b", "c", None]
    data = ImageData.from_lists(paths, labels, splits=splits, groups=groups, root=root)
    assert (data.table.multilabel, data.table.classes) == (True, ("blue", "red", "warm"))
    assert {row.path: (row.labels, row.group) for row in data.table.rows} == {
        paths[0]: ((1,), "a"),
        paths[1]: ((1, 2), "b"),
        paths[2]: ((0, 2), "c"),
        paths[3]: ((), ""),
    }
    rows = zip(paths, labels, splits, groups, strict=True)
    lines = [f"{path};{'|'.join(names)};{split};{group or ''}" for path, names, split, group in rows]
    (tmp_path / "list.csv").write_text("\n".join(["path;label;split;who", *lines]))
    listed = ImageData.from_csv(tmp_path / "list.csv", root=root, label_separator="|", group_column="who")
    assert listed.table == data.table
