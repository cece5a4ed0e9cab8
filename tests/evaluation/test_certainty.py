"""What a model knows of its answers, on answers whose certainty is known because they were drawn from it."""

import json
import math

import numpy as np
import pytest

from unfreeze.errors import SettingsError
from unfreeze.evaluation.calibration import calibrate, logits_of, probabilities_at
from unfreeze.evaluation.certainty import certainty_figures, fit_certainty
from unfreeze.evaluation.conformal import prediction_sets
from unfreeze.evaluation.novelty import Novelty, fit_novelty
from unfreeze.evaluation.reliability import answers, calibration_error


def drawn(count: int, *, seed: int = 0, sharpness: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that claim too much, and classes drawn from the same logits divided by the sharpness."""
    random = np.random.default_rng(seed)
    true = random.normal(scale=2, size=(count, 4))
    shares = probabilities_at(true).cumsum(1)
    targets = (random.random((count, 1)) > shares).sum(1)
    return (true * sharpness).astype(np.float32), np.minimum(targets, 3)


def novelty(count: int) -> Novelty:
    random = np.random.default_rng(0)
    training, held_out = (random.random((rows, 8)).astype(np.float32) for rows in (50, count))
    return fit_novelty(training, held_out)


def test_temperature_sets_and_refusal_are_those_of_the_parts() -> None:
    logits, targets = drawn(600)
    found = fit_certainty(logits, targets, novelty=novelty(40), coverage=0.9)
    assert found.temperature == calibrate(logits, targets).temperature == pytest.approx(2, rel=0.15)
    assert found.novelty is not None
    assert found.novelty.bound.count == 40
    assert found.sets is not None
    sets = prediction_sets(probabilities_at(logits, found.temperature), found.sets.least_probability)
    covered = sets[np.arange(600), targets].mean()
    assert covered == pytest.approx(0.9, abs=0.01)  # a set always holds the most probable class, too
    assert found.sets.count == 600


def test_new_pictures_are_covered_as_often_as_asked() -> None:
    shares = []
    for seed in range(40):
        logits, targets = drawn(150, seed=seed)
        found = fit_certainty(logits, targets, coverage=0.8)
        assert found.sets is not None
        more, wanted = drawn(500, seed=1000 + seed)
        sets = prediction_sets(probabilities_at(more, found.temperature), found.sets.least_probability)
        shares.append(sets[np.arange(500), wanted].mean())
    assert np.mean(shares) == pytest.approx(0.8, abs=4 * np.std(shares) / math.sqrt(40) + 0.01)


def test_figures_are_plain_and_can_be_computed_again_from_calibrated_probabilities() -> None:
    logits, targets = drawn(600)
    found = fit_certainty(logits, targets, novelty=novelty(40))
    figures = certainty_figures(found, logits, targets)
    assert json.loads(json.dumps(figures)) == figures
    assert figures["temperature"] == found.temperature
    assert figures["helped"] is True
    error = figures["calibration_error"]
    assert error["after"] < error["before"] / 2
    assert 0.01 < error["by_chance"] < error["before"]
    assert error["after"] == calibration_error(*answers(found.calibration.held_out, targets))
    assert figures["log_loss"]["after"] < figures["log_loss"]["before"]
    assert figures["refusal"]["expected"] == pytest.approx(2 / 41)
    assert figures["refusal"]["pictures"] == 40
    assert figures["sets"]["measured"]["coverage"] == pytest.approx(0.95, abs=0.02)
    assert 1 <= figures["sets"]["measured"]["classes"] <= 4
    said = probabilities_at(logits, found.temperature).astype(np.float32)
    again = logits_of(said) * found.temperature
    for name, value in certainty_figures(found, again, targets)["calibration_error"].items():
        assert value == pytest.approx(error[name], abs=1e-5), name


def test_several_labels_have_a_temperature_and_no_sets() -> None:
    logits, _ = drawn(300)
    targets = (np.random.default_rng(1).random((300, 4)) < probabilities_at(logits / 3, several=True)).astype(np.int64)
    found = fit_certainty(logits, targets, novelty=novelty(40))
    assert found.sets is None
    assert found.novelty is not None
    assert found.temperature == pytest.approx(3, rel=0.3)
    figures = certainty_figures(found, logits, targets)
    assert figures["sets"] is None
    assert figures["calibration_error"]["after"] < figures["calibration_error"]["before"]


@pytest.mark.parametrize("count", [1, 2, 18])
def test_few_pictures_promise_nothing(count: int) -> None:
    logits, targets = drawn(count)
    found = fit_certainty(logits, targets, novelty=novelty(count))
    assert (found.novelty, found.sets) == (None, None)
    figures = certainty_figures(found, logits, targets)
    assert (figures["refusal"], figures["sets"]) == (None, None)
    assert math.isfinite(figures["log_loss"]["before"])


def test_nineteen_pictures_are_enough() -> None:
    logits, targets = drawn(19)
    found = fit_certainty(logits, targets, novelty=novelty(19))
    assert found.novelty is not None
    assert found.sets is not None


def test_answers_that_are_all_right_stay_finite() -> None:
    logits = np.where(np.eye(3, dtype=bool)[np.arange(60) % 3], 500, -500).astype(np.float32)
    found = fit_certainty(logits, np.arange(60) % 3)
    figures = certainty_figures(found, logits, np.arange(60) % 3)
    assert figures["calibration_error"] == pytest.approx({"before": 0, "after": 0, "by_chance": 0}, abs=1e-6)
    assert figures["sets"]["measured"]["classes"] == 1


def test_a_coverage_that_is_none_is_an_error() -> None:
    logits, targets = drawn(30)
    with pytest.raises(SettingsError, match="between 0 and 1"):
        fit_certainty(logits, targets, coverage=1.0)
