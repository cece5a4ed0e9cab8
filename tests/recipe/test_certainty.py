"""A run of all eight steps keeps what its kept weights know of their own answers."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drawn import scene
from made import Recorder, new_cache, write_collection
from unfreeze.activations.engines import OnnxEngine
from unfreeze.activations.packaged import PackagedPrefix
from unfreeze.deploy.bundle import GRAPH_FILE, open_bundle
from unfreeze.deploy.predictor import Predictor
from unfreeze.evaluation.calibration import logits_of
from unfreeze.evaluation.certainty import certainty_figures, fit_certainty
from unfreeze.evaluation.novelty import unit_length
from unfreeze.evaluation.predictions import read_predictions
from unfreeze.images.decode import decode
from unfreeze.recipe.finish import RunResult
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import train

COUNTS = {"train/red": 10, "train/blue": 10, "valid/red": 10, "valid/blue": 10, "test/red": 2, "test/blue": 2}
SETTINGS = TrainSettings(size=32, batch_size=8, full_batch_size=8, tta_views=1, full_lr=0.01, threads=1, max_epochs=1)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_collection(tmp_path_factory.mktemp("collection") / "colours", COUNTS)


@pytest.fixture(scope="module")
def watched() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, pictures: Path, watched: Recorder) -> Iterator[RunResult]:
    """Step 8 from the second step on, so that the kept weights are those of a trained body."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNFREEZE_CACHE", str(new_cache(tmp_path_factory)))
        settings = replace(SETTINGS, head_epochs=1, lr=0.001, full_lr=0.01, augmented_cycles=1)
        yield train(pictures, tmp_path_factory.mktemp("runs") / "run", settings, watched)


def features_of(engine: OnnxEngine, finished: RunResult, paths: list[Path], *, output: int) -> np.ndarray:
    transform = Predictor(finished.folder).transform
    squares = np.stack([transform(decode(path.read_bytes(), path=path)) for path in paths])
    return engine.outputs(squares)[output]


def test_references_are_of_the_body_that_was_trained(finished: RunResult, pictures: Path, tmp_path: Path) -> None:
    assert finished.figures["kept"].startswith("step 8")
    bundle = open_bundle(finished.folder)
    assert bundle.novelty
    paths = sorted((pictures / "train").rglob("*.png"))
    trained = features_of(OnnxEngine(finished.folder / "model" / GRAPH_FILE), finished, paths, output=1)
    published = PackagedPrefix("efficientnet_lite0", graphs=tmp_path)
    before = features_of(OnnxEngine(published.graph()), finished, paths, output=0)
    references = bundle.novelty.references.astype(np.float32)
    assert np.abs(references - unit_length(trained)).max() < 5e-4  # half precision, twice
    assert np.abs(references - unit_length(before)).max() > 3e-3
    assert len(references) == 20


def test_table_and_predictor_agree(finished: RunResult, pictures: Path) -> None:
    table = read_predictions(finished.folder / "predictions.csv")
    assert table.splits == ("valid",) * 20 + ("test",) * 4
    assert table.distances is not None
    assert table.tta is not None
    predictor, paths = Predictor(finished.folder), [pictures / path for path in table.paths]
    plain, averaged = predictor.predict(paths), predictor.predict(paths, tta_views=1)
    for found, row, distance in zip(plain, table.probabilities, table.distances, strict=True):
        assert found.probabilities == pytest.approx(row.tolist(), abs=1e-6)
        assert found.distance == pytest.approx(distance, abs=1e-6)
    for found, row in zip(averaged, table.tta, strict=True):
        assert found.probabilities == pytest.approx(row.tolist(), abs=1e-6)
    assert not any(found.refused for found in plain[:20])


def test_strangers_are_refused(finished: RunResult, tmp_path: Path) -> None:
    for number in range(5):
        scene(number).save(tmp_path / f"{number}.png")
    found = Predictor(finished.folder).predict(sorted(tmp_path.glob("*.png")))
    assert all(prediction.refused for prediction in found)


def test_figures_can_be_computed_again_from_table_and_bundle(finished: RunResult, watched: Recorder) -> None:
    valid = read_predictions(finished.folder / "predictions.csv").of_split("valid")
    said = json.loads((finished.folder / "result.json").read_text())["certainty"]
    bundle = open_bundle(finished.folder)
    assert said == finished.figures["certainty"]
    assert said["temperature"] == bundle.settings.temperature
    assert valid.distances is not None
    assert bundle.novelty
    logits = logits_of(valid.probabilities) * bundle.settings.temperature
    again = fit_certainty(logits, valid.targets, novelty=bundle.novelty.bounded(valid.distances))
    assert again.temperature == pytest.approx(bundle.settings.temperature, rel=1e-3)
    assert bundle.novelty.bound == again.novelty.bound if again.novelty else None
    figures = certainty_figures(again, logits, valid.targets)
    assert figures["refusal"] == said["refusal"]
    assert figures["calibration_error"]["after"] == pytest.approx(said["calibration_error"]["after"], abs=1e-4)
    assert any("are taken for 'none of these'" in note for note in watched.notes)
