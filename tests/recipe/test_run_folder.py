"""Where a run is written, and what stays of one that failed."""

from pathlib import Path

import pytest

from unfreeze.errors import RunError
from unfreeze.recipe.run_folder import RunFolder, default_folder


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_folder("cats") == Path("runs/cats")
    Path("runs/cats").mkdir(parents=True)
    Path("runs/cats-2").mkdir()
    assert default_folder("cats") == Path("runs/cats-3")


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    RunFolder(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "history.jsonl", "lr_find", "model"]


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(RunError, match="run: is a file; choose another folder with --out"):
        RunFolder(tmp_path / "run")
    with pytest.raises(RunError, match="cannot be written"):
        RunFolder(tmp_path / "run" / "below")
    assert (tmp_path / "run").read_text() == "mine"


@pytest.mark.parametrize("was_there", [True, False])
def test_a_run_without_an_epoch_is_taken_away_again(tmp_path: Path, was_there: bool) -> None:
    path = tmp_path / "run"
    if was_there:
        path.mkdir()
    folder = RunFolder(path)
    with pytest.raises(KeyboardInterrupt), folder.removed_if_barren():
        raise KeyboardInterrupt
    assert path.exists() == was_there
    assert not was_there or not list(path.iterdir())


def test_a_run_with_an_epoch_stays(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    (tmp_path / "run" / "history.jsonl").write_text("{}\n")
    with pytest.raises(KeyboardInterrupt), folder.removed_if_barren():
        raise KeyboardInterrupt
    assert (tmp_path / "run" / "history.jsonl").read_text() == "{}\n"
