"""The program as a whole: help, version, exit codes, what it loads."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from made import RunCli

ROOT = Path(__file__).parents[2]


def loaded_modules(*words: str) -> set[str]:
    """Modules that the program loads for a command line."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "unfreeze", *words], capture_output=True, text=True, check=False
    )
    assert "import time:" in result.stderr
    return {line.rsplit("|", 1)[1].strip() for line in result.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("--version",),
        ("train", "--help"),
        ("predict", "--help"),
        ("cache",),
        ("export", "--help"),
        ("verify", "--help"),
        ("compare", "--help"),
        ("evaluate", "--help"),
        ("schedule", "--help"),
        ("schedule", "--csv", "-"),
        ("serve", "--help"),
        ("squares", "--help"),
        ("extract", "--help"),
    ],
)
def test_help_and_version_load_no_torch(words: tuple[str, ...]) -> None:
    loaded = loaded_modules(*words)
    assert "typer" in loaded
    assert not {"torch", "timm", "onnxruntime", "sklearn", "matplotlib"} & loaded


AT_THE_END = """
import atexit, json, sys
atexit.register(lambda: print("loaded", json.dumps(sorted(sys.modules)), file=sys.stderr))
from unfreeze.cli.main import main
sys.argv[0] = "unfreeze"
main()
"""


def modules_of_a_run(*words: object) -> set[str]:
    """Modules that are loaded when the program ends well."""
    run = subprocess.run(
        [sys.executable, "-c", AT_THE_END, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    line = run.stderr.splitlines()[-1]
    assert line.startswith("loaded ")
    return set(json.loads(line.removeprefix("loaded ")))


def test_the_first_four_steps_and_prediction_load_no_torch(small: Path, tmp_path: Path) -> None:
    flags = ("--steps", "1-4", "--size", "32", "--lr", "0.01", "--head-epochs", "1", "--tta-views", "1")
    loaded = modules_of_a_run("train", small, "--out", tmp_path / "run", *flags)
    assert {"numpy", "onnxruntime", "matplotlib"} <= loaded
    assert not {"torch", "torchvision", "timm", "sklearn"} & loaded  # heads are fitted exactly with scipy
    loaded = modules_of_a_run("predict", tmp_path / "run", small / "valid", "--tta")
    assert {"numpy", "onnxruntime"} <= loaded
    assert not {"torch", "torchvision", "timm", "sklearn", "scipy", "matplotlib", "onnx"} & loaded
    loaded = modules_of_a_run("evaluate", tmp_path / "run")
    assert "numpy" in loaded
    assert not {"torch", "torchvision", "timm", "sklearn", "scipy", "matplotlib", "onnx", "onnxruntime"} & loaded
    loaded = modules_of_a_run("evaluate", tmp_path / "run", small / "valid", "--out", tmp_path / "found")
    assert {"numpy", "onnxruntime", "matplotlib"} <= loaded
    assert not {"torch", "torchvision", "timm", "sklearn"} & loaded


def test_comparing_squares_loads_no_torch(small: Path, tmp_path: Path) -> None:
    loaded = modules_of_a_run("squares", small, "--size", "32", "--out", tmp_path / "sheet")
    assert {"numpy", "onnxruntime", "jinja2"} <= loaded
    assert not {"torch", "torchvision", "timm", "sklearn", "matplotlib"} & loaded


def test_version_is_the_packages(run_cli: RunCli) -> None:
    assert run_cli("--version") == (0, f"unfreeze {version('unfreeze')}\n", "")


@pytest.mark.parametrize("words", [("nonsense",), ("train",), ("train", "x", "--size", "big"), ("predict",)])
def test_wrong_usage_is_exit_code_two(run_cli: RunCli, words: tuple[str, ...]) -> None:
    code, _, err = run_cli(*words)
    assert code == 2
    assert "Usage" in err
    assert "Traceback" not in err


def test_a_mistake_is_one_line_and_exit_code_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    missing = tmp_path_factory.mktemp("work") / "nothing-here"
    words = [sys.executable, "-m", "unfreeze", "train", str(missing)]
    result = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ})
    assert result.returncode == 1
    assert result.stderr == (
        f"error: {missing}: is not there; name a folder of pictures, a CSV or TSV file, a zip or tar archive, or "
        "shards of WebDataset\n"
    )


@pytest.mark.parametrize("missing", ["torch", "filelock"])
def test_what_an_extra_brings_is_named_where_it_is_missing(
    run_cli: RunCli, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    def train(*_: object, **__: object) -> None:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=f"{missing}.part")

    monkeypatch.setattr("unfreeze.recipe.train.train", train)
    code, _, err = run_cli("train", small, "--out", tmp_path / "run")
    assert (code, err) == (
        1,
        f"error: {missing}.part is not installed; what this command needs comes with: pip install 'unfreeze[train]'\n",
    )


def test_what_no_extra_brings_is_a_mistake_of_ours(
    run_cli: RunCli, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'unfreeze.gone'", name="unfreeze.gone")

    monkeypatch.setattr("unfreeze.recipe.train.train", train)
    with pytest.raises(ModuleNotFoundError, match="gone"):
        run_cli("train", small, "--out", tmp_path / "run")


def test_the_names_of_the_extra_are_those_that_it_asks_for() -> None:
    from unfreeze.cli.main import _EXTRAS

    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra in set(_EXTRAS.values()):
        names = {re.split(r"[>=<\[]", line)[0].replace("-", "_") for line in asked[extra]}
        named = {"scikit_learn" if name == "sklearn" else name for name, found in _EXTRAS.items() if found == extra}
        assert named == names
