"""The same rows from Ray's workers, whether a worker or the head of the run is killed in the middle."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import cast
from unittest.mock import patch

import pytest

from answered import paths_of, rows_of
from benchmarks.tiny import tiny_shards
from bulk.conftest import MakeBulk, workers_of
from unfreeze.bulk.answers import Counts
from unfreeze.bulk.local import local_engine
from unfreeze.bulk.plan import Ticket
from unfreeze.bulk.ray_engine import MODEL_FILE, ray_engine, ray_errors
from unfreeze.bulk.run import Bulk, Results, predict_bulk
from unfreeze.errors import RunError

pytestmark = [
    pytest.mark.distributed,
    pytest.mark.skipif(sys.platform != "linux", reason="finds workers in /proc"),
    # Ray reads fields of its own that it no longer wants, and does not wait for the processes that it ends
    pytest.mark.filterwarnings("ignore:`use_:DeprecationWarning:ray.data.context"),
    pytest.mark.filterwarnings("ignore:subprocess:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*Popen.__del__:pytest.PytestUnraisableExceptionWarning"),
]
PARTS, PICTURES = 12, 1200


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Twelve shards."""
    tiny_shards(tmp_path / "many", pictures=PICTURES, shard_pictures=PICTURES // PARTS, bad_every=100)
    return tmp_path / "many"


def test_killed_head_and_killed_worker_lose_and_double_no_row(
    make_bulk: MakeBulk, many: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    bulk, alone = make_bulk(many), make_bulk(many, out=str(tmp_path / "alone"))
    head = started(bulk)
    while not (written := len(list((tmp_path / "out/predictions").glob("*.parquet")))):
        assert head.poll() is None
        time.sleep(0.05)
    head.send_signal(signal.SIGKILL)
    head.wait()
    assert 0 < written < PARTS
    request.getfixturevalue("ray_workers")  # not before: one session at a time is enough for two cores
    killed: list[int] = []

    def progress(done: int, parts: int, counts: Counts) -> None:
        if not killed:
            killed.extend(workers_of(os.getpid(), "RayWorker"))
            os.kill(killed[0], signal.SIGKILL)

    total = predict_bulk(bulk, ray_engine(bulk, workers=2), progress=progress)
    assert len(killed) == 2
    expected = predict_bulk(alone, local_engine(alone))
    assert (total.pictures, total.predicted, total.bad) == (PICTURES, PICTURES - PICTURES // 100, PICTURES // 100)
    assert (expected.pictures, expected.predicted, expected.bad) == (total.pictures, total.predicted, total.bad)
    for table in ("predictions", "bad"):
        paths = paths_of(tmp_path / "out", table)
        assert len(set(paths)) == len(paths)
        assert rows_of(tmp_path / "out", table) == rows_of(tmp_path / "alone", table)


TRACE = """Traceback (most recent call last):
  File "zip.py", line 1, in open
zipfile.BadZipFile: File is not a zip file

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "work.py", line 1, in __init__
unfreeze.errors.BundleError: model.unfreeze: damaged
"""
WRAPPED = """
The above exception was the direct cause of the following exception:

Traceback (most recent call last):
ray.exceptions.UserCodeException: UDF failed to process a data block.
Failed to apply UDF transform after 1/1 attempts (total backoff 0.0s).
"""


@pytest.mark.parametrize("trace", [TRACE, TRACE + WRAPPED])
def test_what_ray_raises_of_a_worker_is_an_error_that_says_why(trace: str) -> None:
    from ray.exceptions import ActorDiedError, RayError, RayTaskError

    task_error = cast(Callable[..., RayError], RayTaskError)
    of_task = task_error("work", trace, ValueError("words"), proctitle="ray::work", pid=1, ip="127.0.0.1")
    said = "ray: its workers cannot go on (unfreeze.errors.BundleError: model.unfreeze: damaged); what was done is kept"
    for error in (of_task, ActorDiedError(cast(RayTaskError, of_task))):
        with pytest.raises(RunError, match=re.escape(said)) as found, ray_errors():
            raise error
        assert found.value.__cause__ is error
    with pytest.raises(RunError, match=r"\(RayError\)"), ray_errors():
        raise RayError


def test_a_model_that_no_worker_can_open_is_said(make_bulk: MakeBulk, folder: Path, ray_workers: None) -> None:
    bulk = make_bulk(folder)

    def damaged(parts: Iterable[Ticket]) -> Results:
        (Path(bulk.out) / MODEL_FILE).write_bytes(b"no model")
        yield from ray_engine(bulk, workers=1)(parts)

    with pytest.raises(RunError, match=r"ray: its workers cannot go on \(unfreeze.errors.BundleError: .*a damaged one"):
        predict_bulk(bulk, damaged)


def test_parts_that_ray_gives_up_have_a_reason(make_bulk: MakeBulk, folder: Path) -> None:
    bulk = make_bulk(folder)
    done = {"number": 1, "error": "", "pictures": 10, "predicted": 10, "bad": 0, "seconds": 0.1}
    with (
        patch("unfreeze.bulk.ray_engine.ray_session", return_value=nullcontext()),
        patch("unfreeze.bulk.ray_engine._results", return_value=iter([done])),
        pytest.raises(RunError, match="2 of 3 parts are not done: Ray's worker failed at it; above stands what Ray"),
    ):
        predict_bulk(bulk, ray_engine(bulk, workers=1))


def started(bulk: Bulk) -> "subprocess.Popen[bytes]":
    """The same run as a program of its own."""
    words = ["predict", bulk.bundle, *bulk.sources, "--out", bulk.out, "--part-size", bulk.part_size]
    command = [sys.executable, "-m", "unfreeze", *map(str, words), "--engine", "ray", "--workers", "2"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
