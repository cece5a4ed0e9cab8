"""The same rows from Ray's workers, whether a worker or the head of the run is killed in the middle."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from answered import paths_of, rows_of
from benchmarks.tiny import tiny_shards
from bulk.conftest import MakeBulk, workers_of
from unfreeze.bulk.answers import Counts
from unfreeze.bulk.local import local_engine
from unfreeze.bulk.plan import Ticket
from unfreeze.bulk.ray_engine import MODEL_FILE, ray_engine
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


def test_a_model_that_no_worker_can_open_is_said(make_bulk: MakeBulk, folder: Path, ray_workers: None) -> None:
    bulk = make_bulk(folder)

    def damaged(parts: Iterable[Ticket]) -> Results:
        (Path(bulk.out) / MODEL_FILE).write_bytes(b"no model")
        yield from ray_engine(bulk, workers=1)(parts)

    with pytest.raises(
        RunError, match=r"ray: its workers cannot go on \(.*\); .* the same call goes on there"
    ) as error:
        predict_bulk(bulk, damaged)
    print("MODEL", error.value)


def test_a_part_that_a_worker_fails_at_is_said(make_bulk: MakeBulk, folder: Path, ray_workers: None) -> None:
    bulk = make_bulk(folder)

    def torn(parts: Iterable[Ticket]) -> Results:
        todo, plan = list(parts), Path(bulk.out) / "plan.jsonl"
        plan.write_text("[" + plan.read_text()[1:])
        yield from ray_engine(bulk, workers=1)(todo)

    with pytest.raises(RunError, match="1 of 3 parts are not done: Ray's worker failed at it"):
        predict_bulk(bulk, torn)


def started(bulk: Bulk) -> "subprocess.Popen[bytes]":
    """The same run as a program of its own."""
    words = ["predict", bulk.bundle, *bulk.sources, "--out", bulk.out, "--part-size", bulk.part_size]
    command = [sys.executable, "-m", "unfreeze", *map(str, words), "--engine", "ray", "--workers", "2"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
