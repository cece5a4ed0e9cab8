"""Class activation maps: the mean is the logit, nothing is invented between positions, 0 stays 0."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from unfreeze.evaluation.explanations import class_maps, shares, spread


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_the_mean_over_positions_is_the_logit(pictures: int, features: int, height: int, width: int, seed: int) -> None:
    maps = random(pictures, features, height, width, seed=seed)
    weight, bias = random(pictures, features, seed=seed + 1), random(pictures, seed=seed + 2)
    logits = (maps.mean((2, 3)) * weight).sum(1) + bias
    found = class_maps(maps, weight, bias)
    assert found.shape == (pictures, height, width)
    assert found.mean((1, 2)) == pytest.approx(logits, abs=1e-4)
    assert class_maps(maps, weight).mean((1, 2)) == pytest.approx(logits - bias, abs=1e-4)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(10, 60))
def test_maps_are_spread_as_torch_spreads_them(height: int, width: int, size_px: int) -> None:
    maps = random(2, height, width)
    expected = interpolate(torch.from_numpy(maps)[:, None], (size_px, size_px), mode="bilinear")[:, 0].numpy()
    found = spread(maps, size_px)
    assert np.allclose(found, expected, atol=1e-5)
    assert found.min() >= maps.min() - 1e-5
    assert found.max() <= maps.max() + 1e-5


def test_each_picture_has_its_own_largest_share_unless_a_whole_is_named() -> None:
    maps = np.array([[[0.0, -2.0]], [[1.0, 4.0]], [[0.0, 0.0]]], np.float32)
    assert shares(maps).tolist() == [[[0, -1]], [[0.25, 1]], [[0, 0]]]
    assert shares(maps, whole=2.0).tolist() == [[[0, -1]], [[0.5, 1]], [[0, 0]]]
    assert maps.max() == 4  # what was given is not written to
