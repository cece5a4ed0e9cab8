"""Coverage of intervals, on few tables."""

import numpy as np
import pytest

from benchmarks.intervals import FIGURES, GRADED, POPULATIONS, bootstrap, jackknife, ours, rows, values_of


@pytest.mark.parametrize("kind", [ours, jackknife])
def test_intervals_hold_the_figures_of_their_own_table(kind: object) -> None:
    table = POPULATIONS["2 classes, hard"].table(np.random.default_rng(0), 80)
    values, found = values_of(table), ours(table) if kind is ours else jackknife(table)
    assert set(found) == {*FIGURES, *GRADED}
    for name, (low, high) in found.items():
        assert low < values[name] < high, name


def test_the_bootstrap_is_about_as_wide_as_the_jackknife() -> None:
    random = np.random.default_rng(0)
    table = POPULATIONS["2 classes, hard"].table(random, 200)
    resampled, errors = bootstrap(table, random, 100), jackknife(table)
    for name, (low, high) in resampled.items():
        assert high - low == pytest.approx(errors[name][1] - errors[name][0], rel=0.4), name


def test_a_row_a_kind_of_interval() -> None:
    found = list(rows(POPULATIONS["2 classes, hard"], 40, 5, 2, 5))
    assert [row.split(" | ")[0] for row in found] == ["ours", "jackknife", "bootstrap"]
    shares = [int(cell) for cell in found[0].removesuffix(" |").split(" | ")[1:]]
    assert len(shares) == len(FIGURES) + len(GRADED)
    assert max(shares) <= 100
    assert np.mean(shares) > 50


def test_wrong_labels_are_wrong() -> None:
    table = POPULATIONS["10 classes, 1 % wrong labels"].table(np.random.default_rng(0), 20_000)
    assert 0.004 < (~table.correct & (table.probabilities.max(axis=1) > 0.99)).mean() < 0.012
