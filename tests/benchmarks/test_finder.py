"""What is measured of the finder, on a collection that is learnt at once."""

import math
from dataclasses import replace

import pytest

from benchmarks.finder import FULL, HEAD, RATIOS, in_order, measured, swept, trained_loss
from made import MakeCollection
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner


@pytest.fixture
def data(make_collection: MakeCollection) -> ImageData:
    counts = {"train/red": 10, "train/blue": 10, "valid/red": 4, "valid/blue": 4}
    return replace(ImageData.from_folder(make_collection(counts), size_px=64), threads=1, batch_size=8)


@pytest.fixture
def learners(monkeypatch: pytest.MonkeyPatch) -> list[Learner]:
    """The learners that are made, in order."""
    made: list[Learner] = []

    def make(data: ImageData) -> Learner:
        made.append(Learner(data))
        return made[-1]

    monkeypatch.setattr("benchmarks.finder.Learner", make)
    return made


def test_a_seed_decides_the_order_and_nothing_else(data: ImageData) -> None:
    found = []
    for seed in (0, 1):
        learner = in_order(Learner(data), seed)
        stored = learner.source.stored("train", 1)
        learner.fit(1e-30, 1)  # too low to change a weight
        found.append((list(stored.keys), learner.history.epochs[-1].valid_loss))
        learner.close()
    assert found[0] == found[1]
    assert swept(data, HEAD, 0) == swept(data, HEAD, 0)
    assert trained_loss(data, HEAD, 0.01, 0) == trained_loss(data, HEAD, 0.01, 0) != trained_loss(data, HEAD, 0.01, 1)


def test_a_seed_decides_the_batches(data: ImageData) -> None:
    found = []
    for seed in (0, 1):
        learner = in_order(Learner(data), seed)
        learner.model.head.dropout = 0
        found.append(learner.lr_find().losses)
        learner.close()
    assert found[0] != found[1]


def test_a_seed_decides_dropout(data: ImageData) -> None:
    found = []
    for seed in (0, 1):
        learner = in_order(Learner(data), seed)
        learner.data = data  # the order of seed 0
        found.append(learner.lr_find().losses)
        learner.close()
    assert found[0] != found[1]


def test_the_head_is_trained_as_steps_three_and_four_do(data: ImageData, learners: list[Learner]) -> None:
    loss = trained_loss(data, HEAD, 0.02, 0)
    (learner,) = learners
    assert [record.view for record in learner.history.epochs] == [0, 1, 2, 3]
    assert loss == learner.history.epochs[-1].valid_loss
    heads = [record.rates["head"] for record in learner.history.steps]
    assert heads == pytest.approx([0.02] * 3 + [0.02, 0.015, 0.005] * 3)


def test_training_that_breaks_down_has_no_finite_loss(data: ImageData) -> None:
    assert trained_loss(data, HEAD, 1e38, 0) == math.inf


def test_figures_of_a_collection(data: ImageData) -> None:
    text = measured("two colours", data, replace(HEAD, rates=(0.001, 0.01), parts=2), seeds=3)
    assert "### two colours, 3 seeds" in text
    assert "| rate | 0.001 | 0.0032 | 0.01 |" in text
    assert text.count("3 of 3 sweeps have a clear valley") == 1
    assert [line.split()[1] for line in text.splitlines() if " times | " in line] == [
        "valley",
        "steep",
        "minimum",
        "slide",
    ]


def test_the_whole_network_is_trained_at_lowered_rates(
    data: ImageData, learners: list[Learner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unfreeze.learner.finding.LEAST_STEPS", 4)
    assert math.isfinite(trained_loss(data, FULL, 0.009, 0))
    steps = [record.rates for record in learners[0].history.steps]
    assert learners[0].model.frozen_groups == ()
    assert len(steps) == 12 + 2  # 20 pictures in batches of 16
    assert list(steps[12].values()) == pytest.approx([0.009 * ratio for ratio in RATIOS]) == [0.001, 0.003, 0.009]
    assert len(swept(data, FULL, 0).rates) == 4
