"""What is printed of a table of predictions."""

from pathlib import Path

import numpy as np
import pytest
import scipy.special

from benchmarks.certainty import certainty, covered
from unfreeze.evaluation.calibration import calibrate, logits_of
from unfreeze.evaluation.conformal import measure_coverage
from unfreeze.evaluation.predictions import PredictionTable, table_from_logits
from unfreeze.evaluation.reliability import answers, calibration_error
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner


@pytest.fixture
def table() -> PredictionTable:
    """A model that is three times too sure."""
    random = np.random.default_rng(0)
    logits = random.normal(scale=6, size=(400, 3)).astype(np.float32)
    labels = [random.choice(3, p=each) for each in scipy.special.softmax(logits.astype(np.float64) / 3, axis=1)]
    return table_from_logits(logits, classes="abc", paths="p" * 400, splits=["valid"] * 400, targets=labels)


def test_rows_say_what_calibration_brings(table: PredictionTable) -> None:
    cells = certainty("made", table).split(" | ")
    assert cells[0] == "| made, 400"
    assert float(cells[1].split()[0]) == pytest.approx(3, rel=0.2)
    for cell in cells[2:5]:
        before, after = map(float, cell.split(", "))
        assert after < before
    assert "| 90 % | 90." in covered("made", table, 0.9)


@pytest.mark.slow
@pytest.mark.photos
def test_cats_and_dogs_are_as_sure_as_they_are_right(photos: Path) -> None:
    learner = Learner(ImageData.from_folder(photos / "dogscats"))
    learner.fit(0.007, 2)
    found = learner.evaluate(["valid"])
    learner.close()
    calibrated = calibrate(logits_of(found.probabilities), found.targets)
    assert calibration_error(*answers(calibrated.held_out, found.targets)) <= 0.02
    for coverage in (0.9, 0.95):
        measured = measure_coverage(calibrated.held_out, found.targets, coverage=coverage)
        assert measured.found >= coverage
        assert measured.classes < 1.1
