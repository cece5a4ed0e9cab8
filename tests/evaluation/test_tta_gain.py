"""What test-time augmentation gains."""

from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.stats.contingency_tables

from unfreeze.evaluation.paired import paired_interval
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.evaluation.tta_gain import tta_gain


def test_gain_is_counted_picture_by_picture(make_table: Callable[..., PredictionTable]) -> None:
    plain = np.array([[0.9, 0.1]] * 12 + [[0.2, 0.8]] * 8)  # 12 right of 20
    augmented = np.array([[0.9, 0.1]] * 11 + [[0.1, 0.9]] + [[0.7, 0.3]] * 7 + [[0.1, 0.9]])
    table = make_table(plain.tolist(), [0] * 20).with_tta(augmented.astype(np.float32))
    found = tta_gain(table, seconds=0.2)
    assert found is not None
    assert (found.gained, found.lost, found.pictures) == (7, 1, 20)
    assert (found.plain, found.augmented) == (0.6, 0.9)
    assert found.difference == pytest.approx(0.3)
    expected = statsmodels.stats.contingency_tables.mcnemar([[11, 1], [7, 1]], exact=True).pvalue
    assert found.chance == pytest.approx(expected)
    assert (found.low, found.high) == paired_interval(7, 1, 20)
    assert found.seconds == 0.2
    assert "seconds" not in found.plain_values()
    assert found.plain_values()["gained"] == 7


def test_without_augmentation_or_pictures_there_is_none(make_table: Callable[..., PredictionTable]) -> None:
    table = make_table([[0.9, 0.1]], [0])
    assert tta_gain(table) is None
    assert tta_gain(table.with_tta(table.probabilities).rows([])) is None
