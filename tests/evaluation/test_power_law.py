"""Curves of error against size: found where they are, and never below nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from unfreeze.evaluation.power_law import EXPONENTS, fit_power_law

SIZES = [10, 20, 40, 80, 160]


@given(st.floats(0, 0.3), st.floats(0.01, 0.3), st.sampled_from(EXPONENTS.tolist()))
def test_a_curve_without_noise_is_found(floor: float, rise: float, exponent: float) -> None:
    errors = floor + rise * (np.array(SIZES) / 160) ** -exponent
    found = fit_power_law(SIZES, errors[np.newaxis], np.ones(5))
    assert found.at(SIZES)[0] == pytest.approx(errors, rel=1e-3, abs=1e-6)
    assert found.at([320])[0, 0] == pytest.approx(floor + rise * 2**-exponent, rel=1e-3, abs=1e-6)


def test_the_squares_left_over_are_those_of_another_optimiser() -> None:
    generator = np.random.default_rng(0)
    x = np.array(SIZES) / 160
    variances = np.array([4.0, 3.0, 2.0, 1.0, 0.5])
    errors = 0.1 + 0.2 * x**-0.6 + generator.normal(0, 0.02, (10, 5))
    found = fit_power_law(SIZES, errors, variances)

    def law(x: np.ndarray, floor: float, rise: float, exponent: float) -> np.ndarray:
        return np.asarray(floor + rise * x**-exponent)

    for row, fitted in zip(errors, found.at(SIZES), strict=True):
        bounds = ([0, 0, EXPONENTS[0]], [np.inf, np.inf, EXPONENTS[-1]])
        best, _ = curve_fit(law, x, row, p0=(0.1, 0.2, 0.6), sigma=np.sqrt(variances), bounds=bounds)
        left = [float(((row - curve) ** 2 / variances).sum()) for curve in (fitted, law(x, *best))]
        assert left[0] <= left[1] + 1e-5  # of what noise of 0.02 leaves over: 4e-4 a point


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_no_curve_rises_or_falls_below_nothing(errors: list[float]) -> None:
    found = fit_power_law(SIZES, np.array([errors]), np.ones(5))
    along = found.at([5, *SIZES, 1000, 100_000])[0]
    assert (np.diff(along) <= 1e-12).all()
    assert (along >= 0).all()


def test_a_surer_error_counts_for_more() -> None:
    errors = np.array([[0.5, 0.4, 0.3, 0.2, 0.4]])
    near = fit_power_law(SIZES, errors, np.array([1, 1, 1, 1, 1e-4])).at(SIZES)[0]
    far = fit_power_law(SIZES, errors, np.array([1, 1, 1, 1, 1e4])).at(SIZES)[0]
    assert near[-1] == pytest.approx(0.4, abs=0.01)
    assert far[-1] < 0.25
