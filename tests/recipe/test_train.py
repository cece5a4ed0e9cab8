"""All eight steps end to end, on pictures of two colours."""

import json
import re
import tomllib
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from made import Recorder
from unfreeze.activations.engines import ExportMismatch
from unfreeze.deploy.predictor import Predictor
from unfreeze.errors import BundleError, CollectionError, RunError
from unfreeze.evaluation import metrics
from unfreeze.evaluation.predictions import read_predictions
from unfreeze.recipe.finish import RunResult
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import train
from unfreeze.transforms.views import Augment

FILES = [
    "checkpoints/run.json",
    "history.jsonl",
    "learning_curve.json",
    "lr_find/step2.json",
    "lr_find/step7.json",
    "model/bundle.json",
    "model/model.onnx",
    "model/model.safetensors",
    *(f"model/probes/{number:02d}.png" for number in range(8)),
    "predictions.csv",
    "receipt.json",
    "report.html",
    "result.json",
    "settings.toml",
]

KEPT = re.compile(r"checkpoints/(epoch-\d{4}|average)-[0-9a-f]{8}\.safetensors")


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def files_and_kept(folder: Path) -> tuple[list[str], int]:
    """Files whose names are always the same, and the number of those named after weights; plots are left out."""
    found = [name for name in files_below(folder) if not name.startswith("plots/")]
    fixed = [name for name in found if not KEPT.fullmatch(name)]
    return fixed, len(found) - len(fixed)


def test_a_run_leaves_exactly_these_files(finished: RunResult) -> None:
    found, kept = files_and_kept(finished.folder)
    assert found == FILES
    assert 3 <= kept <= 4  # the ends of three cycles, and the best epoch's where it is none of them
    plots = [Path(name) for name in files_below(finished.folder) if name.startswith("plots/")]
    assert plots
    assert {path.stem for path in plots if path.suffix == ".svg"} == {path.stem for path in plots}
    assert len(plots) == 2 * len({path.stem for path in plots})  # each as PNG and as SVG


def test_every_step_says_what_it_does_why_and_what_came_out(finished: RunResult, watched: Recorder) -> None:
    assert [number for number, _, _ in watched.steps] == [1, 2, 3, 4, 5, 6, 7, 8, 0]
    assert all(why for _, _, why in watched.steps)
    assert len(watched.outcomes) == 9
    assert "stored activations of the plain view" in watched.steps[2][2]
    assert "stored augmented views" in watched.steps[3][2]
    assert watched.epochs == 2 + 3 + 7


def test_result_holds_the_figures_that_were_promised(finished: RunResult) -> None:
    result = json.loads((finished.folder / "result.json").read_text())
    assert result["classes"] == ["blue", "red"]
    assert (result["train_images"], result["valid_images"], result["test_images"]) == (16, 8, 4)
    assert result["quarantined"] == 1
    assert result["accuracy"] == 1.0
    assert result["accuracy_interval"] == pytest.approx([0.6756, 1.0], abs=1e-4)
    assert result["tta_accuracy"] == 1.0
    assert result["test_accuracy"] == 1.0
    assert result["seconds"] > 0
    assert [step["number"] for step in result["steps"]] == list(range(1, 9))
    assert set(result["steps"][0]) == {"number", "name", "outcome", "seconds", "accuracy", "valid_loss"}


def test_every_figure_can_be_computed_again_from_the_table(finished: RunResult) -> None:
    valid = read_predictions(finished.folder / "predictions.csv").of_split("valid")
    assert metrics.accuracy(valid) == finished.figures["accuracy"]
    assert metrics.mean_loss(valid) == finished.figures["valid_loss"]
    assert metrics.accuracy(valid, tta=True) == finished.figures["tta_accuracy"]


def test_the_kept_weights_are_no_worse_than_any_epochs(finished: RunResult) -> None:
    lines = [json.loads(line) for line in (finished.folder / "history.jsonl").read_text().splitlines()]
    losses = [line["valid_loss"] for line in lines if line["kind"] == "epoch"]
    certainty = finished.figures["certainty"]  # history knows no temperature
    assert certainty["log_loss"]["before"] <= min(losses) + 1e-5
    assert certainty["refusal"] is None  # of 8 validation pictures


def test_settings_and_receipt_say_what_the_run_was_made_from(finished: RunResult) -> None:
    settings = tomllib.loads((finished.folder / "settings.toml").read_text())
    assert settings["backbone"] == "efficientnet_lite0"
    assert settings["square"] == "crop"
    assert settings["steps"] == list(range(1, 9))
    assert settings["size"] == 32
    assert settings["threads"] >= 1
    receipt = json.loads((finished.folder / "receipt.json").read_text())
    assert receipt["quarantined"] == [{"path": "train/red/broken.png", "reason": "not a picture in a known format"}]
    assert receipt["versions"]["torch"]


def test_the_model_predicts_the_validation_pictures_as_the_table_says(finished: RunResult, pictures: Path) -> None:
    table = read_predictions(finished.folder / "predictions.csv").of_split("valid")
    found = Predictor(finished.folder).predict([pictures / path for path in table.paths])
    for prediction, probabilities in zip(found, table.probabilities, strict=True):
        assert prediction.probabilities == pytest.approx(probabilities.tolist(), abs=1e-6)


