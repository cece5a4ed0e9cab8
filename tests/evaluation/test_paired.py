"""The interval of a paired difference: the published one, with the coverage that it promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multinomial

from unfreeze.evaluation.paired import paired_interval


def test_the_interval_is_the_published_one() -> None:
    # Fagerland, Lydersen and Laake 2014, "Recommended tests and confidence intervals for paired binomial proportions":
    # 21 children before and after a transplantation, 1 and 7 of whom changed.
    assert paired_interval(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=0.0005)


@pytest.mark.parametrize(
    ("count", "gained", "lost"), [(10, 0.1, 0.1), (20, 0.05, 0.1), (30, 0.2, 0.1), (50, 0.1, 0.02), (30, 0.4, 0.1)]
)
def test_the_interval_keeps_its_promise(count: int, gained: float, lost: float) -> None:
    covered = 0.0
    for g in range(count + 1):
        for lo in range(count + 1 - g):
            likelihood = multinomial.pmf([g, lo, count - g - lo], count, [gained, lost, 1 - gained - lost])
            low, high = paired_interval(g, lo, count) if likelihood > 1e-9 else (0.0, 0.0)
            covered += likelihood if low <= gained - lost <= high else 0.0
    assert 0.94 < covered < 0.99  # 95 % in the long run; never much less, and more where pictures are few


def test_a_level_is_kept_as_well() -> None:
    generator, count, level = np.random.default_rng(0), 200, 0.1
    outcomes = generator.multinomial(count, [0.03, 0.08, 0.89], size=2000)  # lost, gained, alike
    intervals = [paired_interval(gained, lost, count, level=level) for lost, gained, _ in outcomes.tolist()]
    held = np.mean([low <= 0.05 <= high for low, high in intervals])
    assert abs(held - (1 - level)) < 0.02


counts = st.integers(0, 40)


@given(counts, counts, counts)
def test_the_interval_holds_the_difference_and_turns_round_with_the_models(gained: int, lost: int, same: int) -> None:
    count = gained + lost + same
    if not count:
        return
    low, high = paired_interval(gained, lost, count)
    assert -1 <= low <= (gained - lost) / count <= high <= 1
    assert paired_interval(lost, gained, count) == pytest.approx((-high, -low), abs=1e-9)
    assert high - low > 0
    if same:
        assert np.diff(paired_interval(10 * gained, 10 * lost, 10 * count)) < high - low
