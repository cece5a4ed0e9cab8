"""Torch is asked for a device only where the machine looks like it has one."""

import subprocess
import sys

import pytest
import torch

from unfreeze.learner.device import accelerated, best_device


@pytest.fixture
def plain_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that shows no sign of a GPU."""
    monkeypatch.setattr("unfreeze.learner.device.sys.platform", "linux")
    monkeypatch.setattr("unfreeze.learner.device.platform.machine", lambda: "x86_64")
    monkeypatch.setattr("unfreeze.learner.device.shutil.which", lambda _: None)
    monkeypatch.setattr("unfreeze.learner.device.Path.exists", lambda _: False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of devices that torch is said to have, the next one last."""
    names: list[str] = []
    monkeypatch.setattr("unfreeze.learner.device.best_device", lambda: torch.device(names.pop()))
    return names


@pytest.mark.usefixtures("plain_machine")
def test_a_machine_without_a_sign_of_a_gpu_is_not_accelerated(asked: list[str]) -> None:
    asked.append("cuda")
    assert not accelerated()
    assert asked == ["cuda"]


@pytest.mark.usefixtures("plain_machine")
@pytest.mark.parametrize(("found", "expected"), [("cuda", True), ("cpu", False)])
def test_where_there_is_a_driver_torch_decides(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, found: str, expected: bool
) -> None:
    monkeypatch.setattr("unfreeze.learner.device.shutil.which", lambda name: f"/usr/bin/{name}")
    asked.append(found)
    assert accelerated() is expected
    assert asked == []


@pytest.mark.usefixtures("plain_machine")
@pytest.mark.parametrize(("machine", "expected"), [("arm64", True), ("x86_64", False)])
def test_apples_own_processors_are_asked(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, machine: str, expected: bool
) -> None:
    monkeypatch.setattr("unfreeze.learner.device.sys.platform", "darwin")
    monkeypatch.setattr("unfreeze.learner.device.platform.machine", lambda: machine)
    asked.append("mps")
    assert accelerated() is expected


def test_the_best_device_is_cuda_then_mps_then_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for cuda, mps, expected in ((True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda cuda=cuda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda mps=mps: mps)
        assert best_device().type == expected


def test_asking_loads_no_torch_by_itself() -> None:
    code = "import sys, unfreeze.learner.device; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
