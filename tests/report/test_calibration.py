"""What is said of calibration is counted out of fold, on the probabilities before and after."""

from dataclasses import replace

import numpy as np
import pytest

from report.conftest import LOGITS
from unfreeze.evaluation.calibration import probabilities_at
from unfreeze.evaluation.predictions import table_from_logits
from unfreeze.evaluation.reliability import answers, calibration_error
from unfreeze.report.calibration import calibration_view
from unfreeze.report.page import ReportContent


def test_before_is_at_temperature_one_and_after_is_out_of_fold(known: ReportContent) -> None:
    assert known.certainty
    calibration = replace(known.certainty.calibration, helped=True)
    view = calibration_view(replace(known, certainty=replace(known.certainty, calibration=calibration)))
    assert view
    assert view.out_of_fold
    targets = known.judged.targets
    assert view.error == calibration_error(*answers(calibration.held_out, targets))
    assert view.error_before == pytest.approx(calibration_error(*answers(probabilities_at(LOGITS), targets)), abs=1e-6)
    assert sum(group.count for group in view.before_bins) == 8
    assert view.temperature == calibration.temperature


def test_a_temperature_that_did_not_help_has_no_before(known: ReportContent) -> None:
    assert known.certainty
    calibration = replace(known.certainty.calibration, helped=False, temperature=1.0)
    view = calibration_view(replace(known, certainty=replace(known.certainty, calibration=calibration)))
    assert view
    assert view.error_before is None
    assert not view.before_bins


def test_new_pictures_had_no_part_in_the_temperature(known: ReportContent) -> None:
    view = calibration_view(replace(known, subject="new", certainty=None))
    assert view
    assert not view.out_of_fold
    assert view.error == calibration_error(*answers(known.judged.probabilities, known.judged.targets))


def test_without_certainty_nothing_is_said_of_a_run(content: ReportContent) -> None:
    assert calibration_view(content) is None


@pytest.mark.parametrize(
    ("sure", "share_right", "words"),
    [(0.98, 0.8, "surer than it is right"), (0.7, 1.0, "right more often than it says"), (0.9, 0.9, "be believed")],
)
@pytest.mark.parametrize("labelled", [0.1, 0.9])
def test_of_several_labels_a_sure_no_is_as_sure_as_a_yes(
    content: ReportContent, sure: float, share_right: float, words: str, labelled: float
) -> None:
    count = 1000
    said = 10 * labelled > np.arange(2 * count).reshape(2, count).T % 10  # (N, 2)
    right = np.random.default_rng(0).permutation(2 * count).reshape(count, 2) < share_right * 2 * count
    table = table_from_logits(
        np.where(said, 1, -1) * np.log(sure / (1 - sure)),
        classes=content.judged.classes,
        paths=[str(row) for row in range(count)],
        splits=["new"] * count,
        targets=np.where(right, said, ~said).astype(np.int64),
    )
    view = calibration_view(replace(content, subject="new", predictions=table))
    assert view
    assert words in view.sentence


@pytest.mark.parametrize(
    ("sure", "share_right", "words"),
    [
        (0.9, 0.9, "can be believed"),
        (0.95, 0.5, "surer than it is right"),
        (0.55, 1.0, "right more often than it says"),
    ],
)
def test_the_sentence_says_on_which_side_it_errs(
    content: ReportContent, sure: float, share_right: float, words: str
) -> None:
    count = 400
    probabilities = np.tile(np.array([sure, 1 - sure], np.float32), (count, 1))
    table = content.predictions.rows([0] * count)
    targets = (np.arange(count) >= share_right * count).astype(np.int64)
    view = calibration_view(
        replace(content, subject="new", predictions=replace(table, probabilities=probabilities, targets=targets))
    )
    assert view
    assert words in view.sentence
