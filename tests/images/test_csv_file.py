"""A CSV file becomes a layout, or one error that names its faults by line: the pictures of these tests are empty."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from unfreeze.errors import CollectionError
from unfreeze.images.columns import Columns
from unfreeze.images.csv_file import csv_layout
from unfreeze.images.layout import FoundFile, Layout

Touch = Callable[..., Path]
FILES = (
    FoundFile("3.jpg", ("cat",), None),
    FoundFile("cat/1.jpg", ("cat",), "valid"),
    FoundFile("dog/2.jpg", ("dog",), "train"),
)


@pytest.fixture
def folder(touch: Touch) -> Path:
    return touch("cat/1.jpg", "dog/2.jpg", "3.jpg")


def layout_of(folder: Path, text: str | bytes, name: str = "list.csv", **columns: str) -> Layout:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return csv_layout(path, columns=Columns(**columns))


def message_of(folder: Path, text: str | bytes, **columns: str) -> str:
    """The error's message without the file's path, which starts it."""
    with pytest.raises(CollectionError) as caught:
        layout_of(folder, text, **columns)
    assert caught.value.subject == str(folder / "list.csv")
    assert str(caught.value).startswith(f"{folder / 'list.csv'}: ")
    return str(caught.value).removeprefix(f"{folder / 'list.csv'}: ")


ROWS = "path,label,split\ncat/1.jpg,cat,val\ndog/2.jpg,dog,train\n3.jpg,cat,\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (ROWS, "list.csv"),
        (ROWS.replace(",", ";"), "list.csv"),
        (ROWS.replace(",", "\t"), "list.csv"),
        (ROWS.replace(",", "\t"), "list.TSV"),
        (ROWS.replace(",", "\t"), "list.txt"),
        (ROWS.replace("\n", "\r\n"), "list.csv"),
        (ROWS.replace("\n", "\r"), "list.csv"),
        (b"\xef\xbb\xbf" + ROWS.encode(), "list.csv"),
        (ROWS.replace(",", "\t").encode("utf-16"), "list.txt"),
        (b"\xfe\xff" + ROWS.encode("utf-16-be"), "list.csv"),
        (ROWS.removesuffix("\n"), "list.csv"),
        (ROWS.replace(",", " , ").replace("\n", "\n\n,,\n"), "list.csv"),
        ('"split","label","path"\n"val","cat","cat/1.jpg"\ntrain,dog,dog/2.jpg\n,cat,3.jpg\n', "list.csv"),
    ],
)
def test_ways_to_write_the_same_list(folder: Path, text: str | bytes, name: str) -> None:
    layout = layout_of(folder, text, name)
    assert layout.files == FILES
    assert layout.notes == ("1 pictures without a split are used to train, as others are said to validate",)
    assert (layout.root, layout.source) == (folder, str(folder / name))


def test_the_first_line_with_text_is_the_header(folder: Path) -> None:
    assert [file.path for file in layout_of(folder, "\n  \npath;label\ncat/1.jpg;cat\n").files] == ["cat/1.jpg"]


def test_a_name_decides_for_tabs_whatever_the_header_holds(folder: Path) -> None:
    layout = layout_of(folder, "path\tlabel\tfound by, on, at\n3.jpg\tcat\tme, now, here\n", "list.TSV")
    assert layout.files == (FoundFile("3.jpg", ("cat",), None),)


def test_quoted_fields_hold_delimiters_and_line_breaks(folder: Path, touch: Touch) -> None:
    touch("cat/a, b.jpg", "cat/a\nb.jpg")
    text = 'path,label\n"cat/a\nb.jpg","a\r\n""cat"""\n"cat/a, b.jpg",cat\n4.jpg,cat\n'
    missing = "rows without a picture: line 6; each counts as a picture that is broken"
    assert missing in layout_of(folder, text).notes
    layout = layout_of(folder, text.replace("4.jpg", "3.jpg"))
    assert [(file.path, *file.class_names) for file in layout.files] == [
        ("3.jpg", "cat"),
        ("cat/a\nb.jpg", 'a\r\n"cat"'),
        ("cat/a, b.jpg", "cat"),
    ]


def test_other_columns_and_another_root(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "id,file,kind,path,part,\n1,cat/1.jpg,cat,x,Val,\n2,dog/2.jpg,dog,y,Train,\n3,3.jpg,cat,z,training,\n"
    )
    layout = csv_layout(path, root=folder, columns=Columns(path="file", label="kind", split="part"))
    assert (layout.root, layout.files) == (folder, (FoundFile("3.jpg", ("cat",), "train"), *FILES[1:]))
    assert layout.notes == ("columns that are not used: id, path",)


