"""Whole processes, and what is read of them."""

import sys
from pathlib import Path

import pytest

from benchmarks.processes import run_process
from benchmarks.runner import FailedRunError, asked


def test_the_last_line_is_the_answer() -> None:
    finished = run_process([sys.executable, "-c", "print('before'); print('the answer')"])
    assert finished.code == 0
    assert asked(finished) == "the answer"


def test_the_child_s_memory_is_its_own() -> None:
    """Asked of a small process, because a child's peak begins with what its parent held."""
    code = """
import sys
from benchmarks.processes import run_process
small, large = (run_process([sys.executable, "-c", work]).peak_mib for work in ("pass", "b'x' * (200 * 2**20)"))
print(large - small)
"""
    grown = run_process([sys.executable, "-c", code], {"PYTHONPATH": str(Path(__file__).parents[2])})
    assert grown.complaint == ""
    assert 150 < float(grown.output) < 250


def test_threads_are_left_to_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    code = "import os; print(os.environ.get('OMP_NUM_THREADS'), os.environ['MINE'])"
    assert asked(run_process([sys.executable, "-c", code], {"MINE": "yes"})) == "None yes"


def test_a_failure_says_what_the_process_said_last() -> None:
    finished = run_process([sys.executable, "-c", "raise SystemExit('no such thing')"])
    with pytest.raises(FailedRunError, match="exit code 1: no such thing"):
        asked(finished)
