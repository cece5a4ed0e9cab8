"""What a run will cost, added up from speeds that are given."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from made import Recorder
from unfreeze.learner.learner import Learner
from unfreeze.recipe.costs import Costs, items, step_seconds
from unfreeze.recipe.estimate import CURVE_SECONDS, END_OF_BODY_SECONDS, END_SECONDS, Estimate
from unfreeze.recipe.read_pictures import read_pictures
from unfreeze.recipe.rungs import Rung
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.speeds import BodySpeeds, StopWatch, Trial

PICTURE, HEAD_STEP = 0.1, 0.01


class GivenSpeeds:
    """A trial that knows its results."""

    tried: list[str] = []  # noqa: RUF012 - of the class, so that a test sees it

    def __init__(self, *given: object) -> None:
        self.tried.clear()

    def close(self) -> None:
        self.tried.append("closed")

    def picture(self) -> tuple[float, float]:
        return PICTURE, 1.0

    def head_step(self) -> float:
        return HEAD_STEP

    def body(self, first_trained: int, *, picture: float) -> BodySpeeds:
        self.tried.append("body")
        return BodySpeeds(opened=3.0, picture=0.0, step=0.5, prepared=2.0)


@pytest.fixture
def learner(pictures: Path, settings: TrainSettings) -> Iterator[Learner]:
    with closing(Learner(read_pictures(pictures, settings, Recorder()))) as made:
        yield made


@pytest.fixture
def estimate(learner: Learner, settings: TrainSettings, monkeypatch: pytest.MonkeyPatch) -> Estimate:
    monkeypatch.setattr("unfreeze.recipe.estimate.Trial", GivenSpeeds)
    still = SimpleNamespace(perf_counter=lambda: 0.0, process_time=lambda: 0.0)
    monkeypatch.setattr("unfreeze.recipe.estimate.time", still)
    return Estimate(learner=learner, settings=settings, head_seeds=3, first_trained=0)


def costs_of(estimate: Estimate, left: float = 1e6) -> Any:
    return estimate.costs(lambda: "efficientnet_lite0", left=lambda: left)


def test_costs_are_those_of_16_training_8_validation_and_4_test_pictures(estimate: Estimate) -> None:
    found = costs_of(estimate)
    epoch = 2 * HEAD_STEP + HEAD_STEP * (8 + 16) / 64
    assert found.head == {32: pytest.approx(24 * PICTURE + 2 * epoch + 3 * 100 * HEAD_STEP)}
    assert found.cycles == pytest.approx((16 * PICTURE + epoch,) * 3)
    assert found.tta == pytest.approx(2 * 12 * PICTURE)
    assert found.end == pytest.approx(END_SECONDS + 4 * PICTURE)
    assert found.curve == pytest.approx(CURVE_SECONDS + 30 * 32 / 100_000)
    assert found.full_ends == (1, 3, 7)
    validation = 8 * PICTURE + 2.0
    assert vars(found.body) == pytest.approx(
        {
            "opened": 3.0,
            "compared": 3 * validation,
            "after": 20 * PICTURE + END_OF_BODY_SECONDS,
            "tta": 12 * 2 * PICTURE,
            "sweep": 100 * 0.5,
            "step": 0.5,
            "validation": validation,
            "epoch_steps": 2,
        }
    )
    assert GivenSpeeds.tried == ["body", "closed"]


def test_smaller_squares_cost_less_by_their_pixels(estimate: Estimate) -> None:
    found = costs_of(replace(estimate, smaller_px=(16,)))
    trained = found.head[32] - 24 * PICTURE
    assert found.head[16] - trained == pytest.approx(24 * PICTURE / 4)


def test_all_that_is_done_on_smaller_squares_costs_less_by_their_pixels(estimate: Estimate) -> None:
    found = costs_of(replace(estimate, smaller_px=(16,)))
    small, epoch = found.at(16), found.cycles[0] - 16 * PICTURE
    assert small.cycles == pytest.approx((16 * PICTURE / 4 + epoch,) * 3)
    assert small.tta == pytest.approx(found.tta / 4)
    assert small.end == pytest.approx(END_SECONDS + 4 * PICTURE / 4)
    assert (small.body.step, small.body.sweep) == pytest.approx((found.body.step / 4, found.body.sweep / 4))
    assert small.body.validation == pytest.approx(8 * PICTURE / 4 + 2.0)
    assert small.body.opened == found.body.opened
    rung = Rung(size_px=16, steps=(1, 2, 3, 4, 5, 6, 8), augmented_cycles=3, tta_views=2, full_epochs=1)
    assert items(rung, found) == items(rung, small)
    assert step_seconds(rung, found, 0) == found.body.step / 4
    assert Costs.from_dict(json.loads(json.dumps(found.to_dict()))).at(16).tta == small.tta
    assert found.slower(head=1, body=1, end=2).at(16).tta == 2 * small.tta


def test_the_body_is_not_tried_where_it_cannot_fit_or_is_not_asked_for(estimate: Estimate) -> None:
    assert costs_of(estimate, left=20).body is None
    assert GivenSpeeds.tried == ["closed"]
    assert costs_of(replace(estimate, settings=replace(estimate.settings, steps=(1, 2, 3)))).body is None
    head = costs_of(replace(estimate, settings=replace(estimate.settings, steps=(1, 2, 3, 8)))).body
    assert (head.opened, head.step, head.epoch_steps) == (pytest.approx(3 * 16 * PICTURE), HEAD_STEP, 2)
    assert GivenSpeeds.tried == ["closed"]


def test_what_is_stored_costs_nothing(estimate: Estimate, learner: Learner) -> None:
    before = costs_of(estimate)
    learner.source.stored("train", 0, ahead=(1,))
    found = costs_of(estimate)
    assert before.head[32] - found.head[32] == pytest.approx(16 * PICTURE)
    assert before.cycles[0] - found.cycles[0] == pytest.approx(16 * PICTURE)
    assert found.cycles[1] == before.cycles[1]


def test_a_trial_stores_nothing_and_leaves_no_trace(learner: Learner, settings: TrainSettings) -> None:
    missing = learner.source.missing("train", (0,))
    with closing(Trial(learner.data, settings, "efficientnet_lite0")) as trial:
        seconds, waiting = trial.picture()
        assert seconds > 0
        assert waiting >= 1
        assert trial.head_step() > 0
    assert learner.source.missing("train", (0,)) == missing == 16
    assert not learner.history.epochs


def test_a_watch_leaves_the_first_step_out_and_knows_what_comes_between(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((10.0, 12.0, 14.0, 19.0, 21.0, 26.0))
    monkeypatch.setattr("unfreeze.recipe.speeds.time", SimpleNamespace(perf_counter=lambda: next(times)))
    watch = StopWatch()
    for task in ("activations of 8 pictures", "epoch 1", "epoch 1", "epoch 1", "", "epoch 2", ""):
        watch.progress(task, 1, 1) if task else watch.epoch(None)  # type: ignore[arg-type]
    assert watch.seconds(steps=True) == 2.0
    assert watch.seconds(steps=False) == 5.0


@pytest.mark.slow
@pytest.mark.parametrize("first_trained", [0, 1])
def test_the_body_is_tried_for_real(learner: Learner, settings: TrainSettings, first_trained: int) -> None:
    with closing(Trial(learner.data, settings, "efficientnet_lite0")) as trial:
        found = trial.body(first_trained, picture=0.0)
    assert min(found.opened, found.step, found.prepared) > 0
    assert (found.picture > 0) == (first_trained == 1)
    assert learner.source.missing("train", (0,)) == 16
    assert not learner.model.is_built
