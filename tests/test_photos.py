"""The figures that were promised, on real photographs."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from made import Recorder
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import train

pytestmark = [pytest.mark.photos, pytest.mark.slow, pytest.mark.filterwarnings("default")]

HEAD_ONLY = TrainSettings(steps=(1, 2, 3, 4), tta_views=0)


def test_cats_and_dogs_by_the_head_alone(photos: Path, tmp_path: Path) -> None:
    figures = train(photos / "dogscats", tmp_path / "run", HEAD_ONLY, Recorder()).figures
    after_step_3 = figures["steps"][2]
    assert after_step_3["accuracy"] >= 0.985
    assert figures["accuracy"] >= 0.99
    assert figures["valid_loss"] <= after_step_3["valid_loss"] + 1e-6


def test_ants_and_bees_with_an_odd_file(photos: Path, tmp_path: Path) -> None:
    result = train(photos / "ants-bees", tmp_path / "run", HEAD_ONLY, Recorder())
    assert result.figures["accuracy"] >= 0.94
    assert (result.figures["train_images"], result.figures["valid_images"]) == (245, 153)
    report = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert len(report) < 5_000_000


def test_the_photographs_are_left_as_they_are(photos: Path, tmp_path: Path) -> None:
    before = state(photos)
    train(photos / "ants-bees", tmp_path / "run", TrainSettings(steps=(1, 3), lr=0.01, tta_views=1), Recorder())
    assert state(photos) == before
    receipt = json.loads((tmp_path / "run" / "receipt.json").read_text())
    assert receipt["pictures"].endswith("ants-bees")


def state(folder: Path) -> dict[Path, str]:
    """Every file below a folder with the hash of its bytes."""
    return {path: sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}
