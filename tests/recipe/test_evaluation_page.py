"""The page of new pictures: its figures, and what is known of the pictures."""

import html
import shutil
from pathlib import Path

import pytest

from made import Recorder, new_cache, write_collection
from unfreeze.recipe import evaluate
from unfreeze.recipe.evaluate import Evaluation, evaluate_pictures
from unfreeze.recipe.labelled import LabelledPictures, predict_labelled
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import train
from unfreeze.report.trust import NO_PART

SETTINGS = TrainSettings(size=32, steps=(1, 3), lr=0.01, head_epochs=1, tta_views=0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on red and blue pictures, beside them."""
    counts = {f"{split}/{name}": count for split, count in (("train", 6), ("valid", 3)) for name in ("blue", "red")}
    pictures = write_collection(tmp_path_factory.mktemp("page") / "pictures", counts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNFREEZE_CACHE", str(new_cache(tmp_path_factory)))
        return train(pictures, pictures.parent / "run", SETTINGS, Recorder()).folder


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return write_collection(tmp_path / "fresh", {"red": 2, "blue": 2}, start=50_000)


def page(evaluation: Evaluation) -> str:
    assert evaluation.page
    return html.unescape(evaluation.page)


def test_the_page_has_each_figure_with_its_interval(run: Path, fresh: Path) -> None:
    found = evaluate_pictures(run, fresh)
    assert set(found.figures) == {"new"}
    assert found.plain()["figures"] is found.figures
    assert "How the interval was found" in page(found)


def test_known_pictures_are_named_before_all_else(run: Path, fresh: Path) -> None:
    assert NO_PART in page(evaluate_pictures(run, fresh))
    shutil.copy(run.parent / "pictures/train/red/000.png", fresh / "red/copy.png")
    text = page(evaluate_pictures(run, fresh))
    first = text.split("What to trust")[1].split("</li>")[0]
    assert "1 picture is one that the model was trained on, so the figures flatter: red/copy.png." in first
    assert NO_PART not in text


def test_augmentation_that_costs_no_time_that_can_be_measured_is_still_shown(
    run: Path, fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(*arguments: object, **named: object) -> LabelledPictures:
        found = predict_labelled(*arguments, **named)  # type: ignore[arg-type]
        return LabelledPictures(images=found.images, table=found.table, tta_seconds=0.0)

    monkeypatch.setattr(evaluate, "predict_labelled", at_once)
    text = page(evaluate_pictures(run, fresh, tta=True))
    assert "tta_views" in text
