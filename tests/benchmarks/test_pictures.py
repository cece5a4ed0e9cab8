"""Folders that every program is given."""

from pathlib import Path

from PIL import Image

from benchmarks.pictures import linked, reencoded
from made import MakeCollection


def test_the_split_of_folders_is_kept_and_cut_to_size(tmp_path: Path, make_collection: MakeCollection) -> None:
    source = make_collection({"train/red": 5, "train/blue": 5, "valid/red": 3, "valid/blue": 3})
    into = linked(source, tmp_path / "links", {"train": 4, "valid": None})
    counts = {str(path.relative_to(into)): len(list(path.iterdir())) for path in sorted(into.glob("*/*"))}
    assert counts == {"train/blue": 2, "train/red": 2, "valid/blue": 3, "valid/red": 3}


def test_links_show_the_pictures(tmp_path: Path, make_collection: MakeCollection) -> None:
    source = make_collection({"red": 10, "blue": 10})
    into = linked(source, tmp_path / "links", {"train": None, "valid": None})
    links = list(into.glob("*/*/*"))
    assert len(links) == 20
    assert len(list((into / "valid").glob("*/*"))) == 4
    assert all(link.resolve() == (source / link.parent.name / link.name).resolve() for link in links)


def test_pictures_encoded_again_are_as_many_as_asked_for_and_all_different(
    tmp_path: Path, make_collection: MakeCollection
) -> None:
    source = make_collection({"train/red": 3, "train/blue": 2})
    into = reencoded(source, tmp_path / "many", 12)
    files = list(into.glob("*/*.jpg"))
    assert len({path.read_bytes() for path in files}) == len(files) == 12
    with Image.open(files[0]) as image:
        assert image.size == (48, 40)
