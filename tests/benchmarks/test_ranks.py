"""What a process costs, fitted to what is known."""

import pytest

from benchmarks.ranks import fitted


def test_the_work_of_one_process_and_the_cost_of_each_more_are_told_apart() -> None:
    assert fitted([(1, 2.0), (2, 2.5), (4, 3.5)]) == pytest.approx((2.0, 0.5))


def test_rounds_are_averaged() -> None:
    assert fitted([(1, 1.9), (1, 2.1), (2, 2.4), (2, 2.6)]) == pytest.approx((2.0, 0.5))
