"""Sets of classes: sizes and coverage counted one by one."""

from dataclasses import replace

import numpy as np
import pytest

from unfreeze.evaluation.certainty import certainty_figures
from unfreeze.evaluation.conformal import fit_conformal
from unfreeze.evaluation.predictions import table_from_logits
from unfreeze.report.class_sets import sets_view
from unfreeze.report.page import ReportContent, report_page


@pytest.fixture
def unsure(known: ReportContent) -> ReportContent:
    """Four pictures with a set of one class, one of them wrong, and four with both classes."""
    assert known.certainty
    likeliest = np.array([0.9, 0.9, 0.9, 0.9, 0.6, 0.6, 0.6, 0.6], np.float32)
    probabilities = np.stack([likeliest, 1 - likeliest], axis=1)
    targets = np.array([0, 0, 0, 1, 0, 1, 0, 1])
    bound = replace(fit_conformal(probabilities, targets, coverage=0.75), least_probability=0.3)
    calibration = replace(known.certainty.calibration, held_out=probabilities.astype(np.float64))
    return replace(
        known,
        predictions=replace(known.predictions, probabilities=probabilities, targets=targets),
        certainty=replace(known.certainty, calibration=calibration, sets=bound),
    )


def test_sets_are_counted_by_their_size(unsure: ReportContent) -> None:
    view = sets_view(unsure)
    assert view
    found = [(row.size, row.pictures, row.share, row.holding) for row in view.sizes]
    assert found == [("1", 4, 0.5, 0.75), ("2", 4, 0.5, 1.0)]
    assert (view.classes, view.found) == (1.5, 7 / 8)
    assert view.measured
    assert view.measured.coverage == 0.75


def test_the_page_and_the_result_state_the_same_coverage_of_many_pictures(unsure: ReportContent) -> None:
    assert unsure.certainty
    assert unsure.certainty.sets
    many = 15_000
    probabilities = np.tile(unsure.predictions.probabilities, (many, 1))
    targets = np.tile(unsure.predictions.targets, many)
    table = table_from_logits(
        np.log(probabilities), classes=unsure.predictions.classes, paths=[str(place) for place in range(8 * many)],
        splits=["valid"] * 8 * many, targets=targets,
    )  # fmt: skip
    calibration = replace(unsure.certainty.calibration, held_out=probabilities.astype(np.float64))
    certainty = replace(unsure.certainty, calibration=calibration)
    view = sets_view(replace(unsure, predictions=table, certainty=certainty))
    stated = certainty_figures(certainty, np.log(probabilities), targets)["sets"]["measured"]
    assert view
    assert view.measured
    assert (view.measured.found, list(view.measured.interval)) == (stated["coverage"], stated["interval"])


def test_new_pictures_need_no_splits(unsure: ReportContent) -> None:
    view = sets_view(replace(unsure, subject="new"))
    assert view
    assert view.measured is None


def test_new_pictures_had_no_part_in_the_bound_unless_some_are_known(unsure: ReportContent) -> None:
    claim = "these pictures had no part in the bound"
    assert claim in report_page(replace(unsure, subject="new"))
    assert claim not in report_page(replace(unsure, subject="new", known=["1 picture is one that chose the weights"]))


def test_without_a_bound_there_are_no_sets(unsure: ReportContent) -> None:
    assert unsure.certainty
    assert sets_view(replace(unsure, certainty=replace(unsure.certainty, sets=None))) is None
