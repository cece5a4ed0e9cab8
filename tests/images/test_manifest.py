"""Manifests: rows that count, rows that do not, and faults that are named by line."""

from pathlib import Path

import pytest

from unfreeze.errors import CollectionError
from unfreeze.images.manifest import Action, Entry, read_manifest


def written(folder: Path, text: str, name: str = "manifest.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def message_of(folder: Path, text: str, action: Action) -> str:
    """The error's message without the file's path, which starts it."""
    path = written(folder, text)
    with pytest.raises(CollectionError) as caught:
        read_manifest(path, action)
    assert caught.value.subject == str(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_a_list_of_paths_is_a_manifest_of_what_to_leave_out(tmp_path: Path) -> None:
    path = written(tmp_path, "path\ncat/1.jpg\n\ncat/2.jpg\n")
    assert read_manifest(path, "exclude") == (
        Entry(source=path, line=2, path="cat/1.jpg"),
        Entry(source=path, line=4, path="cat/2.jpg"),
    )
    assert read_manifest(str(path), "exclude")[1].place == f"{path}, line 4"


def test_findings_have_kinds_and_may_be_about_no_picture(tmp_path: Path) -> None:
    rows = "blurred,a.jpg,train,,0.5,\nimbalance,,,,9,few\nduplicate,b.jpg,,c.jpg,1,\n"
    found = read_manifest(written(tmp_path, f"kind,path,split,related,score,detail\n{rows}"), "exclude")
    assert [(entry.path, entry.kind, entry.split) for entry in found] == [
        ("a.jpg", "blurred", None),  # the split that the picture is in says nothing here
        ("b.jpg", "duplicate", None),
    ]


def test_labels_and_splits_are_read_from_tabs_as_well(tmp_path: Path) -> None:
    path = written(tmp_path, "label\tpath\tsplit\ndog\t1.jpg\t\ncat\t2.jpg\tVal\n", "corrections.tsv")
    assert read_manifest(path, "relabel") == (
        Entry(source=path, line=2, path="1.jpg", label="dog"),
        Entry(source=path, line=3, path="2.jpg", label="cat", split="valid"),
    )


def test_one_file_may_say_what_to_keep_exclude_and_relabel(tmp_path: Path) -> None:
    text = "path,action,label\n1.jpg,keep,\n2.jpg,exclude,\n3.jpg,relabel,dog\n4.jpg,,cat\n"
    path = written(tmp_path, text)
    assert [entry.path for entry in read_manifest(path, "exclude")] == ["2.jpg", "4.jpg"]
    assert [entry.path for entry in read_manifest(path, "relabel")] == ["3.jpg", "4.jpg"]


@pytest.mark.parametrize(
    ("text", "action", "said"),
    [
        ("", "exclude", "no column 'path'; the file is empty; to exclude pictures takes the columns path"),
        (
            "paths,labels\n",
            "relabel",
            "no column 'path'; did you mean paths?; no column 'label'; did you mean labels?; "
            "the header has paths, labels; to relabel pictures takes the columns path and label",
        ),
        (
            "path,path,kind,kind\n",
            "exclude",
            "2 columns 'path'; 2 columns 'kind'; the header has path, path, kind, kind; "
            "to exclude pictures takes the columns path",
        ),
        ("path,detail\n,blurred\n", "exclude", "1 fault: line 2: the path is empty; mend the file"),
        (
            "path,detail\na.jpg,blurred, and dark\n",
            "exclude",
            "1 fault: line 2: 3 fields where the header has 2; put a field that holds the delimiter in quotes; "
            "mend the file",
        ),
        (
            "path,action\na.jpg,remove\nb.jpg,exclud\n",
            "exclude",
            "2 faults: line 2: there is no action 'remove'; actions are keep, exclude, relabel; "
            "line 3: there is no action 'exclud'; actions are keep, exclude, relabel; did you mean exclude?; "
            "mend the file",
        ),
        (
            "path,label,split\na.jpg,cat,valuation\n",
            "relabel",
            "1 fault: line 2: there is no split 'valuation'; splits are train, training, valid, val, validation, test; "
            "did you mean validation?; mend the file",
        ),
    ],
)
def test_faults_are_named_by_line(tmp_path: Path, text: str, action: Action, said: str) -> None:
    assert message_of(tmp_path, text, action) == said


def test_all_faults_are_counted_and_five_named(tmp_path: Path) -> None:
    found = message_of(tmp_path, "path,detail\n" + ",x\n" * 9, "exclude")
    assert found.startswith("9 faults: line 2: the path is empty; ")
    assert found.endswith("; line 6: the path is empty; and 4 more; mend the file")


def test_a_short_row_that_is_kept_is_no_fault(tmp_path: Path) -> None:
    path = written(tmp_path, "path,action,detail\na.jpg,keep\nb.jpg,exclude,x\n")
    assert [entry.path for entry in read_manifest(path, "exclude")] == ["b.jpg"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match=r"none.csv: cannot be read \(No such file or directory\)"):
        read_manifest(tmp_path / "none.csv", "exclude")
