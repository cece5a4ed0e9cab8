"""Temperatures beside a direct optimisation, statsmodels' logistic regression and scikit-learn's."""

import math

import numpy as np
import pytest
import scipy.special
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unfreeze.evaluation.calibration import HIGHEST, LOWEST, calibrate, fit_temperature, logits_of, probabilities_at
from unfreeze.evaluation.ranking import brier_score
from unfreeze.evaluation.reliability import answers, calibration_error


def drawn(seed: int, count: int, classes: int = 4, *, temperature: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of a model that is right at one temperature, and labels."""
    random = np.random.default_rng(seed)
    logits = random.normal(scale=4, size=(count, classes)).astype(np.float32)
    true = scipy.special.softmax(logits.astype(np.float64) / temperature, axis=1)
    return logits, np.array([random.choice(classes, p=each) for each in true])


def drawn_several(
    seed: int, count: int, classes: int = 3, *, temperature: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    logits = random.normal(scale=4, size=(count, classes)).astype(np.float32)
    return logits, random.random((count, classes)) < scipy.special.expit(logits.astype(np.float64) / temperature)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("mistakes_more", [0.0, 0.5])
def test_temperature_is_the_lowest_of_a_fine_grid(temperature: float, mistakes_more: float) -> None:
    logits, labels = drawn(0, 200, temperature=temperature)
    rows = np.arange(200)
    others = np.where(np.eye(4, dtype=bool)[labels], -np.inf, logits).argmax(axis=1)
    grid = np.exp(np.linspace(math.log(LOWEST), math.log(HIGHEST), 4_001))
    losses = []
    for each in grid:
        found = -scipy.special.log_softmax(logits.astype(np.float64) / each, axis=1)
        losses.append(found[rows, labels].sum() + mistakes_more * found[rows, others].mean())
    best = grid[int(np.argmin(losses))]
    assert fit_temperature(logits, labels, mistakes_more=mistakes_more) == pytest.approx(best, rel=2e-3)


@pytest.mark.parametrize("seed", range(3))
def test_temperature_of_two_classes_is_that_of_statsmodels(seed: int) -> None:
    logits, labels = drawn(seed, 300, 2)
    apart = (logits[:, 1] - logits[:, 0]).astype(np.float64)
    slope = sm.Logit(labels, apart).fit(disp=False).params[0]
    assert fit_temperature(logits, labels, mistakes_more=0) == pytest.approx(1 / slope, rel=1e-5)
    # Half a mistake more: each picture once more with the other class, weighing 1 / 600.
    model = sm.GLM(
        np.concatenate([labels, 1 - labels]),
        np.tile(apart, 2),
        family=sm.families.Binomial(),
        freq_weights=np.repeat([1, 1 / 600], 300),
    )
    assert fit_temperature(logits, labels) == pytest.approx(1 / model.fit().params[0], rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_temperature_of_several_labels_is_that_of_statsmodels(seed: int) -> None:
    logits, targets = drawn_several(seed, 200)
    slope = sm.Logit(targets.ravel().astype(float), logits.ravel().astype(np.float64)).fit(disp=False).params[0]
    assert fit_temperature(logits, targets, mistakes_more=0) == pytest.approx(1 / slope, rel=1e-5)


def test_temperature_that_is_known_is_found() -> None:
    for temperature in (0.5, 1.0, 4.0):
        logits, labels = drawn(3, 4000, temperature=temperature)
        assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.1)


def test_calibration_mends_a_model_that_is_too_sure_on_pictures_that_had_no_part() -> None:
    logits, labels = drawn(4, 4000, temperature=3)
    found = calibrate(logits, labels)
    before = calibration_error(*answers(probabilities_at(logits), labels))
    after = calibration_error(*answers(found.held_out, labels))
    assert before > 0.15
    assert after < 0.03
    assert found.helped
    assert found.loss_after < found.loss_before
    assert found.temperature == fit_temperature(logits, labels) == pytest.approx(3, rel=0.1)
    assert np.array_equal(found.held_out.argmax(axis=1), logits.argmax(axis=1))


def test_calibration_of_several_labels() -> None:
    logits, targets = drawn_several(5, 500, temperature=3)
    found = calibrate(logits, targets)
    assert found.temperature == pytest.approx(3, rel=0.15)
    assert (
        calibration_error(*answers(found.held_out, targets))
        < 0.04
        < 0.08
        < calibration_error(*answers(probabilities_at(logits, several=True), targets))
    )


def test_each_picture_is_judged_at_the_temperature_of_the_other_folds() -> None:
    logits, labels = drawn(6, 60, temperature=4)
    plain = calibrate(logits, labels)
    spoilt = logits.copy()
    spoilt[7] *= 50  # far more sure
    moved = calibrate(spoilt, labels)
    same = [one == other for one, other in zip(plain.fold_temperatures, moved.fold_temperatures, strict=True)]
    assert sum(same) == 1  # the fold that holds it
    unmoved = np.isclose(plain.held_out, moved.held_out, rtol=1e-9, atol=0).all(axis=1)
    assert unmoved.sum() == 11
    assert moved.temperature != plain.temperature


def test_each_fold_holds_as_much_of_every_class_whatever_their_order() -> None:
    """Ten pictures of each of two classes in five folds: leaving a fold out leaves eight and eight."""
    logits = np.zeros((20, 2), np.float32)
    logits[:, 0] = 1.0
    labels = np.repeat([0, 1], 10)
    assert len(set(calibrate(logits, labels).fold_temperatures)) == 1


def test_temperature_that_does_not_help_is_not_taken() -> None:
    logits, labels = drawn(7, 30, temperature=1.0)
    kept = [calibrate(logits, labels, seed=seed) for seed in range(3)]
    for found in kept:
        plain = brier_score(probabilities_at(logits), labels)
        assert brier_score(found.held_out, labels) <= plain
        assert found.helped == (found.temperature != 1)
        if not found.helped:
            assert found.loss_after == found.loss_before
            assert np.array_equal(found.held_out, probabilities_at(logits))
    assert not all(found.helped for found in kept)


def test_where_all_are_right_no_certainty_follows() -> None:
    logits = np.tile(np.array([[3.0, 0.0]], np.float32), (100, 1))
    labels = np.zeros(100, np.int64)
    sure = probabilities_at(logits, fit_temperature(logits, labels))[0, 0]
    assert sure == pytest.approx(100 / 100.5, abs=1e-4)  # half a mistake in 100.5 pictures
    assert fit_temperature(logits, labels, mistakes_more=0) == pytest.approx(LOWEST)


@pytest.mark.parametrize(
    ("logits", "targets", "expected"),
    [
        (np.empty((0, 3)), np.empty(0, np.int64), 1),
        (np.empty((0, 3)), np.empty((0, 3), bool), 1),
        (np.array([[2.0]]), np.array([0]), 1),  # a single class
        (np.zeros((5, 3)), np.zeros(5, np.int64), 1),  # nothing is said
        (np.array([[4.0, 0.0]]), np.array([1]), HIGHEST),
    ],
)
def test_temperature_of_degenerate_tables(logits: np.ndarray, targets: np.ndarray, expected: float) -> None:
    assert fit_temperature(logits, targets) == pytest.approx(expected)
    found = calibrate(logits, targets)
    assert found.temperature == 1
    assert found.held_out.shape == logits.shape
    assert np.isnan(found.loss_before) == (len(logits) == 0)
    assert not found.helped


def test_infinite_logits_are_certainty() -> None:
    logits = np.array([[np.inf, 0], [0, -np.inf], [-np.inf, -np.inf], [1, 0], [0, 1]], np.float32)
    expected = [[1, 0], [1, 0], [0.5, 0.5]]
    assert probabilities_at(logits)[:3] == pytest.approx(np.array(expected))
    assert probabilities_at(logits, HIGHEST)[:2] == pytest.approx(np.array(expected[:2]), abs=1e-12)
    labels = np.array([0, 1, 0, 1, 1])
    found = calibrate(logits, labels)
    assert LOWEST <= found.temperature <= HIGHEST
    assert np.isfinite([found.loss_before, found.loss_after, *found.fold_temperatures]).all()
    several = calibrate(logits, np.eye(2, dtype=bool)[labels])
    assert np.isfinite([several.loss_before, several.loss_after, *several.fold_temperatures]).all()
    assert probabilities_at(np.array([[np.inf, -np.inf]]), several=True).tolist() == [[1, 0]]


@settings(deadline=None, max_examples=60)
@given(
    arrays(np.float32, (12, 3), elements=st.floats(-(2.0**100), 2.0**100, width=32) | st.floats(-9, 9, width=32)),
    arrays(np.int64, 12, elements=st.integers(0, 2)),
)
def test_any_finite_logits_have_a_temperature_and_keep_their_most_probable_class(
    logits: np.ndarray, labels: np.ndarray
) -> None:
    found = calibrate(logits, labels)
    assert LOWEST * 0.999 <= found.temperature <= HIGHEST * 1.001
    rows = np.arange(12)
    assert (found.held_out[rows, logits.argmax(axis=1)] == found.held_out.max(axis=1)).all()
    assert found.held_out.sum(axis=1) == pytest.approx(np.ones(12))


@pytest.mark.parametrize("several", [False, True])
def test_logits_of_probabilities_give_them_back(several: bool) -> None:
    random = np.random.default_rng(8)
    logits = random.normal(scale=3, size=(50, 3)).astype(np.float32)
    probabilities = probabilities_at(logits, several=several).astype(np.float32)
    assert probabilities_at(logits_of(probabilities, several=several), several=several) == pytest.approx(
        probabilities.astype(np.float64), abs=1e-7
    )
    certain = np.array([[0, 1, 0]], np.float32)
    assert np.isfinite(logits_of(certain, several=several)).all()
    assert probabilities_at(logits_of(certain, several=several), several=several) == pytest.approx(
        certain.astype(np.float64), abs=1e-7
    )
