"""Shards that `unfreeze shard` writes: read back as the same collection, the same bytes each time."""

import csv
import json
import shutil
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import MakeCollection, fingerprint
from unfreeze.bulk.sources import parts_of
from unfreeze.errors import CollectionError, RunError, SettingsError
from unfreeze.images.collection import collection_layout
from unfreeze.images.columns import Columns
from unfreeze.images.scan import scan_layout
from unfreeze.images.shard_writer import Sharded, write_shards
from unfreeze.images.tar_file import TarStorage

SPLIT = {"train/red": 6, "train/blue": 5, "valid/red": 2, "valid/blue": 2, "test/red": 1}


def shard(source: Path, out: Path, shard_bytes: int = 10**6, **columns: str) -> Sharded:
    layout = collection_layout(source, columns=Columns(**columns), needs_training=False)
    return write_shards(layout, out, shard_bytes=shard_bytes, threads=2)


def test_the_same_collection_comes_back(make_collection: MakeCollection, tmp_path: Path) -> None:
    for name, counts in (("told", SPLIT), ("untold", {"red": 8, "blue": 7})):
        pictures = make_collection(counts, name)
        before = fingerprint(pictures)
        shard(pictures, tmp_path / f"{name}-shards", shard_bytes=60_000)
        assert fingerprint(pictures) == before
        folder, shards = (scan_layout(collection_layout(path)) for path in (pictures, tmp_path / f"{name}-shards"))
        assert shards.classes == folder.classes
        rows = {row.content: (row.labels, row.split) for row in folder.rows}
        assert {row.content: (row.labels, row.split) for row in shards.rows} == rows
        assert isinstance(shards.storage, TarStorage)
        assert len({row.path.split("/")[0] for row in shards.rows}) > len({row.split for row in shards.rows})
        assert not any("files beside the shards" in note for note in shards.notes)


def test_names_sizes_paths_and_bytes_are_decided_by_the_pictures(
    make_collection: MakeCollection, tmp_path: Path
) -> None:
    pictures = make_collection(SPLIT)
    first, second = (shard(pictures, tmp_path / name, shard_bytes=60_000) for name in ("one", "two"))
    assert first == second
    assert list(first.shards) == ["train-000000.tar", "train-000001.tar", "valid-000000.tar", "test-000000.tar"]
    assert first.pictures == 16
    assert all((tmp_path / "one" / name).stat().st_size <= 60_000 for name in first.shards)
    for name in first.shards:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert json.loads((tmp_path / "one/shards.json").read_text())["shards"] == first.shards
    with tarfile.open(tmp_path / "one/test-000000.tar") as archive:
        picture, said = archive.getmembers()
        assert (picture.name, said.name, picture.mtime) == ("000000000.png", "000000000.json", 0)
        file, label = (archive.extractfile(member) for member in (picture, said))
        assert file
        assert label
        assert file.read() == (pictures / "test/red/000.png").read_bytes()
        assert json.loads(label.read()) == {"label": "red", "path": "test/red/000.png"}


def test_files_that_are_no_pictures_are_listed(make_collection: MakeCollection, tmp_path: Path) -> None:
    pictures = make_collection({"red": 3, "blue": 3})
    (pictures / "red/001.png").write_bytes(b"words")
    found = shard(pictures, tmp_path / "out")
    assert [(bad.path, bad.reason) for bad in found.bad] == [("red/001.png", "not a picture in a known format")]
    rows = list(csv.reader((tmp_path / "out/bad.csv").read_text().splitlines()))
    assert rows == [["path", "reason"], ["red/001.png", "not a picture in a known format"]]
    assert found.pictures == len(collection_layout(tmp_path / "out").files) == 5
    for file in pictures.rglob("*.png"):
        file.write_bytes(b"words")
    with pytest.raises(CollectionError, match="none of 6 files can be decoded"):
        shard(pictures, tmp_path / "none")


def test_several_labels_and_none_are_kept(make_collection: MakeCollection, tmp_path: Path) -> None:
    pictures = make_collection({"red": 3})
    table = tmp_path / "list.csv"
    table.write_text(
        "path,label\n" + "".join(f"{pictures}/red/00{n}.png,{who}\n" for n, who in enumerate(("a;b", "b", "")))
    )
    shard(table, tmp_path / "out", label_separator=";")
    layout = collection_layout(tmp_path / "out")
    assert layout.multilabel
    assert [file.class_names for file in layout.files] == [("a", "b"), ("b",), ()]


@pytest.mark.parametrize("split", ["", "train"])
def test_groups_are_kept(make_collection: MakeCollection, tmp_path: Path, split: str) -> None:
    pictures, table = make_collection({"red": 8, "blue": 8}), tmp_path / "list.csv"
    rows = [
        f"{file},{file.parent.name},{split},{'ab'[n % 2] if n else ''}"
        for n, file in enumerate(sorted(pictures.rglob("*.png")))
    ]
    table.write_text("\n".join(("path,label,split,group", *rows)))
    shard(table, tmp_path / "shards")
    given, kept = (collection_layout(path, needs_training=False) for path in (table, tmp_path / "shards"))
    assert [file.group for file in kept.files] == [file.group for file in given.files]
    assert {file.group for file in kept.files} == {"", "a", "b"}
    if not split:
        sides = [{row.content: (row.group, row.split) for row in scan_layout(each).rows} for each in (given, kept)]
        assert sides[0] == sides[1]


def test_what_would_be_lost_is_refused(make_collection: MakeCollection, tmp_path: Path) -> None:
    pictures = make_collection({"red": 3, "blue": 3})
    with pytest.raises(RunError, match="lies inside the pictures"):
        shard(pictures, pictures / "out")
    with pytest.raises(RunError, match="is there already; choose a new folder for --out"):
        shard(pictures, pictures.parent)
    with pytest.raises(SettingsError, match="would say that its pictures are all for one split"):
        shard(pictures, tmp_path / "test")


def test_a_part_of_the_shards_is_no_collection(make_collection: MakeCollection, tmp_path: Path) -> None:
    pictures, out = make_collection(SPLIT), tmp_path / "out"

    def stop(done: int, total: int) -> None:
        if len(list(out.glob("train-*.tar"))) == 2:
            raise KeyboardInterrupt

    layout = collection_layout(pictures)
    with pytest.raises(KeyboardInterrupt):
        write_shards(layout, out, shard_bytes=20_000, progress=stop)
    for named in (out, out / "*.tar", out / "train-000000.tar"):
        with pytest.raises(CollectionError, match="unfreeze shard was stopped, or still writes; remove the folder"):
            collection_layout(named)
    for named in (tmp_path, out / "*.tar", out / "train-000000.tar"):
        with pytest.raises(CollectionError, match=f"{out}: unfreeze shard was stopped"):
            list(parts_of([str(named)], part_size=10))
    with pytest.raises(RunError, match="an earlier call was stopped; remove the folder and call again"):
        shard(pictures, out)
    shutil.rmtree(out)
    shard(pictures, out)
    assert collection_layout(out).files


@given(st.integers(1, 60_000))
def test_no_size_loses_a_picture(tmp_path_factory: pytest.TempPathFactory, shard_bytes: int) -> None:
    pictures = tmp_path_factory.mktemp("sizes")
    from made import write_collection

    write_collection(pictures / "in", {"red": 3, "blue": 2})
    found = shard(pictures / "in", pictures / "out", shard_bytes=shard_bytes)
    files = collection_layout(pictures / "out").files
    assert len(files) == found.pictures == 5
    for name, count in found.shards.items():
        assert count == 1 or (pictures / "out" / name).stat().st_size <= shard_bytes
