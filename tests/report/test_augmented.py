"""Test-time augmentation: what it changed, with the paired test."""

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from unfreeze.evaluation.paired import paired_interval
from unfreeze.report.augmented import augmented_view
from unfreeze.report.page import ReportContent


def changed(content: ReportContent, *, gained: int, lost: int, same: int) -> ReportContent:
    """Pictures of the first class; augmentation changes so many answers to right and to wrong."""
    count = gained + lost + same
    plain = np.array([[0.1, 0.9]] * gained + [[0.9, 0.1]] * (lost + same), np.float32)
    tta = np.array([[0.9, 0.1]] * gained + [[0.1, 0.9]] * lost + [[0.9, 0.1]] * same, np.float32)
    table = replace(
        content.predictions.rows([0] * count), probabilities=plain, tta=tta, targets=np.zeros(count, np.int64)
    )
    return replace(content, predictions=table)


@pytest.mark.parametrize(
    ("gained", "lost", "words"), [(9, 1, "It helps"), (1, 9, "It does harm"), (3, 2, "cannot be told")]
)
def test_gain_and_chance_are_those_of_the_paired_test(
    content: ReportContent, gained: int, lost: int, words: str
) -> None:
    view = augmented_view(changed(content, gained=gained, lost=lost, same=10))
    assert view
    assert (view.gain.gained, view.gain.lost) == (gained, lost)
    assert view.gain.difference == pytest.approx((gained - lost) / (gained + lost + 10))
    assert (view.gain.low, view.gain.high) == paired_interval(gained, lost, gained + lost + 10)
    assert view.gain.chance == pytest.approx(mcnemar([[10, lost], [gained, 0]], exact=True).pvalue)
    assert words in view.sentence


def test_views_are_those_of_the_settings_and_the_plain_one(content: ReportContent) -> None:
    asked = changed(content, gained=1, lost=0, same=3)
    view, told = augmented_view(asked), augmented_view(replace(asked, facts={"settings": {"tta_views": 4}}))
    assert view
    assert view.views is None
    assert told
    assert told.views == 5


def test_without_augmentation_nothing_is_said(content: ReportContent) -> None:
    assert augmented_view(content) is None
