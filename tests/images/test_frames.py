"""A frame becomes a layout: of pandas, and of whatever has columns by name, as polars has."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unfreeze.errors import CollectionError
from unfreeze.images.columns import Columns
from unfreeze.images.frames import frame_layout
from unfreeze.images.layout import FoundFile, Layout
from unfreeze.images.listing import list_layout

Touch = Callable[..., Path]


class Column:
    """A column as polars has it: no index, values by `to_list`."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def to_list(self) -> list[Any]:
        return list(self._values)


class Frame:
    """A frame as polars has it."""

    def __init__(self, values: dict[str, list[Any]]) -> None:
        self._values = values

    @property
    def columns(self) -> list[str]:
        return list(self._values)

    def __getitem__(self, name: str) -> Column:
        return Column(self._values[name])


def polars_frame(values: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("polars").DataFrame(values)


def pandas_frame(values: dict[str, list[Any]]) -> Any:
    """A frame of pandas whose index does not count from 0."""
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(values, index=[f"row {number}" for number in range(len(next(iter(values.values()))))])


FRAMES = [pandas_frame, Frame, polars_frame]

pytestmark = pytest.mark.parametrize("make", FRAMES)

VALUES: dict[str, list[Any]] = {
    "path": ["1.jpg", "2.jpg", "3.jpg"],
    "label": ["cat", "cat", "dog"],
    "split": [None, "valid", "train"],
    "group": ["a", None, "b"],
}


def message_of(frame: Any, root: Path, **columns: str) -> str:
    with pytest.raises(CollectionError) as caught:
        frame_layout(frame, root=root, columns=Columns(**columns))
    assert caught.value.subject == "the frame"
    return str(caught.value).removeprefix("the frame: ")


def test_a_frame_is_what_the_same_lists_are(touch: Touch, make: Callable[..., Any]) -> None:
    root = touch(*VALUES["path"])
    expected = list_layout(VALUES["path"], VALUES["label"], splits=VALUES["split"], groups=VALUES["group"], root=root)
    layout = frame_layout(make(VALUES), root=root)
    assert (layout.root, layout.files, layout.notes) == (root, expected.files, expected.notes)
    assert layout.files[1] == FoundFile("2.jpg", ("cat",), "valid", "")
    fewer = frame_layout(make({"path": VALUES["path"], "label": VALUES["label"]}), root=root)
    assert fewer.files == list_layout(VALUES["path"], VALUES["label"], root=root).files


def test_other_columns(touch: Touch, make: Callable[..., Any]) -> None:
    root = touch(*VALUES["path"])
    renamed = {f"my {name}": values for name, values in VALUES.items()}
    columns = Columns(path="my path", label="my label", split="my split", group="my group")
    assert frame_layout(make(renamed), root=root, columns=columns).files == frame_layout(make(VALUES), root=root).files
    assert message_of(make(renamed), root).startswith("no column 'path'; did you mean my path?; no column 'label'")


def test_several_labels_as_text_and_as_lists(touch: Touch, make: Callable[..., Any]) -> None:
    root = touch(*VALUES["path"])
    texts, lists = ["sea;beach", "", "sea"], [["sea", "beach"], [], ["sea"]]

    def layout_of(labels: list[Any], **columns: str) -> Layout:
        return frame_layout(make({"path": VALUES["path"], "label": labels}), root=root, columns=Columns(**columns))

    assert layout_of(lists).multilabel
    assert layout_of(lists).files == layout_of(texts, label_separator=";").files
    assert [file.class_names for file in layout_of(lists).files] == [("beach", "sea"), (), ("sea",)]


def test_faults_are_named_by_row(touch: Touch, make: Callable[..., Any]) -> None:
    root = touch(*VALUES["path"])
    frame = make({"path": ["1.jpg", "9.jpg", None], "label": [None, "cat", "dog"]})
    expected = (
        f"3 faults: row 0: label None is of type NoneType; a label is text or a whole number; "
        f"row 1: {str(root / '9.jpg')!r}: No such file or directory; "
        "row 2: path None is of type NoneType; a path is text;"
    )
    found = message_of(frame, root).replace("nan is of type float", "None is of type NoneType")  # as pandas has it
    assert found.startswith(expected)


def test_what_stands_for_none_is_no_split_and_no_group(touch: Touch, make: Callable[..., Any]) -> None:
    root = touch("1.jpg", "2.jpg")
    values: dict[str, list[Any]] = {"path": ["1.jpg", "2.jpg"], "label": ["a", "b"]}
    missing: list[Any] = [None]
    if make is not polars_frame:
        missing.append(float("nan"))
    if make is pandas_frame:
        pandas = pytest.importorskip("pandas")
        missing += [pandas.NA, pandas.NaT]
    for value in missing:
        frame = make({**values, "split": [value] * 2, "group": [value] * 2})
        assert [(file.split, file.group) for file in frame_layout(frame, root=root).files] == [(None, "")] * 2


def test_what_is_no_frame_is_an_error(make: Callable[..., Any]) -> None:
    with pytest.raises(CollectionError, match="the frame is a dict without columns; give a DataFrame"):
        frame_layout({"path": ["1.jpg"]}, root="")  # type: ignore[arg-type]
