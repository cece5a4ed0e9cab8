"""A collection on disk becomes a table, or an error that names what is wrong with it."""

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from drawn import cropped, mirrored, reencoded, resized, scene
from unfreeze.errors import CollectionError, SettingsError
from unfreeze.images.content import content_hash
from unfreeze.images.layout import FoundFile, Layout
from unfreeze.images.scan import scan_folder, scan_layout
from unfreeze.images.storage import FolderStorage
from unfreeze.images.table import ImageTable, Quarantined

MakeCollection = Callable[..., Path]
Fingerprint = Callable[[Path], dict[str, tuple[str, int]]]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def valid_contents(table: ImageTable) -> set[str]:
    return {row.content for row in table.of_split("valid")}


def test_each_row_tells_what_its_file_is(make_collection: MakeCollection) -> None:
    root = make_collection({"train/red": 3, "train/blue": 2, "valid/red": 1, "valid/blue": 1, "test/blue": 1})
    table = scan_folder(root)
    assert table.classes == ("blue", "red")
    assert [(row.path, row.label, row.split) for row in table.rows] == [
        ("test/blue/000.png", 0, "test"),
        ("train/blue/000.png", 0, "train"),
        ("train/blue/001.png", 0, "train"),
        ("train/red/000.png", 1, "train"),
        ("train/red/001.png", 1, "train"),
        ("train/red/002.png", 1, "train"),
        ("valid/blue/000.png", 0, "valid"),
        ("valid/red/000.png", 1, "valid"),
    ]
    for row in table.rows:
        assert (row.width, row.height) == (48, 40)
        assert row.content == hashlib.blake2b((root / row.path).read_bytes(), digest_size=16).hexdigest()
    assert (table.root, table.quarantined, table.notes) == (root, (), ())


def test_width_and_height_are_those_of_the_upright_picture(make_collection: MakeCollection) -> None:
    root = make_collection({"red": 2, "blue": 2})
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(root / "red" / "turned.jpg", exif=exif)
    row = next(row for row in scan_folder(root).rows if row.path == "red/turned.jpg")
    assert (row.width, row.height) == (20, 30)


def test_content_hash_is_of_the_bytes_alone() -> None:
    assert content_hash(b"") == "cae66941d9efbd404e4d88758ea67670"  # BLAKE2b-128 of nothing
    assert content_hash(b"a") != content_hash(b"b")


def test_without_splits_a_share_of_each_class_validates(make_collection: MakeCollection) -> None:
    table = scan_folder(make_collection({"red": 60, "green": 10}), valid_share=0.4, seed=7)
    counts = Counter(table.classes[row.label] for row in table.of_split("valid"))
    assert 12 <= counts["red"] <= 36  # 24 on average
    assert 2 <= counts["green"] <= 7
    said = f"no validation pictures given: {counts.total()} of 70 pictures set aside to validate (seed 7)"
    assert table.notes == (said,)


def test_without_a_valid_folder_training_gives_and_test_does_not(make_collection: MakeCollection) -> None:
    table = scan_folder(make_collection({"train/red": 5, "train/blue": 5, "test/red": 4, "test/blue": 4}))
    counts = Counter((row.path.split("/")[0], row.split) for row in table.rows)
    assert counts.keys() == {("train", "train"), ("train", "valid"), ("test", "test")}
    assert counts["test", "test"] == 8
    assert {row.label for row in table.of_split("train")} == {row.label for row in table.of_split("valid")} == {0, 1}


def test_renamed_and_reordered_files_validate_as_before(make_collection: MakeCollection) -> None:
    root = make_collection({"red": 12, "blue": 12})
    before = valid_contents(scan_folder(root))
    for number, path in enumerate(sorted(root.rglob("*.png"), reverse=True)):
        path.rename(path.with_name(f"renamed {number:03d}.png"))
    (root / "red").rename(root / "zebra")
    assert valid_contents(scan_folder(root)) == before
    assert valid_contents(scan_folder(root, seed=1)) != before


def test_threads_change_nothing(make_collection: MakeCollection) -> None:
    root = make_collection({"red": 8, "blue": 8})
    truncate(root / "red" / "003.png")
    assert scan_folder(root, threads=4) == scan_folder(root)


