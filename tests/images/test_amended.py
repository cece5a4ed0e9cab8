"""Pictures left out and relabelled: what a manifest changes, what it leaves, and when it is refused."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from unfreeze.errors import CollectionError, SettingsError
from unfreeze.images.amended import amended
from unfreeze.images.layout import FoundFile, Layout, find_layout
from unfreeze.images.storage import FolderStorage
from unfreeze.images.table import Split

LABELS = "path,label\n"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Three cats, two dogs, an empty class folder and a file that is no picture; none is opened here."""
    root = tmp_path / "pets"
    for name in ("cat/1.jpg", "cat/2.jpg", "cat/3.jpg", "dog/1.jpg", "dog/2.jpg", "cat/notes.txt", "fox/"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).mkdir() if name.endswith("/") else (root / name).touch()
    return find_layout(root)


@pytest.fixture
def several(layout: Layout) -> Layout:
    """Pictures with several labels."""
    files = (FoundFile("cat/1.jpg", ("sea", "cat"), "train"), FoundFile("cat/2.jpg", ("dog",), "valid"))
    return Layout(layout.root, "list.csv", files, FolderStorage(layout.root), multilabel=True)


def written(layout: Layout, text: str, name: str = "manifest.csv") -> Path:
    path = layout.root.parent / name
    path.write_text(text)
    return path


def labels(layout: Layout) -> dict[str, str]:
    return {file.path: " ".join(file.class_names) for file in layout.files}


def new_notes(before: Layout, after: Layout) -> list[str]:
    assert after.notes == before.notes
    return list(after.amendments)


def refused(layout: Layout, text: str, flag: str = "relabel") -> str:
    """What a manifest is refused for."""
    path = written(layout, text)
    with pytest.raises(CollectionError) as caught:
        amended(layout, **{flag: path})  # type: ignore[arg-type]
    return str(caught.value).replace(f"{path}, ", "").removeprefix(f"{layout.source}: ")


def test_a_name_that_is_no_text_is_found_as_it_is(layout: Layout) -> None:
    files = (*layout.files, FoundFile("cat/\udce4.jpg", ("cat",), None))
    path = layout.root.parent / "manifest.csv"
    path.write_bytes(b"path\ncat/\xe4.jpg\n")
    assert amended(replace(layout, files=files), exclude=path).files == layout.files


def test_without_manifests_a_collection_is_what_it_was(layout: Layout) -> None:
    assert amended(layout) is layout


def test_pictures_are_left_out_and_counted(layout: Layout) -> None:
    path = written(layout, "path\ncat/1.jpg\ncat/1.jpg\ndog/2.jpg\n")
    after = amended(layout, exclude=path)
    assert labels(after) == {"cat/2.jpg": "cat", "cat/3.jpg": "cat", "dog/1.jpg": "dog"}
    assert new_notes(layout, after) == ["2 of 5 pictures left out by manifest.csv"]
    assert (after.root, after.storage, after.empty_classes) == (layout.root, layout.storage, layout.empty_classes)


FINDINGS = """kind,path,split,related,score,detail
imbalance,,,,3,
duplicate,cat/1.jpg,,cat/2.jpg,1,
blurred,cat/1.jpg,,,0.1,
blurred,dog/1.jpg,,,0.1,
odd file,cat/notes.txt,,,,
"""


def test_findings_of_all_kinds_are_left_out_or_of_those_that_are_named(layout: Layout) -> None:
    path = written(layout, FINDINGS)
    after = amended(layout, exclude=[path])
    assert labels(after) == {"cat/2.jpg": "cat", "cat/3.jpg": "cat", "dog/2.jpg": "dog"}
    assert new_notes(layout, after) == [
        "2 of 5 pictures left out by manifest.csv (2 blurred, 1 duplicate)",
        "1 row of manifest.csv about files that are no pictures of the collection, or not any more",
    ]
    after = amended(layout, exclude=path, exclude_kinds=["duplicate"])
    assert [file.path for file in after.files] == ["cat/2.jpg", "cat/3.jpg", "dog/1.jpg", "dog/2.jpg"]
    assert new_notes(layout, after) == ["1 of 5 pictures left out by manifest.csv (1 duplicate)"]


def test_a_row_without_a_kind_counts_whatever_kinds_are_named(layout: Layout) -> None:
    by_hand, findings = written(layout, "path\ndog/2.jpg\n", "mine.csv"), written(layout, FINDINGS)
    after = amended(layout, exclude=[by_hand, findings], exclude_kinds="blurred")
    assert [file.path for file in after.files] == ["cat/2.jpg", "cat/3.jpg"]
    assert new_notes(layout, after) == [
        "3 of 5 pictures left out by mine.csv and manifest.csv (2 blurred)",
        "class 'dog' is left out with all of its pictures",
    ]


