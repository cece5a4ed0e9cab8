"""Several threads, one order, and nothing left behind."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from unfreeze.parallel import AHEAD, in_parallel


@pytest.fixture
def threads_before() -> int:
    return threading.active_count()


def counting(taken: list[int], count: int) -> Iterator[int]:
    """0, 1, 2, ...; notes what was taken."""
    for number in range(count):
        taken.append(number)
        yield number


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 3, 40])
def test_results_come_in_the_order_of_the_items(threads: int, count: int) -> None:
    def square(number: int) -> int:
        time.sleep(0.002 * (number % 3 == 0))  # later items are done before earlier ones
        return number**2

    assert list(in_parallel(square, counting([], count), threads=threads)) == [number**2 for number in range(count)]


def test_items_are_in_work_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=30)
    assert sorted(in_parallel(lambda _: meeting.wait(), range(3), threads=3)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("threads", "ahead", "limit"), [(2, 3, 3), (1, 1, 1), (2, 0, 0), (1, None, AHEAD), (2, None, 2 * AHEAD)]
)
def test_items_are_taken_only_so_far_ahead_of_the_results(threads: int, ahead: int | None, limit: int) -> None:
    taken: list[int] = []
    results = in_parallel(abs, counting(taken, 20), threads=threads, ahead=ahead)
    assert taken == []  # nothing is done before the first result is asked for
    for used, _ in enumerate(results, start=1):
        assert len(taken) == min(20, used + limit)


def test_an_error_comes_out_in_the_items_place(threads_before: int) -> None:
    results = in_parallel(lambda number: 6 // (number - 3), range(30), threads=2)
    assert [next(results) for _ in range(3)] == [-2, -3, -6]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert threading.active_count() == threads_before
    assert list(results) == []


def test_an_error_of_the_items_themselves_leaves_no_thread(threads_before: int) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        list(in_parallel(abs, broken(), threads=2))
    assert threading.active_count() == threads_before


@pytest.mark.parametrize("threads", [1, 2])
def test_closing_early_leaves_no_thread_and_no_work(threads_before: int, threads: int) -> None:
    started: list[int] = []

    def work(number: int) -> int:
        started.append(number)
        time.sleep(0.01)
        return number

    results = in_parallel(work, range(1000), threads=threads, ahead=300)
    assert next(results) == 0
    assert threading.active_count() == threads_before + threads
    results.close()
    assert threading.active_count() == threads_before
    assert len(started) < 150  # of 301 that were taken; those in work were ended, the others given up
    done = len(started)
    time.sleep(0.05)
    assert len(started) == done


def test_closing_before_the_first_result_starts_nothing(threads_before: int) -> None:
    taken: list[int] = []
    in_parallel(abs, counting(taken, 5), threads=2).close()
    assert (taken, threading.active_count()) == ([], threads_before)


def test_what_is_done_on_the_threads_may_itself_be_a_chain_of_generators() -> None:
    doubled = in_parallel(lambda number: 2 * number, counting([], 9), threads=2, ahead=2)
    assert list(in_parallel(str, doubled, threads=2, ahead=1)) == [str(2 * number) for number in range(9)]


CTRL_C_TWICE = """
import os, signal, sys, threading, time
from unfreeze.parallel import in_parallel

def waits_for_a_result():
    frame = sys._current_frames()[threading.main_thread().ident]
    while frame and frame.f_code.co_name != "result":
        frame = frame.f_back
    return frame is not None

def work(number):
    if number:  # the thread that is waited for last is free at once
        return
    for waits in (True, False):
        while waits_for_a_result() != waits:
            time.sleep(0.01)
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.5)
    print("done", flush=True)

try:
    list(in_parallel(work, range(2), threads=2))
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process is sent no such signal there")
def test_a_second_ctrl_c_leaves_no_work_behind() -> None:
    found = subprocess.run([sys.executable, "-c", CTRL_C_TWICE], capture_output=True, text=True, check=False)
    assert found.stdout.split() == ["done", "stopped"], found.stderr
