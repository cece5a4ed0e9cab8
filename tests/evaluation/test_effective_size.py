"""Wilson's interval at the effective size: what it is where counts are plain, and how often it holds the truth."""

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from unfreeze.evaluation.effective_size import alike_pictures, effective_interval
from unfreeze.evaluation.figures import table_figures
from unfreeze.evaluation.predictions import PredictionTable


@pytest.mark.parametrize(("right", "count"), [(90, 100), (55, 80), (400, 500), (100, 100), (0, 30)])
def test_of_a_plain_count_it_is_wilsons_with_as_many_pictures(right: int, count: int) -> None:
    share = right / count
    found = effective_interval(share, share * (1 - share) / count, pictures=count, counted=True)
    expected = proportion_confint(right, count, method="wilson")
    # Half a picture more of either extreme makes it a little wider, never narrower.
    assert found[0] <= expected[0] + 1e-12
    assert found[1] >= expected[1] - 1e-12
    assert found == pytest.approx(expected, abs=0.3 / count)


def test_a_share_with_half_the_variance_gets_the_interval_of_twice_the_pictures() -> None:
    found = effective_interval(0.8, 0.8 * 0.2 / 2000, pictures=1000)
    assert found == pytest.approx(proportion_confint(1600, 2000, method="wilson"), abs=1e-4)
    counted = effective_interval(0.8, 0.8 * 0.2 / 2000, pictures=1000, counted=True)
    assert counted == pytest.approx(proportion_confint(800, 1000, method="wilson"), abs=1e-6)


def test_no_mistake_seen_is_not_taken_for_none() -> None:
    low, high = effective_interval(1.0, 0.0, pictures=40)
    assert high == 1
    assert 0.85 < low < 0.95


def test_what_is_not_defined_has_no_interval() -> None:
    for share, variance in ((math.nan, 0.1), (0.5, math.nan)):
        assert all(math.isnan(end) for end in effective_interval(share, variance, pictures=10))
    assert all(math.isnan(end) for end in effective_interval(0.5, 0.1, pictures=0))


def test_classes_with_few_pictures_count_most() -> None:
    assert alike_pictures([10, 10, 10]) == pytest.approx(30)
    assert alike_pictures([1, 1000]) == pytest.approx(4 / (1 + 0.001))
    assert alike_pictures([]) == 0


@pytest.mark.parametrize("count", [50, 300])
def test_intervals_hold_the_true_figures_as_often_as_they_say(count: int) -> None:
    """Three classes of unequal size; benchmarks/intervals.py has more of it."""
    random = np.random.default_rng(count)

    def table(pictures: int) -> PredictionTable:
        targets = random.choice(3, pictures, p=(0.2, 0.3, 0.5))
        logits = random.normal(size=(pictures, 3)) + 2.5 * np.eye(3)[targets]
        powers = np.exp(1.5 * logits)
        probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        losses = -np.log(probabilities[np.arange(pictures), targets].astype(np.float64))
        return PredictionTable(
            classes=("a", "b", "c"), paths=("",) * pictures, splits=("valid",) * pictures, targets=targets,
            probabilities=probabilities, losses=losses,
        )  # fmt: skip

    truth = table_figures(table(200_000))
    held: dict[str, list[bool]] = {name: [] for name in truth}
    for _ in range(200):
        for name, figure in table_figures(table(count)).items():
            held[name].append(figure.low <= truth[name].value <= figure.high)
    assert {name: np.mean(each) for name, each in held.items() if np.mean(each) < 0.9} == {}
    assert np.mean(held["accuracy"] + held["macro_f1"] + held["balanced_accuracy"]) < 0.99
