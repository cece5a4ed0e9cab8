"""Fixtures for all tests: no test touches the user's cache, and pictures are made, not shipped."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads on shared cores make small tensors several times slower

from made import MakeCollection, RunCli, new_cache, write_collection

settings.register_profile("any machine", deadline=None)  # no test is about time
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    folder = new_cache(tmp_path_factory)
    monkeypatch.setenv("UNFREEZE_CACHE", str(folder))
    return folder


@pytest.fixture
def make_collection(tmp_path: Path) -> MakeCollection:
    """Writes a collection below the test's folder: `make_collection({"train/red": 6, "valid/red": 2, ...})`."""

    def make(counts: Mapping[str, int], name: str = "pictures") -> Path:
        return write_collection(tmp_path / name, counts)

    return make


@pytest.fixture
def photos(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of real photographs, for tests marked `photos`, which share a cache: what is stored never changes."""
    folder = os.environ.get("UNFREEZE_PHOTOS")
    if not folder:
        pytest.skip("UNFREEZE_PHOTOS names no folder of photographs")
    base = tmp_path_factory.getbasetemp()
    one_for_all = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    monkeypatch.setenv("UNFREEZE_CACHE", str(one_for_all / "cache-of-photos"))
    return Path(folder)


@pytest.fixture
def run_cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> RunCli:
    """`run_cli("train", folder)` gives the exit code, standard output and standard error."""

    from unfreeze.cli.main import main

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["unfreeze", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capfd.readouterr()
        return code, out, err

    return run
