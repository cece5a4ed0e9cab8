"""Close pairs found by dividing are those that comparing every two points finds."""

import numpy as np
import pytest

from unfreeze.images import nearby
from unfreeze.images.nearby import close_pairs, distinct


def unit(points: np.ndarray) -> np.ndarray:
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), np.float32)


def by_hand(points: np.ndarray, least: float) -> list[list[int]]:
    later, earlier = np.nonzero(np.tril(points @ points.T >= least, -1))
    return [[int(one), int(other)] for one, other in zip(earlier, later, strict=True)]


def clouds(count: int, spread: float, seed: int = 0) -> np.ndarray:
    """Points around a few centres, of which the directions differ much in how far they reach."""
    random = np.random.default_rng(seed)
    scales = 1 / np.arange(1, 33)
    centres = random.normal(size=(max(1, count // 3), 32)) * scales
    return unit(centres[random.integers(0, len(centres), count)] + spread * random.normal(size=(count, 32)) * scales)


@pytest.mark.parametrize("spread", [0.02, 0.2, 1.0])
@pytest.mark.parametrize("least", [0.9, 0.98])
def test_no_pair_is_missed_however_often_points_are_divided(
    monkeypatch: pytest.MonkeyPatch, spread: float, least: float
) -> None:
    monkeypatch.setattr(nearby, "LEAF", 16)
    points = clouds(600, spread)
    expected = by_hand(points, least)
    assert expected
    assert close_pairs(points, least=least, most=600).tolist() == expected


def test_points_that_cannot_be_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearby, "LEAF", 16)
    points = unit(np.ones((100, 8)) + 0.01 * np.random.default_rng(0).normal(size=(100, 8)))
    assert len(close_pairs(points, least=0.99, most=100)) == 100 * 99 / 2
    few = close_pairs(points, least=0.99, most=3).tolist()
    assert few == [[earlier, later] for later in range(100) for earlier in range(min(3, later))]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_points_for_a_pair(count: int) -> None:
    assert close_pairs(np.ones((count, 4), np.float32), least=0.5, most=9).shape == (0, 2)


def test_each_number_once() -> None:
    assert distinct(np.array([3, 1, 3, 2, 1])).tolist() == [1, 2, 3]
    assert distinct(np.array([], np.int64)).tolist() == []
