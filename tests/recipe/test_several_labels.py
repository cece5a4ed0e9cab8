"""All eight steps on pictures that have any of two labels: whatever is said of them is right, from steps to bundle."""

import csv
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from labelled import NAMES, labelled_data
from made import Recorder, RunCli, new_cache
from unfreeze.deploy.predictor import Predictor
from unfreeze.evaluation import metrics
from unfreeze.evaluation.labels import label_figures, mean_average_precision
from unfreeze.evaluation.names import joined
from unfreeze.evaluation.predictions import read_predictions
from unfreeze.recipe.finish import RunResult
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import train

SETTINGS = TrainSettings(
    size=32, batch_size=8, full_batch_size=8, tta_views=1, threads=1, max_epochs=3, unfreeze="late"
)


@pytest.fixture(scope="module")
def watched() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, watched: Recorder) -> RunResult:
    """A run whose pictures are those of a list with several labels."""
    root = tmp_path_factory.mktemp("several") / "pictures"
    data = labelled_data(root, {"train": 8, "valid": 5, "test": 3}, size_px=32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNFREEZE_CACHE", str(new_cache(tmp_path_factory)))
        patch.setattr("unfreeze.recipe.train.read_pictures", lambda *_, **__: data)
        return train(root, tmp_path_factory.mktemp("runs") / "run", SETTINGS, watched)


def test_both_labels_are_learnt(finished: RunResult) -> None:
    valid = finished.table.of_split("valid")
    assert valid.targets.shape == (20, 2)
    assert {tuple(row) for row in valid.targets.tolist()} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert metrics.accuracy(valid) >= 0.8  # by chance 0.25
    assert all(float(row["accuracy"]) >= 0.85 for row in label_figures(valid))
    assert metrics.mean_loss(valid) < 0.4 < metrics.guessing_loss(valid)


def test_steps_speak_of_exact_matches_and_of_guessing_as_it_is_here(finished: RunResult, watched: Recorder) -> None:
    trained = [text for text in watched.outcomes if "epochs on" in text]
    assert len(trained) == 3
    assert all(re.search(r"validation exact match \d+\.\d\d %, loss", text) for text in trained)
    assert not any("accuracy" in text for text in watched.outcomes)
    assert not any("WARNING" in text for text in watched.outcomes)
    lines = [json.loads(line) for line in (finished.folder / "history.jsonl").read_text().splitlines()]
    assert {line["measure"] for line in lines if line["kind"] == "epoch"} == {"exact match"}


def test_every_figure_can_be_computed_again_from_the_table(finished: RunResult) -> None:
    table, result = read_predictions(finished.folder / "predictions.csv"), finished.figures
    for name in ("targets", "probabilities", "losses", "tta", "distances"):
        assert getattr(table, name).tobytes() == getattr(finished.table, name).tobytes(), name
    valid, test = table.of_split("valid"), table.of_split("test")
    assert json.loads((finished.folder / "result.json").read_text()) == result
    assert result["measure"] == "exact match"
    assert result["accuracy"] == metrics.accuracy(valid)
    assert result["macro_f1"] == metrics.macro_f1(valid)
    assert result["mean_average_precision"] == mean_average_precision(valid)
    assert result["labels"] == label_figures(valid)
    assert result["tta_accuracy"] == metrics.accuracy(valid, tta=True)
    assert result["test_accuracy"] == metrics.accuracy(test)
    assert len(test.paths) == 12


def test_the_bundle_says_what_evaluation_said(finished: RunResult) -> None:
    settings = json.loads((finished.folder / "model" / "bundle.json").read_text())
    assert (settings["probabilities"], settings["format_version"]) == ("sigmoid", 3)
    predictor, table = Predictor(finished.folder), finished.table
    root = Path(json.loads((finished.folder / "receipt.json").read_text())["pictures"])
    found = predictor.predict([root / path for path in table.paths])
    np.testing.assert_allclose([prediction.probabilities for prediction in found], table.probabilities, atol=1e-6)
    assert table.distances is not None  # of 20 validation pictures
    assert [prediction.distance for prediction in found] == pytest.approx(table.distances.tolist(), abs=1e-6)
    assert settings["sets"] is None
    assert {prediction.candidates for prediction in found} == {()}
    assert [predictor.names(p) for p in found] == [table.predicted_names(i) for i in range(len(table.paths))]
    with_views = predictor.predict([root / path for path in table.paths[:3]], tta_views=1)
    assert table.tta is not None
    np.testing.assert_allclose([p.probabilities for p in with_views], table.tta[:3], atol=1e-6)


@pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of
def test_the_command_line_names_all_labels(finished: RunResult, run_cli: RunCli, tmp_path: Path) -> None:
    table = finished.table
    root = Path(json.loads((finished.folder / "receipt.json").read_text())["pictures"])
    code, out, err = run_cli(
        "predict", finished.folder, *[root / path for path in table.paths], "--csv", tmp_path / "p.csv"
    )
    assert (code, err) == (0, "")
    said = [table.predicted_names(index) for index in range(len(table.paths))]
    assert {(), NAMES} <= set(said)
    for line, names, probabilities in zip(out.splitlines(), said, table.probabilities, strict=True):
        assert f"  [{', '.join(names) or 'no label'}]  " in line
        shown = {name: float(share) for name, share in re.findall(r"(\w+) (\d+\.\d) %", line)}
        assert shown == pytest.approx(dict(zip(NAMES, 100 * probabilities, strict=True)), abs=0.07)
    rows = list(csv.DictReader((tmp_path / "p.csv").open(encoding="utf-8")))
    assert [row["predicted"] for row in rows] == [joined(names) for names in said]
    assert "framed;red" in {row["predicted"] for row in rows}


def test_the_report_shows_labels_and_no_confusion(finished: RunResult) -> None:
    page = unescape((finished.folder / "report.html").read_text(encoding="utf-8"))
    correct, count = int(finished.table.of_split("valid").correct.sum()), 20
    assert f"{correct} of {count} validation pictures right in every label" in page
    assert "Weakest label: " in page
    assert ">Each label</h2>" in page
    assert "Confusion matrix" not in page
    for row in finished.figures["labels"]:
        cells = re.search(rf"<tr><th scope=\"row\"><bdi>{row['class']}</bdi></th>(.*?)</tr>", page, re.DOTALL)
        assert cells
        numbers = re.findall(r">(\d+)<", cells.group(1))
        assert numbers == [str(row[name]) for name in ("pictures", "hits", "missed", "invented", "rest")]


def test_test_pictures_are_said_to_have_been_used_once_at_the_end(finished: RunResult) -> None:
    page = unescape((finished.folder / "report.html").read_text(encoding="utf-8"))
    share = 100 * finished.figures["test_accuracy"]
    assert (
        f"The 12 test pictures had no part in any choice and were used once, at the end: exact match {share:.1f} %"
        in page
    )
    assert "a test folder would not" not in page


def test_labels_that_no_picture_has_and_a_head_that_is_worse_than_guessing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guessing's loss is log 2, not the logarithm of the number of labels, 2 of 32 of which are seen here."""
    data = labelled_data(tmp_path / "pictures", {"train": 3, "valid": 2}, size_px=32)
    table = replace(data.table, classes=(*NAMES, *(f"unseen {number}" for number in range(30))))
    monkeypatch.setattr("unfreeze.recipe.train.read_pictures", lambda *_, **__: replace(data, table=table))
    watched = Recorder()
    settings = replace(SETTINGS, steps=(1, 3), lr=4000.0, tta_views=0, head_epochs=1)
    figures = train(tmp_path / "pictures", tmp_path / "run", settings, watched).figures
    assert np.log(2) < figures["valid_loss"] < np.log(32)
    assert "WARNING: the validation loss is worse than guessing's" in watched.outcomes[1]
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "worse than that of guessing" in page
    assert "unseen 29" in page
    assert [row["average_precision"] for row in figures["labels"][2:]] == [None] * 30
    assert figures["mean_average_precision"] == np.mean([row["average_precision"] for row in figures["labels"][:2]])
