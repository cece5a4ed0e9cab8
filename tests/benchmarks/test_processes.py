"""Whole processes, and what is read of them."""

import sys

import pytest

from benchmarks.processes import run_process
from benchmarks.runner import FailedRunError, asked


def test_the_last_line_is_the_answer() -> None:
    finished = run_process([sys.executable, "-c", "print('before'); print('the answer')"])
    assert finished.code == 0
    assert asked(finished) == "the answer"


def test_the_child_s_memory_is_its_own() -> None:
    small = run_process([sys.executable, "-c", "pass"])
    large = run_process([sys.executable, "-c", "b'x' * (200 * 2**20)"])
    assert large.peak_mib - small.peak_mib > 150


def test_threads_are_left_to_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    code = "import os; print(os.environ.get('OMP_NUM_THREADS'), os.environ['MINE'])"
    assert asked(run_process([sys.executable, "-c", code], {"MINE": "yes"})) == "None yes"


def test_a_failure_says_what_the_process_said_last() -> None:
    finished = run_process([sys.executable, "-c", "raise SystemExit('no such thing')"])
    with pytest.raises(FailedRunError, match="exit code 1: no such thing"):
        asked(finished)
