"""Runs the command line in this process, and looks at what a user would see."""

import sys
from pathlib import Path

import pytest

from made import MakeCollection, RunCli
from unfreeze.cli.main import main


@pytest.fixture
def run_cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> RunCli:
    """`run_cli("train", folder)` gives the exit code, standard output and standard error."""

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


@pytest.fixture
def small(make_collection: MakeCollection) -> Path:
    """A collection of two colours."""
    return make_collection({"train/red": 6, "train/blue": 6, "valid/red": 2, "valid/blue": 2})
