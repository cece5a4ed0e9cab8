"""Averaged predictions and averaged weights, computed by hand."""

import numpy as np
import pytest

from unfreeze.learner.learner import Learner
from unfreeze.learner.snapshots import scored
from unfreeze.learner.state import Snapshot
from unfreeze.learner.weights import Weights, average_weights
from unfreeze.training.history import EpochRecord


def weights(value: float) -> Weights:
    return Weights(head=[np.full((2, 3), value, np.float32), np.full(2, -value, np.float32)] * 2)


def test_the_average_is_the_mean_of_each_value() -> None:
    found = average_weights([weights(1), weights(2), weights(6)])
    assert found.head[0].tolist() == [[3, 3, 3]] * 2
    assert found.head[1].tolist() == [-3, -3]
    assert not any(part.any() for part in found.head[2:])


def test_losses_of_probabilities() -> None:
    sums = scored(np.array([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]], np.float32), np.array([0, 0, 1]))
    assert (sums.examples, sums.correct) == (3, 1)
    assert sums.loss == pytest.approx(-np.log(0.5) - np.log(0.25) + 87.3, abs=0.1)  # 0 counts as the least float


def test_fewer_than_two_cycles_are_nothing_to_compare(learner: Learner) -> None:
    learner.fit(0.01, 1, cycle_len=1)
    assert learner.compare_snapshots() is None
    learner.fit(0.01, 2)  # constant rates have no cycles
    assert learner.snapshots == []


def test_cycles_are_compared_and_nothing_is_changed(learner: Learner) -> None:
    learner.unfreeze()
    learner.fit([0.0001, 0.001, 0.01], 2, cycle_len=1)
    before = learner.model.weights(momenta=True).arrays()
    scores = learner.compare_snapshots()
    assert scores is not None
    assert all(
        np.array_equal(before[name], found) for name, found in learner.model.weights(momenta=True).arrays().items()
    )
    labels = [row.label for row in learner.data.table.of_split("valid")]
    powers = [np.exp(found.valid_logits.astype(float)) for found in learner.snapshots]
    mean = np.mean([power / power.sum(1, keepdims=True) for power in powers], axis=0)
    assert scores.ensemble.mean_loss == pytest.approx(-np.log(mean[np.arange(8), labels]).mean(), rel=1e-5)
    name = "stages.stem.0.weight"
    one, other = (found.weights.arrays()[name] for found in learner.snapshots)
    assert not np.array_equal(one, other)
    assert np.allclose(scores.average_weights.arrays()[name], (one + other) / 2, atol=1e-7)
    learner.model.restore(scores.average_weights)
    assert -np.log(learner.evaluate().probabilities[np.arange(8), labels]).mean() == pytest.approx(
        scores.average.mean_loss, rel=1e-4
    )


def test_an_average_that_is_better_becomes_the_best(learner: Learner) -> None:
    """Two heads that err to opposite sides: their mean is right."""
    learner.fit(0.002, 1)
    good = learner.model.weights()
    shift = np.zeros_like(good.head[1])
    shift[0] = 4
    learner.fit(1e-12, 2, cycle_len=1)
    learner.state.snapshots = [
        Snapshot(
            cycle=cycle,
            epoch=cycle,
            weights=Weights(head=[good.head[0], good.head[1] + sign * shift, *good.head[2:]]),
            valid_logits=learner.logits("valid") + sign * shift,
        )
        for cycle, sign in enumerate((1, -1))
    ]
    worse = EpochRecord(**{**vars(learner.history.epochs[-1]), "valid_loss": 1.0})
    assert learner.best is not None
    learner.state.best = type(learner.best)(record=worse, weights=learner.snapshots[0].weights)
    scores = learner.compare_snapshots()
    assert scores is not None
    assert scores.average_is_better
    assert scores.average.mean_loss < scores.best.mean_loss
    learner.keep_average(scores)
    assert learner.best.name == "the average of the weights at the ends of 2 cycles"
    learner.restore_best()
    assert np.allclose(learner.model.head.weight, good.head[0])
    assert np.allclose(learner.model.head.bias, good.head[1], atol=1e-6)
