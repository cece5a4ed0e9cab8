"""Where a run is written, who may write there, and what stays of one that failed."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from made import MakeCollection, write_collection
from unfreeze.errors import CollectionError, RunError
from unfreeze.images.scan import scan_folder
from unfreeze.recipe.run_folder import RunFolder, begun_run, default_folder, new_run
from unfreeze.recipe.settings import TrainSettings
from unfreeze.transforms.squares import Square

SETTINGS = TrainSettings(size=64, square=Square.PAD, steps=(1, 3), weights=Path("weights.pth"), lr=0.1, sizes=())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def interrupt(folder: RunFolder) -> None:
    with pytest.raises(KeyboardInterrupt), folder.removed_if_barren():
        raise KeyboardInterrupt


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_folder("cats") == Path("runs/cats")
    Path("runs/cats").mkdir(parents=True)
    Path("runs/cats-2").mkdir()
    assert default_folder("cats") == Path("runs/cats-3")


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    with new_run(tmp_path) as folder:
        folder.begin(tmp_path, SETTINGS)
    assert names(tmp_path) == ["checkpoints", "history.jsonl", "lr_find", "model", "settings.toml"]
    with pytest.raises(RunError, match="holds something already"), new_run(tmp_path):
        pass


def test_a_folder_of_a_run_that_was_killed_before_it_began_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    for name in ("lock", ".run.json.123"):
        (tmp_path / "checkpoints" / name).write_text("")
    with new_run(tmp_path):
        assert names(tmp_path / "checkpoints") == ["lock"]
    (tmp_path / "checkpoints" / "mine").write_text("")
    with pytest.raises(RunError, match="holds something already"), new_run(tmp_path):
        pass


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(RunError, match="run: is a file; choose another folder with --out"), new_run(tmp_path / "run"):
        pass
    with pytest.raises(RunError, match="cannot be written"), new_run(tmp_path / "run" / "below"):
        pass
    assert (tmp_path / "run").read_text() == "mine"


@pytest.mark.parametrize("was_there", [True, False])
def test_a_run_that_saved_nothing_is_taken_away_again(tmp_path: Path, was_there: bool) -> None:
    path = tmp_path / "run"
    if was_there:
        path.mkdir()
    with new_run(path) as folder:
        folder.begin(tmp_path, SETTINGS)
        interrupt(folder)
    assert path.exists() == was_there
    assert not was_there or not list(path.iterdir())


def test_a_run_that_saved_something_stays(tmp_path: Path) -> None:
    with new_run(tmp_path / "run") as folder:
        (folder.checkpoints / "state.safetensors").write_bytes(b"state")
        interrupt(folder)
    assert (folder.checkpoints / "state.safetensors").read_bytes() == b"state"


def test_a_run_goes_on_with_what_it_was_begun_with(tmp_path: Path) -> None:
    with new_run(tmp_path / "run") as folder:
        folder.begin(tmp_path, SETTINGS)
    (folder.path / "history.jsonl").write_text("of a step that no checkpoint has")
    work = folder.path / "model" / ".model.onnx.4711"
    work.write_text("half a file")
    with begun_run(folder.path) as again:
        assert again.begun() == (tmp_path, SETTINGS)
        assert (folder.path / "history.jsonl").read_text() == ""
        assert not work.exists()


def test_what_cannot_be_gone_on_with_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run was begun here; name the folder"), begun_run(tmp_path / "none"):
        pass
    with new_run(tmp_path / "run") as folder:
        folder.begin(tmp_path, SETTINGS)
        folder.write_result({"accuracy": 1})
    with begun_run(folder.path):
        pass
    folder.complete({"accuracy": 1, "seconds": 2})
    left = [folder.checkpoints / "state.safetensors", folder.path / ".report.html.99"]
    for path in left:  # of a run that was killed right after its last file
        path.write_bytes(b"left")
    with pytest.raises(RunError, match="this run is complete; there is nothing to go on with"), begun_run(folder.path):
        pass
    assert not any(path.exists() for path in left)
    folder.write_result({})
    (folder.checkpoints / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"run.json: cannot be read"), begun_run(folder.path):
        pass


def test_a_second_process_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with new_run(tmp_path / "run") as folder:
        folder.begin(tmp_path, SETTINGS)
        code = "from unfreeze.recipe.run_folder import begun_run; from pathlib import Path; import sys\n"
        code += "with begun_run(Path(sys.argv[1])): pass"
        found = subprocess.run([sys.executable, "-c", code, folder.path], capture_output=True, text=True, check=False)
        assert "another process is at work on this run; wait for it" in found.stderr
    assert subprocess.run([sys.executable, "-c", code, folder.path], check=False).returncode == 0


def test_other_pictures_than_those_of_the_beginning_are_named(make_collection: MakeCollection, tmp_path: Path) -> None:
    root = make_collection({"train/red": 5, "train/blue": 3, "valid/red": 2, "valid/blue": 2})
    with new_run(tmp_path / "run") as folder:
        folder.begin(root, SETTINGS)
        folder.check_pictures(scan_folder(root))
        before = (folder.checkpoints / "run.json").read_text()
        folder.check_pictures(scan_folder(root))
        for number in range(4):
            (root / f"train/red/00{number}.png").unlink()
        shutil.copy(root / "valid/red/000.png", root / "train/blue/000.png")
        write_collection(root, {"train/blue": 4}, start=0)
        shutil.copy(root / "valid/red/000.png", root / "train/blue/001.png")
        expected = (
            r"4 gone: train/red/000.png, train/red/001.png, train/red/002.png and 1 more; 1 new: train/blue/003.png; "
            r"\d changed: .*train/blue/001.png.*; put them back, or begin anew"
        )
        with pytest.raises(CollectionError, match=expected.replace("(", r"\(")):
            folder.check_pictures(scan_folder(root))
        assert (folder.checkpoints / "run.json").read_text() == before
        assert len(json.loads(before)["rows"]) == 12


def test_settings_come_back_from_plain_values() -> None:
    plain = json.loads(json.dumps(SETTINGS.to_dict()))
    assert TrainSettings.from_dict(plain) == SETTINGS
    assert TrainSettings.from_dict(plain) != replace(SETTINGS, lr=0.2)


def test_what_lies_in_a_run_that_goes_on_stays_whatever_happens(tmp_path: Path) -> None:
    with new_run(tmp_path / "run") as folder:
        folder.begin(tmp_path, SETTINGS)
    (tmp_path / "run/notes.txt").write_text("mine")
    with begun_run(tmp_path / "run") as folder:
        interrupt(folder)
    assert (tmp_path / "run/notes.txt").read_text() == "mine"
    with begun_run(tmp_path / "run") as folder:
        assert folder.begun() == (tmp_path, SETTINGS)


def test_damaged_files_of_a_run_are_no_traceback(tmp_path: Path) -> None:
    with new_run(tmp_path) as folder:
        folder.begin(tmp_path, SETTINGS)
    (tmp_path / "result.json").write_bytes(b"")
    with begun_run(tmp_path):  # the figures are written anew
        pass
    (tmp_path / "checkpoints/run.json").write_bytes(b"")
    with pytest.raises(RunError, match=r"run\.json: cannot be read .* begin a new one") as raised, begun_run(tmp_path):
        pass
    assert raised.value.subject == str(tmp_path / "checkpoints")