def test_nothing_was_written_beside_the_pictures(finished: RunResult, pictures: Path) -> None:
    assert len(files_below(pictures)) == 2 * (8 + 4 + 2) + 1


def test_the_same_seed_gives_the_same_run(
    finished: RunResult, pictures: Path, settings: TrainSettings, tmp_path: Path
) -> None:
    again = train(pictures, tmp_path / "again", replace(settings, use_store=False), Recorder())
    assert table_hash(again) == table_hash(finished)
    assert without_seconds(again) == without_seconds(finished)


def test_the_first_four_steps_do_not_depend_on_threads(pictures: Path, settings: TrainSettings, tmp_path: Path) -> None:
    short = replace(settings, steps=(1, 2, 3, 4))
    runs = [train(pictures, tmp_path / str(n), replace(short, threads=n), Recorder()) for n in (1, 2)]
    assert table_hash(runs[0]) == table_hash(runs[1])
    assert without_seconds(runs[0]) == without_seconds(runs[1])
    assert files_and_kept(runs[0].folder)[0] == [name for name in FILES if name != "lr_find/step7.json"]


def test_a_folder_that_holds_something_is_left_alone(pictures: Path, settings: TrainSettings, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="holds something already; choose another folder"):
        train(pictures, tmp_path, settings, Recorder())
    assert files_below(tmp_path) == ["mine.txt"]


def test_a_run_that_fails_before_its_first_epoch_leaves_nothing(settings: TrainSettings, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CollectionError, match="no pictures in class folders"):
        train(tmp_path / "empty", tmp_path / "run", settings, Recorder())
    assert not (tmp_path / "run").exists()


def test_a_run_inside_the_pictures_is_refused(pictures: Path, settings: TrainSettings) -> None:
    for out in (pictures / "run", pictures / "train" / "run", pictures):
        with pytest.raises(RunError, match="lies inside the pictures, where nothing is ever written"):
            train(pictures, out, settings, Recorder())


def test_a_rate_that_destroys_the_network_does_not_cost_the_steps_before(
    pictures: Path, settings: TrainSettings, tmp_path: Path
) -> None:
    watched = Recorder()
    result = train(pictures, tmp_path / "run", replace(settings, full_lr=1e30, steps=(1, 3, 5, 8)), watched)
    assert result.figures["kept"].startswith("step 3, weights of epoch ")
    assert result.figures["accuracy"] == 1.0
    assert "choose a lower learning rate" in watched.outcomes[3]
    assert "kept: the weights of epoch" in watched.outcomes[3]


def test_the_words_fit_the_steps_that_are_taken(pictures: Path, settings: TrainSettings, tmp_path: Path) -> None:
    watched = Recorder()
    short = replace(settings, steps=(1, 3, 8), augment=Augment.NONE, max_epochs=1, full_lr=None)
    train(pictures, tmp_path / "run", short, watched)
    assert "there are no augmented views" in watched.outcomes[0]
    assert "at rate 0.01, the default rate" in watched.outcomes[1]
    assert "The body is still frozen" in watched.steps[2][2]
    assert "at rate 0.002, the default rate" in watched.outcomes[2]


def test_a_network_that_cannot_be_exported_does_not_cost_the_figures(
    pictures: Path, settings: TrainSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ExportMismatch("planted")

    monkeypatch.setattr("unfreeze.activations.prefix.export_graph", fail)
    watched = Recorder()
    with pytest.raises(BundleError, match=r"model.onnx: this network cannot be exported \(planted\)"):
        train(pictures, tmp_path / "run", replace(settings, size=40, steps=(1, 3)), watched)
    assert any("runs in torch, which is slower: planted" in note for note in watched.notes)
    left = files_below(tmp_path / "run")
    assert {"report.html", "result.json", "predictions.csv", "model/model.safetensors"} <= set(left)
    assert "model/bundle.json" not in left


def table_hash(result: RunResult) -> str:
    return sha256((result.folder / "predictions.csv").read_bytes()).hexdigest()


def without_seconds(result: RunResult) -> dict[str, object]:
    """The figures of a run without what it took, which two runs of the same seed need not share."""
    steps = [
        {**step, "seconds": 0, "outcome": re.sub(r"\b[0-9.]+ (s|min)\b", "T", step["outcome"])}
        for step in result.figures["steps"]
    ]
    return {**result.figures, "seconds": 0, "steps": steps}


def test_a_fold_validates_instead_of_the_given_split(pictures: Path, settings: TrainSettings, tmp_path: Path) -> None:
    watched = Recorder()
    short = replace(settings, steps=(1, 3), lr=0.01, tta_views=0, fold=(2, 3))
    figures = train(pictures, tmp_path / "run", short, watched).figures
    assert figures["train_images"] + figures["valid_images"] == 24
    assert figures["test_images"] == 4
    assert f"fold 2 of 3: {figures['valid_images']} of 24 pictures validate (seed 0)" in watched.notes
