"""A run with a time budget that goes on has the ladder that it began with, whichever size was chosen."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from made import Recorder
from unfreeze.recipe.begin_budget import read_budget
from unfreeze.recipe.clock import Clock
from unfreeze.recipe.costs import Costs
from unfreeze.recipe.rungs import ladder
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.time_budget import TimeBudget, new_budget
from unfreeze.recipe.train import resume, train

SIZES = (128, 160, 224)


def costs_at(size: int) -> Costs:
    pixels = (size / 128) ** 2
    return Costs(
        head={size: 20 * pixels}, cycles=(10 * pixels,), curve=2.0, tta=4 * pixels, end=6.0, body=None, full_ends=(1,)
    )


def begun(asked: TrainSettings) -> TimeBudget:
    """The budget of a run whose backbone has squares of 224 pixels, and which may take smaller ones."""
    found = {size: costs_at(size) for size in SIZES}
    head = {size: seconds for costs in found.values() for size, seconds in costs.head.items()}
    costs = replace(found[224], head=head, smaller={size: found[size] for size in SIZES[:2]})
    return new_budget(asked, ladder(asked, size_px=224, smaller_px=SIZES[:2], most_epochs=1), costs, Clock())


@pytest.mark.parametrize(("seconds", "size"), [(30.0, 128), (45.0, 160), (3600.0, 224)])
def test_a_budget_that_is_read_has_the_rungs_of_all_sizes(seconds: float, size: int) -> None:
    asked = TrainSettings(time_budget=seconds, steps=(1, 2, 3, 4), augmented_cycles=1)
    before = begun(asked)
    assert before.first.rung.size_px == size
    record = json.loads(json.dumps(before.record()))
    for settled in (asked, replace(asked, size=size)):
        found = read_budget(record, settled, Clock())
        assert found._rungs == before._rungs
        assert found.first == before.first
        words = found.in_the_end(stopped=False)
        assert ("squares of" in words) == (size < 224)
        assert ("would buy nothing" in words) == (size == 224)


class Killed(Recorder):
    """Keeps a copy of the folder as a kill leaves it where the first activations are begun; then it ends."""

    def __init__(self, folder: Path, copy: Path) -> None:
        super().__init__()
        self._folder, self._copy = folder, copy

    def progress(self, task: str, done: int, total: int) -> None:
        if task.startswith("activations"):
            shutil.copytree(self._folder, self._copy)
            raise KeyboardInterrupt


@pytest.mark.parametrize("settled", [True, False])
def test_a_run_that_was_killed_before_its_first_save_keeps_its_plan(
    pictures: Path, settings: TrainSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settled: bool
) -> None:
    quick, run = replace(settings, steps=(1, 2, 3), tta_views=0, time_budget=3600.0), tmp_path / "killed"
    with pytest.raises(KeyboardInterrupt):
        train(pictures, tmp_path / "run", quick, Killed(tmp_path / "run", run))
    assert not (run / "checkpoints/state.safetensors").exists()
    record = json.loads((run / "budget.json").read_bytes())
    if not settled:  # killed between the plan and the size that it chose
        begun = json.loads((run / "checkpoints/run.json").read_bytes())
        begun["settings"]["size"] = None
        (run / "checkpoints/run.json").write_text(json.dumps(begun))

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("planned anew")

    monkeypatch.setattr("unfreeze.recipe.train.begun_budget", refuse)
    found = resume(run, Recorder())
    after = json.loads((run / "budget.json").read_bytes())
    assert {name: after[name] for name in record} == record
    assert "size = 32" in (run / "settings.toml").read_text()
    assert found.figures["valid_images"] == 8