def test_progress_counts_every_file(make_collection: MakeCollection) -> None:
    steps: list[tuple[int, int]] = []
    scan_folder(make_collection({"red": 2, "blue": 2}), progress=lambda done, files: steps.append((done, files)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_nothing_is_written_beside_the_pictures(make_collection: MakeCollection, fingerprint: Fingerprint) -> None:
    root = make_collection({"red": 12, "blue": 12})
    truncate(root / "red" / "001.png")
    before = fingerprint(root)
    scan_folder(root)
    with pytest.raises(CollectionError, match="1 of 24 files"):
        scan_folder(root, max_broken_share=0)
    assert fingerprint(root) == before


def test_one_broken_file_is_set_aside_by_name(make_collection: MakeCollection) -> None:
    root = make_collection({"red": 10, "blue": 10})
    truncate(root / "blue" / "004.png")
    table = scan_folder(root)
    assert len(table.rows) == 19
    assert all(row.path != "blue/004.png" for row in table.rows)
    (broken,) = table.quarantined
    assert broken.path == "blue/004.png"
    assert "truncated" in broken.reason
    assert table.notes[0] == "1 of 20 files cannot be decoded and are left out"


def test_each_kind_of_broken_file_has_its_reason(make_collection: MakeCollection) -> None:
    root = make_collection({"red": 40, "blue": 10})
    (root / "red" / "a.jpg").write_text("these are words")
    (root / "red" / "b.jpg").touch()
    (root / "red" / "c.jpg").symlink_to("nowhere.jpg")
    (root / "red" / "d.jpg").symlink_to("d.jpg")
    assert scan_folder(root).quarantined == (
        Quarantined("red/a.jpg", "not a picture in a known format"),
        Quarantined("red/b.jpg", "the file is empty"),
        Quarantined("red/c.jpg", "No such file or directory"),
        Quarantined("red/d.jpg", "Too many levels of symbolic links"),
    )


def test_a_file_that_may_not_be_read_is_set_aside(
    make_collection: MakeCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_collection({"red": 10, "blue": 10})
    read_bytes = Path.read_bytes

    def guarded(path: Path) -> bytes:
        if path.name == "003.png" and path.parent.name == "red":
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", guarded)
    assert scan_folder(root).quarantined == (Quarantined("red/003.png", "Permission denied"),)


def test_too_many_broken_files_stop_and_are_named(make_collection: MakeCollection) -> None:
    root = make_collection({"red": 10, "blue": 10})
    for number in range(6):
        (root / "red" / f"{number:03d}.png").write_bytes(b"")
    with pytest.raises(CollectionError, match="6 of 20 files cannot be decoded, more than the 10% that is") as caught:
        scan_folder(root)
    assert "red/000.png (the file is empty); red/001.png (the file is empty);" in str(caught.value)
    assert "red/004.png (the file is empty) and 1 more; mend or remove them" in str(caught.value)
    assert caught.value.subject == str(root)
    assert len(scan_folder(root, max_broken_share=0.3).quarantined) == 6


def test_a_class_of_which_no_file_decodes_is_noted(make_collection: MakeCollection) -> None:
    root = make_collection({"red": 10, "blue": 10, "green": 1})
    (root / "green" / "000.png").write_text("words")
    table = scan_folder(root)
    assert table.classes == ("blue", "red")
    assert "class 'green' is left out: none of its files can be decoded" in table.notes


def test_a_collection_of_broken_files_alone_stops_whatever_is_allowed(make_collection: MakeCollection) -> None:
    root = make_collection({"red": 1, "blue": 1})
    for path in root.rglob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(CollectionError, match="2 of 2 files cannot be decoded"):
        scan_folder(root, max_broken_share=1)


def test_one_class_is_an_error(make_collection: MakeCollection) -> None:
    with pytest.raises(CollectionError, match=r"only one class, 'red'; a classifier needs at least two classes$"):
        scan_folder(make_collection({"red": 4}))


def test_a_class_with_one_picture_is_an_error_that_names_it(make_collection: MakeCollection) -> None:
    with pytest.raises(CollectionError, match="'blue' has 1"):
        scan_folder(make_collection({"red": 4, "blue": 1}))


@pytest.mark.parametrize("split", ["valid", "test"])
def test_a_class_that_training_does_not_have_is_an_error(make_collection: MakeCollection, split: str) -> None:
    root = make_collection({"train/red": 2, "train/blue": 2, f"{split}/green": 3, f"{split}/red": 1})
    message = rf"classes without a training picture: {split}/green \(3 pictures\); training has blue, red"
    with pytest.raises(CollectionError, match=message) as caught:
        scan_folder(root)
    assert caught.value.subject == "green"


def test_a_class_that_validation_does_not_have_is_noted_and_shifts_no_label(make_collection: MakeCollection) -> None:
    table = scan_folder(make_collection({"train/blue": 2, "train/green": 2, "train/red": 2, "valid/red": 1}))
    assert table.classes == ("blue", "green", "red")
    assert [row.label for row in table.of_split("valid")] == [2]
    assert table.notes == ("class 'blue' has no validation picture", "class 'green' has no validation picture")


@pytest.mark.parametrize(
    ("shares", "name"),
    [
        ({"valid_share": 0.0}, "valid_share"),
        ({"valid_share": 1.0}, "valid_share"),
        ({"valid_share": float("nan")}, "valid_share"),
        ({"max_broken_share": -0.1}, "max_broken_share"),
        ({"max_broken_share": 1.1}, "max_broken_share"),
    ],
)
def test_shares_out_of_range_are_errors(make_collection: MakeCollection, shares: dict[str, float], name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is .*; it must lie between 0 and 1") as caught:
        scan_folder(make_collection({"red": 2, "blue": 2}), **shares)  # type: ignore[arg-type]
    assert caught.value.subject == name


def test_unusual_names_are_read(make_collection: MakeCollection) -> None:
    root = make_collection({"Käse 🧀": 2, "雪": 2})
    (root / "雪" / "000.png").rename(root / "雪" / f"{'x' * 196}.png")
    if sys.platform == "linux":
        (root / "雪" / "001.png").rename(root / "雪" / os.fsdecode(b"caf\xe9 \xff.png"))
    table = scan_folder(root, valid_share=0.5)
    assert table.classes == ("Käse 🧀", "雪")
    assert [row.content for row in table.rows] == [content_hash((root / row.path).read_bytes()) for row in table.rows]
    assert len(table.rows) == 4


def test_equal_files_of_a_class_are_on_one_side(make_collection: MakeCollection) -> None:
    root = make_collection({"red": 6, "blue": 6})
    for path in sorted(root.rglob("*.png")):
        path.with_name(f"copy of {path.name}").write_bytes(path.read_bytes())
    table = scan_folder(root, valid_share=0.5)
    assert 4 <= len(table.of_split("valid")) <= 20
    assert valid_contents(table).isdisjoint(row.content for row in table.of_split("train"))


def write_scenes(folder: Path, seeds: range, name: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        scene(seed).save(folder / f"{name}{seed:03d}.png")


def write_copies(source: Path, into: Path) -> int:
    """Copies each picture of a folder to another one, changed in one way or another."""
    into.mkdir(parents=True, exist_ok=True)
    ways = (reencoded, resized, mirrored)
    for number, path in enumerate(paths := sorted(source.iterdir())):
        with Image.open(path) as image:
            ways[number % len(ways)](image.convert("RGB")).save(into / f"copy {path.name}")
    return len(paths)


def test_near_duplicates_are_on_one_side(tmp_path: Path) -> None:
    write_scenes(tmp_path / "one", range(12))
    write_scenes(tmp_path / "two", range(20, 32))
    for name in ("one", "two"):
        write_copies(tmp_path / name, tmp_path / name)
    table = scan_folder(tmp_path, valid_share=0.5)
    split_of = {row.path: row.split for row in table.rows}
    copies = [path for path in split_of if "copy" in path]
    assert len(copies) == 24
    assert all(split_of[path] == split_of[path.replace("copy ", "")] for path in copies)
    assert "near-duplicates: 24 clusters of 48 pictures that show the same kept on one side of the split" in table.notes


def test_a_split_that_was_given_is_kept_and_what_straddles_it_is_counted(tmp_path: Path) -> None:
    for split, start in (("train", 0), ("valid", 40), ("test", 80)):
        for number, name in enumerate(("one", "two")):
            write_scenes(tmp_path / split / name, range(start + 10 * number, start + 10 * number + 4))
    write_copies(tmp_path / "train" / "one", tmp_path / "valid" / "one")
    before = {row.path: row.split for row in scan_folder(tmp_path).rows}
    assert all(path.startswith(split) for path, split in before.items())
    what = (
        "pictures are near-duplicates of training pictures, or of one group with them, which flatters the figures; "
        "unfreeze check lists them"
    )
    assert scan_folder(tmp_path).notes == (f"given split: 4 valid {what}",)
    write_scenes(tmp_path / "test" / "two", range(1), name="again")
    assert scan_folder(tmp_path).notes == (f"given split: 4 valid and 1 test {what}",)


def test_one_picture_that_straddles_a_given_split_is_told_as_one(tmp_path: Path) -> None:
    for split, start in (("train", 0), ("valid", 40)):
        for number, name in enumerate(("one", "two")):
            write_scenes(tmp_path / split / name, range(start + 10 * number, start + 10 * number + 2))
    write_scenes(tmp_path / "valid" / "two", range(1))
    (note,) = scan_folder(tmp_path).notes
    assert note.startswith("given split: 1 valid picture is a near-duplicate of a training picture, or of one group")


def test_test_pictures_that_training_knows_are_counted_where_validation_is_chosen(tmp_path: Path) -> None:
    for number, name in enumerate(("one", "two")):
        write_scenes(tmp_path / "train" / name, range(10 * number, 10 * number + 5))
    write_scenes(tmp_path / "test" / "one", range(1))
    outcomes = set()
    for seed in range(12):
        table = scan_folder(tmp_path, seed=seed, valid_share=0.5)
        told = any(note.startswith("given split: 1 test picture is") for note in table.notes)
        assert told == ({row.split for row in table.rows if row.path.endswith("one/000.png")} == {"train", "test"})
        assert not any(note.startswith("near-duplicates") for note in table.notes)
        outcomes.add(told)
    assert outcomes == {False, True}


def test_groups_are_on_one_side(tmp_path: Path) -> None:
    write_scenes(tmp_path / "pictures", range(40))
    files = tuple(
        FoundFile(f"{seed:03d}.png", ("even" if seed % 2 == 0 else "odd",), None, group=f"herd {seed // 4}")
        for seed in range(40)
    )
    root = tmp_path / "pictures"
    table = scan_layout(Layout(root, str(root), files, FolderStorage(root)), valid_share=0.4)
    sides = {(row.group, row.split) for row in table.rows}
    assert len(sides) == len({row.group for row in table.rows}) == 10
    assert {split for _, split in sides} == {"train", "valid"}


def test_a_crop_is_not_known_by_its_look(tmp_path: Path) -> None:
    """What the docstring of `images/duplicates.py` says; the thorough search finds it."""
    write_scenes(tmp_path / "one", range(4))
    write_scenes(tmp_path / "two", range(10, 14))
    cropped(scene(0)).save(tmp_path / "one" / "crop.png")
    assert not any(note.startswith("near-duplicates") for note in scan_folder(tmp_path).notes)


def test_a_row_without_a_picture_counts_as_a_broken_one(make_collection: MakeCollection, tmp_path: Path) -> None:
    root = make_collection({"red": 6, "blue": 6})
    rows = [f"{path.relative_to(root).as_posix()},{path.parent.name}\n" for path in sorted(root.glob("*/*"))]
    path = root / "list.csv"
    path.write_text("".join(("path,label\n", *rows, "red/gone.png,red\n")))
    table = scan_folder(path)
    assert [(gone.path, gone.reason) for gone in table.quarantined] == [("red/gone.png", "No such file or directory")]
    assert "rows without a picture: line 14; each counts as a picture that is broken" in table.notes
    with pytest.raises(CollectionError, match=r"1 of 13 files cannot be decoded, more than the 5%.*red/gone.png"):
        scan_folder(path, max_broken_share=0.05)
