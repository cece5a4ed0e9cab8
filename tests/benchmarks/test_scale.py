"""The model of many machines: fitted to what is known, and bounded by what the head does."""

import pytest

from benchmarks.scale import Measured, fitted


def run_of(seconds: float) -> Measured:
    return Measured(first_seconds=1.0, rate=1 / seconds, head_seconds=0.01, load=0.0)


def test_work_and_what_is_shared_are_told_apart() -> None:
    machine = fitted([(workers, run_of(0.008 / min(workers, 2) + 0.001)) for workers in (1, 2, 4)], cores=2)
    assert machine.work_seconds == pytest.approx(0.008)
    assert machine.shared_seconds == pytest.approx(0.001)
    assert machine.residual == pytest.approx(0, abs=1e-9)
    assert machine.seconds(4) == machine.seconds(2) == pytest.approx(0.005)


def test_rates_that_no_line_goes_through_leave_a_residual() -> None:
    machine = fitted([(1, run_of(0.01)), (2, run_of(0.005)), (4, run_of(0.006))], cores=2)
    assert machine.seconds(2) == pytest.approx(0.0055)
    assert machine.residual == pytest.approx(0.0742, abs=1e-4)


def test_more_machines_share_the_work_until_the_head_is_what_takes_time() -> None:
    machine = fitted([(workers, run_of(0.008 / workers + 0.001)) for workers in (1, 2)], cores=2)
    assert machine.of_cluster(1e6, 2, 1e-6) == pytest.approx(5000)
    assert machine.of_cluster(1e6, 200, 1e-6) == pytest.approx(50)
    assert machine.of_cluster(1e6, 20_000, 1e-6) == pytest.approx(1)