def test_a_kind_that_looks_like_a_slip_of_the_pen_is_an_error(layout: Layout) -> None:
    with pytest.raises(SettingsError) as caught:
        amended(layout, exclude=written(layout, FINDINGS), exclude_kinds=["blured"])
    assert str(caught.value) == ("--exclude-kind 'blured': there is no finding of that kind; did you mean blurred?")


def test_of_a_kind_that_was_not_found_nothing_is_left_out(layout: Layout) -> None:
    after = amended(layout, exclude=written(layout, FINDINGS), exclude_kinds=["leak"])
    assert after.files == layout.files


def test_a_finding_that_is_to_be_kept_is_kept(layout: Layout) -> None:
    path = written(layout, "kind,path,action\nblurred,cat/1.jpg,keep\nblurred,cat/2.jpg,exclude\nblurred,dog/1.jpg,\n")
    assert list(labels(amended(layout, exclude=path))) == ["cat/1.jpg", "cat/3.jpg", "dog/2.jpg"]


@pytest.mark.parametrize("flag", ["exclude", "relabel"])
def test_paths_of_another_collection_are_refused(layout: Layout, flag: str) -> None:
    rows = "".join(f"horse/{number}.jpg,cat\n" for number in range(7))
    assert refused(layout, f"{LABELS}{rows}", flag) == (
        "7 faults: "
        + "; ".join(f"line {2 + number}: 'horse/{number}.jpg' is no picture of the collection" for number in range(5))
        + "; and 2 more; name a manifest of this collection, or take these rows out of it"
    )


def test_a_picture_that_was_removed_since_can_be_left_out(layout: Layout) -> None:
    after = amended(layout, exclude=written(layout, "path\ncat/1.jpg\nhorse/1.jpg\n"))
    assert "cat/1.jpg" not in labels(after)
    assert "1 row of manifest.csv about files that are no pictures of the collection, or not any more" in new_notes(
        layout, after
    )


def test_a_file_that_is_no_picture_cannot_be_relabelled(layout: Layout) -> None:
    assert "'cat/notes.txt' is no picture of the collection" in refused(layout, f"{LABELS}cat/notes.txt,cat\n")


