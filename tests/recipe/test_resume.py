"""Runs that are stopped end as if they had not been."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from made import Recorder, RunCli
from unfreeze.errors import CollectionError, RunError
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import resume, train

HEAD = (1, 2, 3, 4)


class Stopping(Recorder):
    """Raises an error when a task that is named so has come half way."""

    def __init__(self, task: str, error: type[BaseException] = KeyboardInterrupt) -> None:
        super().__init__()
        self.task, self.error = task, error

    def progress(self, task: str, done: int, total: int) -> None:
        super().progress(task, done, total)
        if task.startswith(self.task) and 2 * done >= total:
            raise self.error


def left(folder: Path) -> dict[str, bytes]:
    """What a run leaves, but for what it says of time."""
    timed = ("result.json", "report.html", "run.json")
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name not in timed]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize("task", ["activations", "learning rates", "epoch 1", "epoch 5"])
def test_a_run_that_is_stopped_goes_on(pictures: Path, settings: TrainSettings, tmp_path: Path, task: str) -> None:
    short = replace(settings, steps=HEAD, tta_views=0, checkpoint_seconds=0)
    expected = train(pictures, tmp_path / "through", short, Recorder())
    with pytest.raises(KeyboardInterrupt):
        train(pictures, tmp_path / "run", short, Stopping(task))
    watcher = Recorder()
    if task == "activations":  # nothing was done yet that would be worth keeping
        assert not (tmp_path / "run/checkpoints/state.safetensors").exists()
    found = resume(tmp_path / "run", watcher)
    assert left(found.folder) == left(expected.folder)
    assert without_seconds(found.figures) == without_seconds(expected.figures)
    if task == "epoch 5":
        assert "goes on after step 3, at the beginning of epoch 5" in watcher.notes
    with pytest.raises(RunError, match="this run is complete"):
        resume(tmp_path / "run", watcher)


def without_seconds(figures: dict[str, object]) -> str:
    steps = [{**step, "seconds": 0} for step in figures["steps"]]  # type: ignore[attr-defined]
    return json.dumps({**figures, "steps": steps, "seconds": 0}, sort_keys=True)


def test_a_picture_that_goes_away_is_named_and_the_run_goes_on_once_it_is_back(
    pictures: Path, settings: TrainSettings, tmp_path: Path
) -> None:
    short = replace(settings, steps=HEAD, tta_views=0)
    path = pictures / "train/red/003.png"
    content = path.read_bytes()

    class Removing(Recorder):
        def step(self, number: int, name: str, why: str) -> None:
            if number == 4:
                path.unlink()

    try:
        with pytest.raises(CollectionError, match=r"train/red/003\.png"):
            train(pictures, tmp_path / "run", replace(short, use_store=False), Removing())
        with pytest.raises(CollectionError, match=r"1 gone: train/red/003\.png\); put them back, or begin anew"):
            resume(tmp_path / "run", Recorder())
    finally:
        path.write_bytes(content)
    assert resume(tmp_path / "run", Recorder()).figures["accuracy"] == 1.0


def test_a_full_disk_stops_a_run_that_goes_on_when_there_is_room(
    pictures: Path, settings: TrainSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(settings, steps=HEAD, tta_views=0)
    expected = train(pictures, tmp_path / "through", short, Recorder())
    fsync, left_to_write = os.fsync, iter(range(12))

    def full(number: int) -> None:
        if next(left_to_write, None) is None:
            raise OSError(28, "No space left on device")
        fsync(number)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"cannot be written \(No space left on device\); free some space"):
        train(pictures, tmp_path / "run", short, Recorder())
    monkeypatch.setattr(os, "fsync", fsync)
    assert (tmp_path / "run/checkpoints/state.safetensors").exists()
    assert left(resume(tmp_path / "run", Recorder()).folder) == left(expected.folder)


def test_the_command_goes_on_and_keeps_the_runs_settings(
    run_cli: RunCli, pictures: Path, settings: TrainSettings, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(pictures, tmp_path / "run", replace(settings, steps=HEAD), Stopping("epoch 2"))
    code, _, err = run_cli("train", "--resume", tmp_path / "run", "--lr", "0.1")
    assert code == 1
    assert "--resume goes on with the settings that the run has; leave --lr away, or begin a new run" in err
    code, _, err = run_cli("train", pictures, "--resume", tmp_path / "run")
    assert "leave a folder of pictures away" in err
    code, out, err = run_cli("train", "--resume", tmp_path / "run")
    assert (code, err) == (0, "")
    assert "goes on after step 2" in out
    assert "Validation accuracy 100.0 %" in out
    code, _, err = run_cli("train", "--resume", tmp_path / "run")
    assert code == 1
    assert "this run is complete" in err


def test_a_run_that_lost_its_save_is_not_said_to_go_on(
    run_cli: RunCli, pictures: Path, settings: TrainSettings, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(pictures, tmp_path / "run", replace(settings, steps=HEAD), Stopping("epoch 2"))
    for path in (tmp_path / "run/checkpoints").glob("epoch-*"):
        path.unlink()
    code, out, err = run_cli("train", "--resume", tmp_path / "run")
    assert code == 1
    assert "there is no such file; what was saved there cannot be gone on with" in err
    assert "go on with:" not in out


def test_a_weights_file_is_found_from_another_folder(
    pictures: Path, settings: TrainSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("unfreeze.recipe.train._run", lambda folder, *_: begun.append(folder.begun()))
    train(pictures, tmp_path / "run", replace(settings, weights=Path("mine.pth")), Recorder())
    assert begun[0][1].weights == tmp_path / "mine.pth"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the harness forks")
def test_a_few_kills_change_nothing() -> None:
    words = [sys.executable, "-m", "benchmarks.soak", "--kills", "3", "--seed", "7"]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "runs the same to the last bit" in found.stdout