def test_pictures_outside_of_the_files_folder_are_kept_below_the_common_parent(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    layout = layout_of(tmp_path / "lists", f"path,label\n../pictures/cat/1.jpg,cat\n{folder}/dog/2.jpg,dog\n")
    assert (layout.root, [file.path for file in layout.files]) == (folder, ["cat/1.jpg", "dog/2.jpg"])
    assert layout.notes == (f"not all pictures lie below {tmp_path / 'lists'}: paths are given below {folder}",)


def test_faults_are_named_by_line(folder: Path, touch: Touch) -> None:
    touch("cat/a, b.jpg")
    text = (
        "path,label,split\n3.jpg,,\n\ncat/1.jpg,cat,trian\n9.jpg,cat,\ncat/a, b.jpg,cat,\n3.jpg,dog,train\n3.jpg,cat,\n"
    )
    assert message_of(folder, text) == (
        "6 faults: line 2: the label is empty; "
        "line 4: there is no split 'trian'; splits are train, training, valid, val, validation, test; did you mean "
        "train, training?; "
        f"line 5: '{folder / '9.jpg'}': No such file or directory; "
        "line 6: 4 fields where the header has 3; put a field that holds the delimiter in quotes; "
        "line 8: '3.jpg' has the label 'cat' here and 'dog' at line 7; and 1 more; "
        f"mend the list, or name another root (relative paths start from {folder})"
    )


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "paths,Label,id\n",
            {},
            "no column 'path'; did you mean paths?; no column 'label'; did you mean Label?; the header has paths, "
            "Label, id; rename a column, or say --path-column, --label-column, --split-column or --group-column",
        ),
        (
            "path,label\n",
            {"split": "part"},
            "no column 'part'; did you mean path?; the header has path, label; rename",
        ),
        ("path,label,path\n", {}, "2 columns 'path'; the header has path, label, path; rename"),
        ("path,label,split,split\n", {}, "2 columns 'split'; the header"),
        ("", {}, "no column 'path'; no column 'label'; there is no header; rename"),
        ("path,label\n", {}, "no pictures listed; list a path and a label for each"),
        (b"path,label\n3.jpg,caf\xe9\n", {}, "is not UTF-8 (byte 0xe9 in line 2); save it as UTF-8"),
        (b"\xef\xbb\xbfpath,label\n3.jpg,caf\xe9\n", {}, "is not UTF-8 (byte 0xe9 in line 2); save it as UTF-8"),
        ("path,label\n3.".encode("utf-16")[:-1], {}, "is not UTF-16 (byte 0x2e in line 2); save it as UTF-8"),
        (
            f'path,label\n"3.jpg,cat\n{"x" * 200_000}',
            {},
            "cannot be read from line 2 on (field larger than field limit",
        ),
        ('path,label\n3.jpg,cat\n"4.jpg,cat\n', {}, "cannot be read from line 3 on (unexpected end of data); look for"),
        ('path,label\n"3".jpg,cat\n', {}, "cannot be read from line 2 on (',' expected after '\"'); look for"),
    ],
)
def test_files_that_cannot_be_used(folder: Path, text: str | bytes, options: dict[str, str], message: str) -> None:
    assert message_of(folder, text, **options).startswith(message)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for path, what in [(tmp_path / "none.csv", "No such file or directory"), (tmp_path, "Is a directory")]:
        with pytest.raises(CollectionError, match=re.escape(f"{path}: cannot be read ({what}); name a CSV file")):
            csv_layout(path)


def test_groups_come_from_their_column(folder: Path) -> None:
    text = "path,label,group\n3.jpg,cat,Tom\ncat/1.jpg,cat,\ndog/2.jpg,dog,Rex\n"
    layout = layout_of(folder, text)
    assert ([file.group for file in layout.files], layout.notes) == (["Tom", "", "Rex"], ())
    assert layout_of(folder, text.replace("group", "who"), group="who").files == layout.files
    assert layout_of(folder, text.replace("group", "who")).notes == ("columns that are not used: who",)
    assert message_of(folder, text, group="who").startswith("no column 'who'; the header has path, label, group;")


def test_a_separator_makes_several_labels_of_one_field(folder: Path) -> None:
    text = 'path,label\n3.jpg,"sea; beach;"\ncat/1.jpg,\ndog/2.jpg,beach\n'
    layout = layout_of(folder, text, label_separator=";")
    assert [file.class_names for file in layout.files] == [("beach", "sea"), (), ("beach",)]
    assert (layout.multilabel, layout.notes) == (True, ())
    assert message_of(folder, text).startswith("1 fault: line 3: the label is empty;")


def test_pictures_without_a_row_are_noted(folder: Path, touch: Touch) -> None:
    touch("new/9.JPG", "new/8.jpg", "new/7.txt", "new/.hidden.jpg", "__MACOSX/6.jpg", "more/5.png", "more/4.png")
    (folder / "new" / "up").symlink_to(folder, target_is_directory=True)
    text = "path,label\n3.jpg,cat\ncat/1.jpg,cat\ndog/2.jpg,dog\n"
    note = "4 pictures are named by no row and left out: more/4.png, more/5.png, new/8.jpg and 1 more"
    assert layout_of(folder, text).notes == (note,)
    (folder / "link").symlink_to(folder / "new", target_is_directory=True)
    (folder / "again.jpg").symlink_to("3.jpg")  # the same file as one that is named
    note = "3 pictures are named by no row and left out: more/4.png, more/5.png, new/9.JPG"
    assert layout_of(folder, text + "link/8.jpg,cat\n").notes == (note,)


def test_only_so_much_is_looked_at_for_pictures_without_a_row(
    folder: Path, touch: Touch, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(*(f"new/{number}.jpg" for number in range(9)))
    monkeypatch.setattr("unfreeze.images.located.MOST_ENTRIES", 9)
    assert layout_of(folder, "path,label\n3.jpg,cat\n").notes == (
        "4 pictures are named by no row and left out, among the first 9 files and folders below "
        f"{folder}: new/0.jpg, new/1.jpg, new/2.jpg and 1 more",
    )


def test_elsewhere_is_not_looked_for_pictures_without_a_row(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "9.jpg").touch()
    layout = layout_of(tmp_path / "lists", f"path,label\n{folder}/cat/1.jpg,cat\n")
    assert layout.notes == (f"not all pictures lie below {tmp_path / 'lists'}: paths are given below {folder / 'cat'}",)