def test_absolute_and_roundabout_paths_are_understood(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"path\n{layout.root / 'cat/1.jpg'}\n./dog//1.jpg\n"
    assert len(amended(layout, exclude=written(layout, text)).files) == 3
    monkeypatch.chdir(layout.root.parent)
    below = find_layout(Path("pets"))
    assert len(amended(below, exclude=written(layout, text)).files) == 3


def test_all_pictures_left_out_is_an_error(layout: Layout) -> None:
    every = "path\n" + "".join(f"{file.path}\n" for file in layout.files)
    said = refused(layout, every, "exclude")
    assert said == "all 5 pictures are left out by manifest.csv; leave fewer of them out"


def test_a_manifest_without_rows_changes_nothing_and_says_so(layout: Layout) -> None:
    after = amended(layout, exclude=written(layout, "path\n"), relabel=written(layout, LABELS, "corrections.csv"))
    assert after.files == layout.files
    assert new_notes(layout, after) == ["0 of 5 pictures relabelled", "0 of 5 pictures left out"]


def test_pictures_are_relabelled_and_counted(layout: Layout) -> None:
    path = written(layout, f"{LABELS}cat/1.jpg,dog\ncat/2.jpg,cat\ncat/1.jpg,dog\ndog/1.jpg,fox\n")
    after = amended(layout, relabel=path)
    assert labels(after) == {
        "cat/1.jpg": "dog",
        "cat/2.jpg": "cat",
        "cat/3.jpg": "cat",
        "dog/1.jpg": "fox",  # the name of an empty class folder
        "dog/2.jpg": "dog",
    }
    assert new_notes(layout, after) == ["2 of 5 pictures relabelled by manifest.csv"]


def test_all_faults_of_labels_are_named_at_once(layout: Layout) -> None:
    said = refused(layout, f"{LABELS}cat/1.jpg,dgo\ncat/2.jpg,\ncat/3.jpg,zebra\ndog/1.jpg,cat\ndog/1.jpg,dog\n")
    assert said == (
        "4 faults: line 2: the collection has no label 'dgo'; a new class needs pictures, or an empty class folder; "
        "did you mean dog?; line 3: the label is empty; "
        "line 4: the collection has no label 'zebra'; a new class needs pictures, or an empty class folder; "
        "line 6: 'dog/1.jpg' has another label or split than at line 5; mend the manifest"
    )


def test_two_manifests_must_not_contradict_each_other(layout: Layout) -> None:
    first, second = (written(layout, f"{LABELS}cat/1.jpg,{name}\n", f"{name}.csv") for name in ("dog", "fox"))
    with pytest.raises(CollectionError, match=rf"fox.csv, line 2: 'cat/1.jpg' has another .* than at {first}, line 2"):
        amended(layout, relabel=[first, second])


def test_a_label_is_found_in_whichever_form_of_unicode(layout: Layout) -> None:
    (layout.root / "ü").mkdir()
    (layout.root / "ü" / "1.jpg").touch()
    again = find_layout(layout.root)
    path = written(layout, f"{LABELS}cat/1.jpg,{unicodedata.normalize('NFD', 'ü')}\n")
    assert labels(amended(again, relabel=path))["cat/1.jpg"] == "ü"


def with_splits(layout: Layout, splits: dict[str, Split]) -> Layout:
    files = tuple(FoundFile(file.path, file.class_names, splits.get(file.path)) for file in layout.files)
    return Layout(layout.root, layout.source, files, layout.storage)


def test_a_split_may_be_given(layout: Layout) -> None:
    before = with_splits(layout, {"cat/1.jpg": "train", "cat/2.jpg": "valid"})
    path = written(layout, "path,label,split\ncat/1.jpg,dog,val\ncat/2.jpg,dog,\ncat/3.jpg,cat,test\n")
    after = amended(before, relabel=path)
    assert [file.split for file in after.files] == ["valid", "valid", "test", None, None]
    assert new_notes(before, after) == [
        "2 of 5 pictures relabelled by manifest.csv",
        "2 pictures put into another split by manifest.csv",
    ]


def test_a_correction_does_not_make_the_first_pictures_that_validate(layout: Layout) -> None:
    assert refused(layout, "path,label,split\ncat/1.jpg,dog,valid\n") == (
        "1 fault: 1 picture would be all that validates, as no other is said to; leave that split away, or say it of "
        "more pictures in a CSV file of the collection; mend the manifest"
    )


def test_what_is_left_out_is_not_relabelled(layout: Layout) -> None:
    exclude = written(layout, "path\ncat/1.jpg\n", "out.csv")
    relabel = written(layout, f"{LABELS}cat/1.jpg,dog\ncat/2.jpg,dog\n")
    after = amended(layout, exclude=exclude, relabel=relabel)
    assert labels(after) == {"cat/2.jpg": "dog", "cat/3.jpg": "cat", "dog/1.jpg": "dog", "dog/2.jpg": "dog"}
    assert new_notes(layout, after) == [
        "1 of 5 pictures relabelled by manifest.csv",
        "1 of 5 pictures left out by out.csv",
        "1 picture left out by one manifest and relabelled by another: left out",
    ]


def test_a_class_may_be_given_to_pictures_though_its_own_are_left_out(layout: Layout) -> None:
    exclude = written(layout, "path\ndog/1.jpg\ndog/2.jpg\n", "out.csv")
    after = amended(layout, exclude=exclude, relabel=written(layout, f"{LABELS}cat/1.jpg,dog\n"))
    assert labels(after) == {"cat/1.jpg": "dog", "cat/2.jpg": "cat", "cat/3.jpg": "cat"}


def test_several_labels_are_parted(several: Layout) -> None:
    path = written(several, f'{LABELS}cat/1.jpg,"cat; dog;cat"\ncat/2.jpg,\n')
    after = amended(several, relabel=path)
    assert labels(after) == {"cat/1.jpg": "cat dog", "cat/2.jpg": ""}
    assert new_notes(several, after) == ["2 of 2 pictures relabelled by manifest.csv"]
    path = written(several, f"{LABELS}cat/1.jpg,cat|sea\n")
    after = amended(several, relabel=path, label_separator="|")
    assert labels(after)["cat/1.jpg"] == "cat sea"
    assert new_notes(several, after) == ["0 of 2 pictures relabelled by manifest.csv"]  # they are in another order only


def test_the_manifest_stays_as_it_is(layout: Layout) -> None:
    path = written(layout, "path\ncat/1.jpg\n")
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    amended(layout, exclude=path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
