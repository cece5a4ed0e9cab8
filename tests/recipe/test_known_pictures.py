"""Pictures that a run was made from, found again by their contents."""

import json
from pathlib import Path

from unfreeze.images.table import ImageRow
from unfreeze.recipe.known_pictures import known_notes, known_pictures


def row(path: str, content: str) -> ImageRow:
    return ImageRow(path, (0,), "test", content, 4, 4)


def write_run(folder: Path) -> Path:
    rows = {
        "a.png": [[0], "train", "aa"], "b.png": [[0], "valid", "bb"], "c.png": [[1], "test", "cc"],
        "d.png": [[1], "valid", "aa"],
    }  # fmt: skip
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "run.json").write_text(json.dumps({"rows": rows}))
    (folder / "model").mkdir()
    return folder


def test_contents_are_known_of_a_run_and_of_the_model_in_it(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    assert known_pictures(run) == known_pictures(run / "model") == {"aa": "train", "bb": "valid", "cc": "test"}


def test_each_use_is_said_with_the_first_few_names(tmp_path: Path) -> None:
    known = known_pictures(write_run(tmp_path / "run"))
    rows = [*(row(f"{number}.png", "aa") for number in range(5)), row("b.png", "bb"), row("c.png", "cc")]
    assert list(known_notes([*rows, row("new.png", "dd")], known)) == [
        "5 pictures are ones that the model was trained on, so the figures flatter: 0.png, 1.png, 2.png and 2 more",
        "1 picture is one that chose the model's weights, so the figures flatter: b.png",
        "1 picture is one that the run was tested on: c.png",
    ]
    assert list(known_notes([row("new.png", "dd")], known)) == []


def test_beside_a_copied_model_nothing_is_known_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    for text in ("{", "[]", '{"rows": null}', '{"rows": {"a": 1}}'):
        (tmp_path / "checkpoints" / "run.json").write_text(text)
        assert known_pictures(tmp_path / "model") is None
    (note,) = known_notes([row("a.png", "aa")], None)
    assert "not known here" in note
