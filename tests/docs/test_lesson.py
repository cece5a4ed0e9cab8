"""The lesson's notebook is the lesson, was run, and runs."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from code_blocks import ROOT

NOTEBOOK = ROOT / "docs/lesson.ipynb"
SMALL_ENOUGH = 600_000
"""Bytes; its plots are inside."""


def made() -> Any:
    spec = importlib.util.spec_from_file_location("make_notebook", ROOT / "scripts/make_notebook.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def cells() -> list[dict[str, Any]]:
    return list(json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"])


def test_the_notebook_holds_the_lesson_as_it_is_written(cells: list[dict[str, Any]]) -> None:
    written = made().cells((ROOT / "scripts/lesson.md").read_text(encoding="utf-8"))
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in cells] == written


def test_it_was_run_from_start_to_end_without_a_fault(cells: list[dict[str, Any]]) -> None:
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = {output["output_type"] for cell in code for output in cell["outputs"]}
    assert kinds == {"display_data", "execute_result", "stream"}
    assert sum("image/png" in output.get("data", {}) for cell in code for output in cell["outputs"]) >= 7
    assert NOTEBOOK.stat().st_size < SMALL_ENOUGH


def test_each_step_is_told_and_has_something_to_try(cells: list[dict[str, Any]]) -> None:
    words = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    assert [number for number in range(1, 9) if f"## Step {number}: " not in words] == []
    assert words.count("*To try:*") >= 8


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_lesson_runs(cells: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell as it stands, on fewer of the sample's digits and with shorter sweeps."""
    from matplotlib import pyplot

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setattr("unfreeze.learner.finding.LEAST_STEPS", 8)
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # a thread a core is slow where tests share the cores
    names: dict[str, Any] = {}
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert sum("[:40]" in text for text in code) == 1
    for number, text in enumerate(code):
        exec(compile(text.replace("[:40]", "[:6]"), f"code cell {number}", "exec"), names)
    pyplot.close("all")
    epochs = names["learner"].history.epochs
    assert 6 <= len(epochs) <= 12
    assert min(record.train_loss for record in epochs) < 0.8 * epochs[0].train_loss
    assert names["table"].tta is not None
