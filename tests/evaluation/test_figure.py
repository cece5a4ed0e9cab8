"""One figure with its interval."""

import json
import math

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from unfreeze.evaluation.figure import HALL, WILSON, Figure, counted_figure, f1_figure, mean_figure, pulled_figure


def test_a_count_has_the_interval_of_statsmodels() -> None:
    found = counted_figure(17, 20)
    assert (found.low, found.high) == pytest.approx(proportion_confint(17, 20, method="wilson"))
    assert (found.value, found.method) == (0.85, WILSON)


def test_f1_is_that_of_precision_and_recall_and_its_interval_that_of_the_hits() -> None:
    found = f1_figure(6, 2, 4)
    precision, recall = 6 / 10, 6 / 8
    assert found.value == pytest.approx(2 * precision * recall / (precision + recall))
    low, high = proportion_confint(6, 12, method="wilson")
    assert (found.low, found.high) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))


def test_what_is_not_defined_is_none_in_json() -> None:
    for found in (counted_figure(0, 0), f1_figure(0, 0, 0), mean_figure(np.empty(0)), mean_figure(np.empty(0), most=2)):
        plain = found.plain()
        assert plain["value"] is plain["low"] is plain["high"] is None
        json.dumps(plain, allow_nan=False)
    assert f1_figure(0, 3, 0).value == 0
    assert Figure(0.5, math.nan, math.nan, HALL).plain() == {"value": 0.5, "low": None, "high": None, "method": HALL}


def test_a_mean_with_a_highest_value_is_a_share_of_it() -> None:
    values = np.random.default_rng(0).random(300)
    plain, doubled = mean_figure(values, most=1.0), mean_figure(2 * values, most=2.0)
    assert (doubled.value, doubled.low, doubled.high) == pytest.approx((2 * plain.value, 2 * plain.low, 2 * plain.high))
    assert plain.value == pytest.approx(values.mean())
    error = values.std(ddof=1) / math.sqrt(300)
    assert plain.high - plain.low == pytest.approx(2 * 1.96 * error, rel=0.05)
    assert mean_figure(values).method == HALL


def test_pulls_of_one_picture_say_nothing_of_spread_and_are_no_error() -> None:
    found = pulled_figure(1.0, np.zeros(1), pictures=1)
    assert found.low < 0.6
    assert found.high == 1
