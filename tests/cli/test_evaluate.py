"""`unfreeze evaluate` on a run's own table and on new pictures."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from labelled import labelled_data, labelled_picture
from made import Recorder, RunCli, new_cache, noisy_picture, write_collection
from unfreeze.deploy.predictor import Predictor
from unfreeze.evaluation.predictions import read_predictions, table_from_logits
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import train

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of
SETTINGS = TrainSettings(size=32, steps=(1, 3), lr=0.01, head_epochs=1, tta_views=1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on red and blue pictures with three splits."""
    counts = {
        f"{split}/{name}": count for split, count in (("train", 8), ("valid", 3), ("test", 2)) for name in COLOURS
    }
    pictures = write_collection(tmp_path_factory.mktemp("evaluate") / "pictures", counts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNFREEZE_CACHE", str(new_cache(tmp_path_factory)))
        return train(pictures, pictures.parent / "run", SETTINGS, Recorder()).folder


COLOURS = ("blue", "red")


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """New pictures of the same classes."""
    return write_collection(tmp_path / "fresh", {"red": 4, "blue": 3}, start=50_000)


def test_figures_of_the_table_are_those_of_the_result(run_cli: RunCli, run: Path, tmp_path: Path) -> None:
    code, out, err = run_cli("evaluate", run, "--out", tmp_path / "found")
    assert (code, err) == (0, "")
    found = json.loads((tmp_path / "found/figures.json").read_text())
    result = json.loads((run / "result.json").read_text())
    assert found["figures"] == result["figures"]
    assert found["figures"]["valid"]["overall"]["accuracy"]["value"] == result["accuracy"]
    low_high = [found["figures"]["test"]["overall"]["accuracy"][end] for end in ("low", "high")]
    assert low_high == result["test_accuracy_interval"]
    assert (found["pictures"], found["quarantined"], found["notes"], found["tta_seconds"]) == (None, [], [], None)
    assert [path.name for path in (tmp_path / "found").iterdir()] == ["figures.json"]
    assert "valid: 6 pictures" in out
    assert "test: 4 pictures" in out
    assert "Test-time augmentation" in out


def test_one_split_alone(run_cli: RunCli, run: Path) -> None:
    code, out, _ = run_cli("evaluate", run / "predictions.csv", "--split", "test")
    assert code == 0
    assert out.startswith("test: 4 pictures\n")
    assert "valid" not in out


def test_new_pictures_are_predicted_and_written_down(
    run_cli: RunCli, run: Path, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (fresh / "red/broken.png").write_bytes(b"nothing")
    known = json.loads((run / "receipt.json").read_text())["pictures"]
    shutil.copy(Path(known) / "train/red/000.png", fresh / "red/copy.png")
    code, out, err = run_cli("evaluate", run, fresh, "--tta")
    assert (code, err) == (0, "")
    assert "1 file cannot be decoded and is left out: red/broken.png (not a picture in a known format)" in out
    assert "1 picture is one that the model was trained on, so the figures flatter: red/copy.png" in out
    folder = tmp_path / "evaluations/fresh"
    assert {path.name for path in folder.iterdir()} == {"figures.json", "predictions.csv", "evaluation.html"}
    table = read_predictions(folder / "predictions.csv")
    assert set(table.splits) == {"new"}
    assert table.paths == (
        *(f"blue/{n:03d}.png" for n in range(3)),
        *(f"red/{n:03d}.png" for n in range(4)),
        "red/copy.png",
    )
    predictor = Predictor(run)
    assert table.tta is not None
    for views, found in ((0, table.probabilities), (4, table.tta)):
        expected = predictor.predict([fresh / path for path in table.paths], tta_views=views)
        assert np.array_equal(np.array([row.probabilities for row in expected], np.float32), found)
    figures = json.loads((folder / "figures.json").read_text())
    assert figures["quarantined"] == [{"path": "red/broken.png", "reason": "not a picture in a known format"}]
    assert figures["figures"]["new"]["overall"]["accuracy"]["value"] == table.correct.mean()
    assert figures["tta_seconds"] >= 0
    assert run_cli("evaluate", run, fresh, "--quiet") == (0, "", "")
    assert (tmp_path / "evaluations/fresh-2/evaluation.html").exists()


def test_a_list_with_splits_and_the_model_alone_will_do(
    run_cli: RunCli, run: Path, fresh: Path, tmp_path: Path
) -> None:
    with (tmp_path / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["file", "class", "split"], ["fresh/red/000.png", "red", "test"], ["fresh/red/001.png", "red", "valid"]]
        )
    model = tmp_path / "model"
    shutil.copytree(run / "model", model)
    words = ("--path-column", "file", "--label-column", "class", "--split", "test", "--out", tmp_path / "found")
    code, out, err = run_cli("evaluate", model, tmp_path / "list.csv", *words)
    assert (code, err) == (0, "")
    assert "test: 1 picture\n" in out
    assert "no picture of blue: nothing is said of how well that is recognised" in out
    assert "which pictures the model was trained on is not known here" in out
    assert len(read_predictions(tmp_path / "found/predictions.csv").paths) == 1


def test_a_folder_of_test_pictures_alone_will_do(run_cli: RunCli, run: Path, tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "held out", {"test/red": 2, "test/blue": 1, "val/red": 1}, start=70_000)
    code, out, err = run_cli("evaluate", run, pictures, "--out", tmp_path / "found")
    assert (code, err) == (0, "")
    assert "test: 3 pictures" in out
    assert "valid: 1 picture\n" in out


def test_mistakes_are_named_in_one_line(run_cli: RunCli, run: Path, fresh: Path, tmp_path: Path) -> None:
    noisy_picture((0, 0, 0), 1).save(write_collection(tmp_path / "other", {"red": 1, "cat": 2}) / "cat/x.png")
    broken = tmp_path / "broken"
    (broken / "red").mkdir(parents=True)
    (broken / "red/a.png").write_bytes(b"nothing")
    (tmp_path / "several.csv").write_text("path,label\nfresh/red/000.png,red;blue\n")
    out = tmp_path / "found"
    for words, message in [
        ((run, tmp_path / "other"), "classes that the model does not know: cat (3 pictures); it knows blue, red"),
        ((run, broken), "1 file cannot be decoded and is left out: red/a.png"),
        ((run, fresh, "--split", "valid"), "no pictures of split 'valid'; there are new"),
        ((run, "--split", "new"), "no pictures of split 'new'; there are test, valid"),
        ((run, tmp_path / "several.csv", "--label-separator", ";"), "the model gives a picture one class"),
        ((run, fresh, "--label-separator", ";"), "says how a CSV file is read"),
        ((run, "--tta"), "--tta: is about pictures to predict, and none are named"),
        ((run, "--label-column", "x"), "--label-column: is about pictures to predict"),
        ((run / "model",), "a model alone holds no predictions"),
        ((tmp_path / "gone",), "there is no such run"),
        ((tmp_path / "other", fresh), "no model here"),
        ((run, tmp_path / "gone"), "is not there"),
    ]:
        code, shown, err = run_cli("evaluate", *words, *(() if "--out" in words else ("--out", out)))
        assert (code, shown) == (1, ""), words
        assert message in err
        assert err.count("\n") == 1
    assert not out.exists()
    for folder, message in ((fresh / "found", "lies inside the pictures"), (run, "holds something already")):
        code, shown, err = run_cli("evaluate", run, fresh, "--out", folder)
        assert (code, shown) == (1, "")
        assert message in err


def test_several_labels(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = labelled_data(tmp_path / "pictures", {"train": 3, "valid": 2}, size_px=32)
    monkeypatch.setattr("unfreeze.recipe.train.read_pictures", lambda *_, **__: data)
    run = train(tmp_path / "pictures", tmp_path / "run", SETTINGS, Recorder()).folder
    labelled_picture(("red",), 900).save(tmp_path / "one.png")
    labelled_picture((), 901).save(tmp_path / "none.png")
    (tmp_path / "list.csv").write_text("path,label\none.png,red\nnone.png,\n")
    code, out, err = run_cli(
        "evaluate", run, tmp_path / "list.csv", "--label-separator", ";", "--out", tmp_path / "found"
    )
    assert (code, err) == (0, "")
    assert "exact match" in out
    assert "micro F1" in out
    table = read_predictions(tmp_path / "found/predictions.csv")
    assert table.targets.tolist() == [[0, 0], [0, 1]]
    found = json.loads((tmp_path / "found/figures.json").read_text())["figures"]["new"]
    assert found["classes"][0]["average_precision"]["value"] is None
    code, _, err = run_cli("evaluate", run, write_collection(tmp_path / "folders", {"red": 2}))
    assert code == 1
    assert "name a CSV file with --label-separator" in err


def test_many_classes_are_shown_worst_first(run_cli: RunCli, tmp_path: Path) -> None:
    logits = 5 * np.eye(30, dtype=np.float32)[[*range(29), 0]]
    table = table_from_logits(
        logits, classes=[f"class {label:02d}" for label in range(30)], paths=[str(label) for label in range(30)],
        splits=["valid"] * 30, targets=range(30),
    )  # fmt: skip
    table.write(tmp_path / "predictions.csv")
    code, out, _ = run_cli("evaluate", tmp_path)
    assert code == 0
    assert "The 20 of 30 classes with the lowest recall:" in out
    lines = out.splitlines()
    first = lines[next(number for number, line in enumerate(lines) if line.startswith("  class ")) + 1]
    assert first.split()[:4] == ["class", "29", "1", "0.0"]
    assert "class 29 taken for class 00: 1, 100.0 % of them" in out
