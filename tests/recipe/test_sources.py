"""Runs on what is no folder: a list and an archive, stopped and gone on with."""

import gc
import json
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import pytest

from archives import write_tar, write_zip
from made import MakeCollection, Recorder
from unfreeze.errors import CollectionError, RunError
from unfreeze.evaluation.predictions import read_predictions
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import resume, train

COUNTS = {"train/red": 6, "train/blue": 6, "valid/red": 2, "valid/blue": 2}
SETTINGS = TrainSettings(size=32, steps=(1, 3), lr=0.01, head_epochs=2, tta_views=0, checkpoint_seconds=0)


class Stopping(Recorder):
    """Stops the run after its first epoch."""

    def epoch(self, record: object) -> None:
        raise KeyboardInterrupt


def named_by(kind: str, root: Path, tmp_path: Path) -> tuple[Path, TrainSettings]:
    """The pictures of a folder as another kind of collection, which lies where runs may lie, too."""
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.png"))}
    path = tmp_path / f"pets.{kind}"
    if kind == "csv":
        rows = (f"{root.name}/{name},{name.split('/')[1]},{name.split('/')[0]}" for name in files)
        path.write_text("\n".join(["file,kind,part", *rows]))
        return path, replace(SETTINGS, path_column="file", label_column="kind", split_column="part")
    return (write_zip(path, files) if kind == "zip" else write_tar(path, files, "w:gz")), SETTINGS


# The archive of a run that is interrupted stays open until its frames are collected.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", ["csv", "zip", "tar.gz"])
def test_a_run_on_a_list_or_an_archive_goes_on(
    kind: str, make_collection: MakeCollection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_collection(COUNTS)
    path, settings = named_by(kind, root, tmp_path)
    run = tmp_path / "runs" / "pets"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(Path(path.name), run, settings, Stopping())
    gc.collect()
    monkeypatch.chdir(root)
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(
        CollectionError, match="the pictures of the run are not there any more; put them back, or begin"
    ):
        resume(run, Recorder())
    path.write_bytes(content)
    resume(run, Recorder())
    receipt = json.loads((run / "receipt.json").read_text())
    assert receipt["pictures"] == str(path)
    listed = {"pictures_file": blake2b(content, digest_size=16).hexdigest()} if kind == "csv" else {}
    assert {name: value for name, value in receipt.items() if name == "pictures_file"} == listed
    expected = train(root, tmp_path / "through", SETTINGS, Recorder())
    assert "pictures_file" not in json.loads((expected.folder / "receipt.json").read_text())
    found = read_predictions(run / "predictions.csv")
    prefix = f"{root.name}/" if kind == "csv" else ""
    assert [name.removeprefix(prefix) for name in found.paths] == list(expected.table.paths)
    assert found.probabilities == pytest.approx(expected.table.probabilities, abs=1e-6)
    assert "<h1>pets</h1>" in (run / "report.html").read_text()


def test_a_run_in_the_pictures_own_folder_is_refused(make_collection: MakeCollection) -> None:
    root = make_collection(COUNTS)
    with pytest.raises(RunError, match="lies inside the pictures, where nothing is ever written"):
        train(root, root / "runs" / "a", SETTINGS, Recorder())
    assert not (root / "runs").exists()


def test_what_is_no_collection_is_said_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "pets.doc").touch()
    with pytest.raises(CollectionError, match=r"pets.doc: is none of those that hold pictures"):
        train(tmp_path / "pets.doc", tmp_path / "run", SETTINGS, Recorder())
    assert not (tmp_path / "run").exists()
