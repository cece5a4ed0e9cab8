"""Real processes: what they come to is what one process comes to."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import launched
from made import RunCli, new_cache, write_collection
from unfreeze.errors import LostProcessError, SettingsError
from unfreeze.processes import joined, launched_rank, started_one_of_several
from unfreeze.world import ALONE

pytestmark = pytest.mark.distributed

HERE = Path(__file__).parent
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
ACCELERATE = (sys.executable, "-m", "accelerate.commands.launch", "--num_processes", "2")
TRAIN = {"train/red": 6, "train/green": 5, "train/blue": 5}  # batches of 5: the last has one picture
VALID = {"valid/red": 3, "valid/green": 2, "valid/blue": 2}

Launched = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("processes")
    write_collection(root / "pictures", TRAIN | VALID)
    return root


def launch(folder: Path, size: int, sections: tuple[str, ...], cache: Path) -> Launched:
    """What each section came to in each process that reached its end, by its rank; nobody ends those that are left."""
    out = folder / f"out-{size}"
    out.mkdir()
    words = (HERE / "launched.py", folder / "pictures", folder / "run", out, *sections)
    shared = {
        **os.environ,
        "UNFREEZE_CACHE": str(cache),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": python_path(),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": str(size),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, *map(str, words)],
            env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(size)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    said = [process.communicate(timeout=240)[1] for process in processes]
    codes = [process.returncode for process in processes]
    assert all(code in (0, -signal.SIGKILL) for code in codes), "\n".join(said)
    return {name: [json.loads(path.read_text()) for path in sorted(out.glob(f"{name}-*.json"))] for name in sections}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def python_path() -> str:
    return os.pathsep.join([*(path for path in sys.path if path), str(HERE)])


@pytest.fixture(scope="module")
def one(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Launched:
    """What a single process comes to."""
    found: Launched = {}
    for name in ("trained", "resumed"):
        with pytest.MonkeyPatch.context() as patch, launched.watched() as seen:
            patch.setenv("UNFREEZE_CACHE", str(new_cache(tmp_path_factory)))
            result = launched.SECTIONS[name](folder / "pictures", folder / "run-alone", ALONE)
        found[name] = [json.loads(json.dumps({"seen": seen, "found": result}))]
    return found


@pytest.fixture(scope="module")
def two(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Launched:
    return launch(folder, 2, ("trained", "interrupted"), new_cache(tmp_path_factory))


@pytest.fixture(scope="module")
def three(folder: Path, two: object, tmp_path_factory: pytest.TempPathFactory) -> Launched:
    return launch(folder, 3, ("trained", "resumed"), new_cache(tmp_path_factory))


def test_several_processes_come_to_what_one_comes_to(one: Launched, two: Launched, three: Launched) -> None:
    (expected,) = one["trained"]
    for found, size in ((two, 2), (three, 3)):
        assert len(found["trained"]) == size
        assert_equal(found["trained"][0]["found"], expected["found"])
        sweep, logits = (np.array(found["trained"][0]["found"][name]) for name in ("sweep", "logits"))
        np.testing.assert_allclose(sweep, expected["found"]["sweep"], rtol=1e-5)
        np.testing.assert_allclose(logits, expected["found"]["logits"], rtol=1e-3, atol=1e-4)


def assert_equal(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """The same head to the last bit while it trains alone; then within what the order of float32 sums does."""
    assert found["epochs"][0] == expected["epochs"][0] or found["epochs"][0]["frozen"] != ["early", "late"]
    assert len(found["steps"]) == len(expected["steps"])
    np.testing.assert_allclose(found["steps"], expected["steps"], rtol=1e-4)
    for record, other in zip(found["epochs"], expected["epochs"], strict=True):
        assert record["valid_accuracy"] == other["valid_accuracy"]
        assert record["train_accuracy"] == other["train_accuracy"]
        assert record["valid_loss"] == pytest.approx(other["valid_loss"], rel=1e-4)
        assert record["view"] == other["view"]
    for name, weights in expected["weights"].items():
        np.testing.assert_allclose(found["weights"][name], weights, rtol=1e-3, atol=1e-5, err_msg=name)


def test_every_view_of_a_picture_is_seen_once_by_one_process_whatever_their_number(
    one: Launched, two: Launched, three: Launched
) -> None:
    expected = seen_by_all(one["trained"])
    assert {count for (purpose, _, view), count in expected.items() if purpose == "train" and view > 1} == {1}
    for found, size in ((two, 2), (three, 3)):
        assert seen_by_all(found["trained"]) == expected
        shares = [sum(purpose == "extract" for purpose, _, _ in process["seen"]) for process in found["trained"]]
        assert len(shares) == size
        assert min(shares) > 0.6 * max(shares)


def seen_by_all(processes: list[dict[str, Any]]) -> Counter[tuple[str, str, int]]:
    return Counter(tuple(view) for process in processes for view in process["seen"])


def test_a_killed_process_ends_the_run_and_it_goes_on_in_another_number_of_them(
    folder: Path, one: Launched, three: Launched
) -> None:
    said = (
        r"another process of the run has ended, so process 0 ends too \(.+\); what it said, if anything, stands above"
    )
    assert re.fullmatch(said, (folder / "out-2/lost.txt").read_text())
    (expected,), found = one["resumed"], three["resumed"][0]["found"]
    assert expected["found"]["steps before"] == 0
    assert 4 <= found["steps before"] < len(found["steps"]) == 12
    assert_equal(found, expected["found"])


def test_the_command_ends_clearly_when_a_process_is_killed(folder: Path, own_cache: Path, run_cli: RunCli) -> None:
    run = folder / "command"
    words = ("train", folder / "pictures", "--size", 32, "--steps", "1-3", "--head-epochs", 100_000, "--threads", 2)
    process = subprocess.Popen(
        [*TORCHRUN, "-m", "unfreeze", *map(str, words), "--out", str(run), "--checkpoint-seconds", "0.1"],
        env={**os.environ, "PYTHONPATH": python_path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(run / "checkpoints/state.safetensors", process)
        os.kill(follower_of(process.pid), signal.SIGKILL)
        printed, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 1
    assert printed.count("3 classes (16 train, 7 valid)") == 1  # the first process alone speaks
    assert f"what was done so far is kept; go on with: unfreeze train --resume {run}" in printed
    assert "another process of the run has ended" in printed
    assert sorted(path.name for path in run.iterdir()) == [
        *("checkpoints", "history.jsonl", "lr_find", "model", "receipt.json", "settings.toml")
    ]


def test_accelerate_launches_the_command_in_two_processes(folder: Path, own_cache: Path) -> None:
    run = folder / "accelerated"
    words = ("train", folder / "pictures", "--size", 32, "--steps", "1,3", "--lr", 0.01, "--threads", 2, "--out", run)
    port = ("--main_process_port", str(free_port()))
    done = subprocess.run(
        [*ACCELERATE, "--multi_gpu", *port, "-m", "unfreeze", *map(str, words)],
        env={**os.environ, "PYTHONPATH": python_path()},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2 processes share the work, 2 of them on this machine") == 1
    assert done.stdout.count("Validation accuracy") == 1
    assert (run / "model/bundle.json").exists()


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.05)


def follower_of(launcher: int) -> int:
    import psutil

    (found,) = (p.pid for p in psutil.Process(launcher).children() if p.environ().get("RANK") == "1")
    return int(found)


def test_a_process_that_was_started_on_its_own_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for environment in ({}, {"WORLD_SIZE": "8"}, {"WORLD_SIZE": "1", "RANK": "0", "MASTER_ADDR": "localhost"}):
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            assert launched_rank() == 0
            assert not started_one_of_several()
            with joined() as world:
                assert world is ALONE


@pytest.fixture
def launched_state(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Looks like one of two processes; the group itself is not there. SIGTERM does afterwards what it did before."""
    for name, value in {"MASTER_ADDR": "127.0.0.1", "WORLD_SIZE": "2", "RANK": "1", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    state = SimpleNamespace(process_index=1, num_processes=2, destroy_process_group=lambda: None)
    monkeypatch.setattr("accelerate.PartialState", lambda **_: state)
    before = signal.getsignal(signal.SIGTERM)
    yield monkeypatch
    signal.signal(signal.SIGTERM, before)


def fails_with(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


def test_a_group_that_cannot_be_opened_is_no_lost_process(launched_state: pytest.MonkeyPatch) -> None:
    before, message = signal.getsignal(signal.SIGTERM), "The server socket has failed to listen: address in use"
    launched_state.setattr("accelerate.PartialState", fails_with(RuntimeError(message)))
    with pytest.raises(RuntimeError, match=message), joined():
        pass
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("error", "raised", "said"),
    [
        (RuntimeError("Connection closed by peer\nat transport"), LostProcessError, r"ends too \(Connection closed by"),
        (RuntimeError(), LostProcessError, r"process 1 ends too \(RuntimeError\); what it said"),
        (ConnectionResetError("reset"), LostProcessError, r"process 1 ends too \(reset\); what it said"),
        (torch.OutOfMemoryError("CUDA out of memory"), torch.OutOfMemoryError, "CUDA out of memory"),
    ],
)
def test_what_a_failed_sum_means_is_said_with_its_reason(
    launched_state: pytest.MonkeyPatch, error: Exception, raised: type[Exception], said: str
) -> None:
    launched_state.setattr("accelerate.utils.reduce", fails_with(error))
    with pytest.raises(raised, match=said), joined() as world:
        world.add_up(torch.zeros(1))


@pytest.mark.parametrize(
    ("error", "ignored"),
    [
        (RuntimeError("ours"), False),
        (SettingsError("no such flag", subject="flag"), False),
        (LostProcessError("gone", subject="processes"), True),
        (KeyboardInterrupt(), True),
    ],
)
def test_a_process_that_fails_by_itself_can_be_told_to_end_afterwards(
    launched_state: pytest.MonkeyPatch, error: BaseException, ignored: bool
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(type(error)), joined():
        raise error
    assert signal.getsignal(signal.SIGTERM) is (signal.SIG_IGN if ignored else before)


def test_a_process_that_is_told_to_end_says_so_and_is_left_to_it(launched_state: pytest.MonkeyPatch) -> None:
    said = "^process 1 was told to end, or another process of the run has ended; what it said"
    with pytest.raises(LostProcessError, match=said), joined():
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)  # a launcher's, after a scheduler's: there may be something left to say


def test_all_is_as_it_was_after_a_run_that_ends_well(launched_state: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with joined() as world:
        assert (world.rank, world.size) == (1, 2)
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
