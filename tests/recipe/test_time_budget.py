"""A run is kept to its time: on a clock that is moved by hand, and for real."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from made import Recorder, RunCli
from unfreeze.errors import SettingsError
from unfreeze.recipe.budget_plan import KEPT_BACK
from unfreeze.recipe.clock import Clock, process_seconds
from unfreeze.recipe.costs import BodyCosts, Costs
from unfreeze.recipe.eight_steps import EightSteps
from unfreeze.recipe.rungs import ladder
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.time_budget import AFTER, TimeBudget, new_budget
from unfreeze.recipe.train import resume, train
from unfreeze.training.schedules import CosineRestarts
from unfreeze.world import Alone

COSTS = Costs(
    head={224: 10.0},
    cycles=(5.0, 5.0, 5.0),
    curve=2.0,
    tta=4.0,
    end=6.0,
    body=BodyCosts(opened=4.0, compared=0.0, after=4.0, tta=4.0, sweep=50.0, step=1.0, validation=2.0, epoch_steps=10),
    full_ends=(1, 3, 7, 15),
)
WANTED = CosineRestarts((10, 30, 70, 150))
BEFORE_STEP_8 = 10 + 15 + 4


class HandClock(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self, *, total: float = 0.0) -> None:
        self.now = total

    @property
    def total(self) -> float:
        return self.now


def budget_of(seconds: float, *, spent: float = 1.0) -> tuple[TimeBudget, HandClock]:
    asked, clock = TrainSettings(time_budget=seconds), HandClock(total=spent)
    return new_budget(asked, ladder(asked, size_px=224, smaller_px=(), most_epochs=15), COSTS, clock), clock


def test_on_a_machine_as_fast_as_measured_the_first_plan_is_kept() -> None:
    budget, clock = budget_of(100)
    first = budget.plan.rung
    assert (first.full_epochs, first.tta_views, 7 in first.steps) == (4 - 1, 4, False)
    for step, seconds in ((1, 4.0), (2, 3.0), (3, 3.0), (4, 15.0), (5, 4.0), (6, 0.0)):
        settings, changed = budget.settings_before(step)
        assert (changed, step in settings.steps) == ("", True)
        clock.now += seconds
        budget.took(step, seconds)
    assert budget.schedule(WANTED, epoch_steps=10).cycle_ends == (10, 30)
    clock.now += 12
    assert budget.revised(WANTED, 10, True).cycle_ends == (10, 40)  # 12 s were left over: one epoch more
    clock.now += 12
    assert budget.revised(WANTED, 20, True).cycle_ends == (10, 40)
    assert budget.settings_before(AFTER)[0].tta_views == 4


def test_a_machine_that_becomes_slower_is_given_less_to_do() -> None:
    budget, clock = budget_of(100)
    for step, seconds in ((1, 20.0), (2, 5.0), (3, 5.0)):
        budget.settings_before(step)
        clock.now += seconds
        budget.took(step, seconds)
    settings, changed = budget.settings_before(4)  # three times as long as planned: believed twice as slow
    assert 8 not in settings.steps
    assert changed == (
        "time budget: the machine is slower than it was, so there is no time for 3 epochs of the whole network"
    )
    assert settings.augmented_cycles == 3


def test_a_cycle_ends_earlier_when_steps_take_longer_and_time_is_never_overdrawn() -> None:
    budget, clock = budget_of(200)
    for step, seconds in ((1, 4.0), (2, 3.0), (3, 3.0), (4, 15.0), (5, 4.0), (6, 0.0), (7, 50.0)):
        if step in budget.settings_before(step)[0].steps:
            clock.now += seconds
            budget.took(step, seconds)
    ends, done, second_seconds = budget.schedule(WANTED, epoch_steps=10).cycle_ends, 0, 1.0
    planned = ends[-1]
    while done < ends[-1]:
        stop = min(done + 5, ends[-1], done + 10 - done % 10)
        clock.now += (stop - done) * second_seconds
        done = stop
        validated = done % 10 == 0 or done == ends[-1]
        clock.now += 2 * second_seconds * validated
        ends = budget.revised(WANTED, done, validated).cycle_ends
        second_seconds = 1.0 if done < 20 else 3.0  # another program begins
    assert 20 < done < planned
    assert clock.now <= 200 * 1.1 - 3 * 16  # the end is believed to be as slow, and has its time
    assert budget.settings_before(AFTER)[0].steps[-1] == 8


def test_a_body_that_was_put_back_costs_nothing_more_at_the_end() -> None:
    budget, clock = budget_of(100)
    for step in range(1, 9):
        budget.settings_before(step)
    clock.now = 100 * (1 - KEPT_BACK) - 6 - 2 - 4  # end, curve and views; the body's 4 seconds are not there
    settings, changed = budget.settings_before(AFTER, body_trained=False)
    assert (settings.tta_views, budget.curve, changed) == (4, True, "")
    settings, changed = budget.settings_before(AFTER, body_trained=True)
    assert (settings.tta_views, budget.curve) == (0, True)
    assert "no time for 4 views of test-time augmentation" in changed


def epochs_driven(budget: TimeBudget, clock: HandClock, step_seconds: Callable[[int], float]) -> list[int]:
    """Steps of each epoch of step 8, asking for the rest of the schedule where `Fitting._epoch` does."""
    ends, done, epochs = budget.schedule(WANTED, epoch_steps=10).cycle_ends, 0, []
    while done < ends[-1]:
        start = done
        while done < (stop := min(start + 10, ends[-1])):
            until = min(stop, done + 3, *(end for end in ends if end > done))  # a save after three steps
            clock.now += sum(step_seconds(step) for step in range(done, until))
            done = until
            if done < min(start + 10, ends[-1]):
                ends = budget.revised(WANTED, done, False).cycle_ends
        clock.now += 2 * step_seconds(done)
        ends = budget.revised(WANTED, done, True).cycle_ends
        epochs.append(done - start)
    return epochs


@pytest.mark.parametrize("slow_from", [12, 18])
def test_an_epoch_that_the_time_cuts_short_is_the_last(slow_from: int) -> None:
    for seconds in (100, 110, 120, 150, 200):
        budget, clock = budget_of(seconds)
        for step, taken in ((1, 4.0), (2, 3.0), (3, 3.0), (4, 15.0), (5, 4.0), (6, 0.0), (7, 50.0)):
            if step in budget.settings_before(step)[0].steps:
                clock.now += taken
                budget.took(step, taken)
        found = epochs_driven(budget, clock, lambda step: 2.0 if step >= slow_from else 1.0)
        assert found[:-1] == [10] * (len(found) - 1)
        assert sum(found) > slow_from - 10


def test_a_cycle_that_ends_within_an_epoch_is_followed_by_another() -> None:
    budget, clock = budget_of(200)
    budget.schedule(CosineRestarts((15, 40)), epoch_steps=10)
    clock.now += 17
    assert budget.revised(CosineRestarts((15, 40)), 15, False).cycle_ends == (15, 40)


def test_that_step_8_stopped_by_itself_is_known_to_a_run_that_goes_on() -> None:
    course = EightSteps(cast(Any, None), TrainSettings(), Recorder())
    course.overfitted = True
    saved = json.loads(json.dumps(course.to_dict()))
    other = EightSteps(cast(Any, None), TrainSettings(), Recorder())
    other.restore(saved)
    assert other.overfitted
    del saved["overfitted"]  # as states were before
    other.restore(saved)
    assert not other.overfitted


class Two(Alone):
    """A world of two processes that never come to speak."""

    size = 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"time_budget": 60.0}, "--time-budget is for one process; 2 were launched: launch one"),
        ({"batch_norm": "train"}, "part of a batch; leave --batch-norm at frozen, or train in one process"),
    ],
)
def test_what_is_for_one_process_is_refused_before_a_picture_is_read(
    change: dict[str, Any], said: str, pictures: Path, settings: TrainSettings, tmp_path: Path
) -> None:
    watcher = Recorder()
    with pytest.raises(SettingsError, match=said):
        train(pictures, tmp_path / "run", replace(settings, **change), watcher, world=Two())
    assert not watcher.notes
    assert not (tmp_path / "run").exists()


def test_time_that_is_left_over_is_used() -> None:
    budget, clock = budget_of(100)
    for step in range(1, 7):
        budget.settings_before(step)
        clock.now += 1.0
        budget.took(step, 1.0)
    assert budget.schedule(WANTED, epoch_steps=10).cycle_ends == (10, 30)
    clock.now += 12
    assert budget.revised(WANTED, 10, True).cycle_ends == (10, 30, 60)


def test_a_budget_too_short_for_anything_is_an_error_that_says_what_is_enough() -> None:
    with pytest.raises(SettingsError, match=r"--time-budget 15s is too short: .* give it --time-budget 18s or more"):
        budget_of(15)
    assert budget_of(18)[0].plan.rung.steps == (1, 2, 3)


def test_what_was_planned_stands_beside_what_it_took() -> None:
    budget, clock = budget_of(60)
    clock.now = 50
    for step, seconds in ((1, 2.0), (2, 3.0), (3, 4.0), (4, 20.0)):
        budget.took(step, seconds)
    assert budget.account()[1][1:] == (10.0, 9.0)
    assert budget.account()[2][1:] == (15.0, 20.0)
    assert budget.account()[-1][2] is None
    assert budget.in_the_end(stopped=False).startswith("time budget: took 50 s of 1 min (83 %); --time-budget ")
    assert "would buy nothing: step 8 ended because" in budget.in_the_end(stopped=True)


def test_a_budget_goes_on_with_what_was_spent() -> None:
    budget, clock = budget_of(100)
    budget.settings_before(1)
    budget.took(1, 8.0)
    clock.now = 40.0
    saved = json.loads(json.dumps(budget.to_dict()))
    other, _ = budget_of(100, spent=2.0)
    other.restore(saved)
    assert other.to_dict()["spent"] == pytest.approx(42.0, abs=1)  # 40 before and 2 of the process that goes on
    assert other.plan == budget.plan
    assert other.to_dict()["taken"] == {"1": 8.0}


def test_a_process_knows_how_long_it_has_been_there() -> None:
    found = process_seconds()
    assert 0 < found <= process_seconds()


@pytest.mark.skipif(sys.platform != "linux", reason="only here the system says when a process began")
def test_seconds_in_which_a_process_slept_count() -> None:
    code = "import time; time.sleep(0.5); from unfreeze.recipe.clock import process_seconds; print(process_seconds())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) >= 0.5


@pytest.fixture
def quick(settings: TrainSettings) -> TrainSettings:
    return replace(settings, steps=(1, 2, 3, 4), tta_views=0, time_budget=3600.0, checkpoint_seconds=0)


def test_with_time_enough_a_run_is_what_it_is_without_a_budget(
    pictures: Path, quick: TrainSettings, tmp_path: Path
) -> None:
    watcher = Recorder()
    found = train(pictures, tmp_path / "budget", quick, watcher)
    plain = train(pictures, tmp_path / "plain", replace(quick, time_budget=None), Recorder())
    for name in ("predictions.csv", "history.jsonl"):
        assert (found.folder / name).read_bytes() == (plain.folder / name).read_bytes()
    assert watcher.steps[0][1] == "plan for a time budget of 60 min"
    assert watcher.outcomes[0].startswith("the plan\n  reading pictures, measuring")
    assert watcher.outcomes[1] == "a longer budget would buy nothing: it is all that the settings ask for"
    assert any(note.startswith("time budget: took ") for note in watcher.notes)
    kept = json.loads((found.folder / "budget.json").read_bytes())
    assert [part["name"] for part in kept["parts"]][1:3] == [
        "steps 1 to 3: the head on squares of 32 pixels",
        "step 4: 3 cycles on augmented views",
    ]
    assert all(part["taken"] > 0 for part in kept["parts"])
    assert "time budget" in (found.folder / "report.html").read_text()


def test_a_budget_that_is_too_short_leaves_nothing(run_cli: RunCli, pictures: Path, tmp_path: Path) -> None:
    code, _, err = run_cli("train", pictures, "--out", tmp_path / "run", "--size", "32", "--time-budget", "1s")
    assert code == 1
    assert "--time-budget 1s is too short: the least that can be done takes" in err
    assert not (tmp_path / "run").exists()


class StoppedOnce(Recorder):
    """Stops in the second epoch."""

    def progress(self, task: str, done: int, total: int) -> None:
        if task == "epoch 2":
            raise KeyboardInterrupt


def test_a_run_that_goes_on_keeps_to_what_is_left(pictures: Path, quick: TrainSettings, tmp_path: Path) -> None:
    whole = train(pictures, tmp_path / "whole", quick, Recorder())
    with pytest.raises(KeyboardInterrupt):
        train(pictures, tmp_path / "run", quick, StoppedOnce())
    before = json.loads((tmp_path / "run/budget.json").read_bytes())
    found = resume(tmp_path / "run", Recorder(), clock=Clock(total=100.0))
    after = json.loads((tmp_path / "run/budget.json").read_bytes())
    assert (after["plan"], after["costs"]) == (before["plan"], before["costs"])
    assert after["taken"] > 100
    assert (found.folder / "predictions.csv").read_bytes() == (whole.folder / "predictions.csv").read_bytes()


@pytest.mark.slow
def test_step_8_ends_in_time_and_its_plan_survives_a_stop(
    pictures: Path, settings: TrainSettings, tmp_path: Path
) -> None:
    class Stopped(Recorder):
        def progress(self, task: str, done: int, total: int) -> None:
            if task == "epoch 7" and done == total:
                raise KeyboardInterrupt

    asked = replace(settings, time_budget=3600.0, checkpoint_seconds=0, tta_views=0)
    with pytest.raises(KeyboardInterrupt):
        train(pictures, tmp_path / "run", asked, Stopped())
    watcher = Recorder()
    found = resume(tmp_path / "run", watcher)
    assert [step["number"] for step in found.figures["steps"]] == list(range(1, 9))
    assert any("in the middle" in note or "epoch 7" in note for note in watcher.notes if note.startswith("goes on"))
    plain = train(pictures, tmp_path / "plain", replace(asked, time_budget=None), Recorder())
    assert (found.folder / "history.jsonl").read_bytes() == (plain.folder / "history.jsonl").read_bytes()
