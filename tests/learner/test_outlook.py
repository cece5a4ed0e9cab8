"""What more pictures would bring: of the pretrained body, bounded, and with the learner left as it was."""

from pathlib import Path

import numpy as np
import pytest

from made import write_collection
from small import small_network
from unfreeze.learner import outlook as module
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.learner.outlook import BODY_TRAINED, HEAD_ALONE, data_outlook
from unfreeze.network.groups import POOLED

COUNTS = {
    f"{split}/{name}": count for split, count in (("train", 12), ("valid", 4)) for name in ("red", "green", "blue")
}


@pytest.fixture
def small(tmp_path: Path) -> Learner:
    """Three colours before a small network of the user's own."""
    return Learner(ImageData.from_folder(write_collection(tmp_path, COUNTS), size_px=32), small_network())


def test_curve_and_gains_are_of_all_pictures(small: Learner) -> None:
    found = data_outlook(small)
    assert found.curve
    assert found.gains
    assert found.curve.sizes[-1] == 36
    assert found.curve.wrong.shape[2] == 12
    assert {gain.label for gain in found.gains.gains} == {0, 1, 2}
    assert found.notes == (HEAD_ALONE,)
    assert np.array_equal(found.curve.wrong, data_outlook(small).curve.wrong)  # type: ignore[union-attr]


def test_a_body_that_was_trained_is_asked_as_it_was_pretrained_and_stays_trained(small: Learner) -> None:
    before = data_outlook(small)
    small.unfreeze()
    small.fit(0.5, 1)
    assert not small.model.is_pretrained(POOLED)
    weights, logits = small.model.arrays(), small.logits("valid")
    found = data_outlook(small)
    assert found.curve
    assert before.curve
    assert np.array_equal(found.curve.wrong, before.curve.wrong)
    assert found.notes == (HEAD_ALONE, BODY_TRAINED)
    assert all(np.array_equal(weights[name], array) for name, array in small.model.arrays().items())
    assert np.array_equal(small.logits("valid"), logits)


def test_of_many_pictures_a_share_is_taken_and_that_is_said(small: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PICTURES", 30)
    monkeypatch.setattr(module, "MOST_VALIDATED", 6)
    found = data_outlook(small)
    assert found.curve
    assert found.curve.sizes[-1] == 30
    assert found.curve.wrong.shape[2] == 6
    assert found.gains is None
    assert found.notes == (
        HEAD_ALONE,
        "it was measured on 30 of 36 training pictures, so it ends before them",
        "where more pictures of one class would help most is not tried with so many",
        "its accuracies are those of 6 of 12 validation pictures",
    )


def test_where_there_is_no_curve_it_is_said_why(
    small: Learner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ANSWERS", 30)
    assert data_outlook(small).notes == ("the learning curve is not measured: there are too many classes",)
    few = write_collection(tmp_path / "few", {"train/red": 3, "train/blue": 3, "valid/red": 1, "valid/blue": 1})
    monkeypatch.undo()
    learner = Learner(ImageData.from_folder(few, size_px=64))
    found = data_outlook(learner)
    assert (found.curve, found.gains) == (None, None)
    assert found.notes == ("the learning curve is not measured: there are too few training pictures",)
    (tmp_path / "labels.csv").write_text("path,label\nfew/train/red/000.png,a;b\nfew/train/red/001.png,b\n")
    several = Learner(ImageData.from_csv(tmp_path / "labels.csv", label_separator=";", size_px=64, valid_share=0.5))
    assert data_outlook(several).notes == ("the learning curve is not measured where a picture has several labels",)
