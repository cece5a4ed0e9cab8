"""Areas beside scikit-learn's, and pulls beside what a little more weight of one picture does to those."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, roc_auc_score

from unfreeze.evaluation.areas import areas

MORE = 1e-6


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties, and which pictures are positive: at least one of either kind."""
    count = draw(st.integers(2, 25))
    positive = draw(arrays(bool, count))
    positive[0], positive[-1] = True, False
    return draw(arrays(np.float32, count, elements=st.sampled_from([0, 0.1, 0.25, 0.5, 0.9, 1]))), positive


@given(scored())
def test_areas_of_any_scores_are_those_of_scikit_learn(table: tuple[np.ndarray, np.ndarray]) -> None:
    scores, positive = table
    found = areas(scores, positive)
    assert found.roc == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
    assert found.precision == pytest.approx(average_precision_score(positive, scores), abs=1e-12)
    assert found.roc_pulls.sum() == pytest.approx(0, abs=1e-12)
    assert found.precision_pulls.sum() == pytest.approx(0, abs=1e-12)


@given(scored())
def test_pulls_are_what_weight_does(table: tuple[np.ndarray, np.ndarray]) -> None:
    scores, positive = table
    found = areas(scores, positive)
    for picture in range(len(scores)):
        weights = np.ones(len(scores))
        weights[picture] += MORE
        roc = roc_auc_score(positive, scores, sample_weight=weights)
        precision = average_precision_score(positive, scores, sample_weight=weights)
        assert found.roc_pulls[picture] == pytest.approx((roc - found.roc) / MORE, abs=1e-4)
        assert found.precision_pulls[picture] == pytest.approx((precision - found.precision) / MORE, abs=1e-4)


def test_variance_of_the_roc_area_is_delongs() -> None:
    """Computed from the definition, each positive picture held against each negative one."""
    random = np.random.default_rng(0)
    positive = np.arange(60) < 25
    scores = np.round(random.normal(size=60) + positive, 1)
    wins = np.sign(scores[positive][:, np.newaxis] - scores[~positive]) / 2 + 0.5  # (25, 35)
    expected = wins.mean(axis=1).var() / 25 + wins.mean(axis=0).var() / 35
    found = areas(scores, positive)
    assert found.roc == pytest.approx(wins.mean())
    assert np.square(found.roc_pulls).sum() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("positive", [[], [False, False], [False]])
def test_without_a_positive_picture_nothing_is_defined(positive: list[bool]) -> None:
    found = areas(np.linspace(0, 1, len(positive)), np.array(positive, bool))
    assert math.isnan(found.roc)
    assert math.isnan(found.precision)
    assert found.roc_pulls.shape == found.precision_pulls.shape == (len(positive),)


def test_of_positive_pictures_alone_average_precision_is_one_and_stays_so() -> None:
    found = areas(np.array([0.5, 0.5, 0.1]), np.array([True, True, True]))
    assert math.isnan(found.roc)
    assert found.precision == 1
    assert found.precision_pulls == pytest.approx([0, 0, 0], abs=1e-15)
