"""The finder leaves not one bit changed, whatever becomes of the loss, writes nothing, and loops a small set."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from made import MakeCollection, expecting
from small import small_network
from unfreeze.errors import SettingsError, TrainingError
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.training.batches import Examples
from unfreeze.training.loop import check_loss
from unfreeze.training.lr_find import LrSweep
from unfreeze.training.trainer import Trainable, Trainer

FROZEN_BELOW = {"whole": 0, "late": 1, "head": 2}
STEPS = 12
FAILS_AT = 6


class LossError(Exception):
    """What nobody expected."""


@pytest.fixture(params=FROZEN_BELOW)
def trained(
    request: pytest.FixtureRequest, make_collection: MakeCollection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Learner]:
    """A learner that has trained for an epoch, so that momenta, gradients, statistics and files are there."""
    monkeypatch.setattr("unfreeze.learner.finding.LEAST_STEPS", STEPS)
    counts = {f"{split}/{name}": count for split, count in (("train", 5), ("valid", 2)) for name in "abc"}
    data = replace(ImageData.from_folder(make_collection(counts), size_px=32), threads=1, batch_size=4)
    network = small_network()
    network.batch_norm = "train"
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    with torch.random.fork_rng():
        learner = Learner(data, network, folder=folder)
        learner.freeze_to(FROZEN_BELOW[request.param])
        learner.fit(0.01, 1)
    yield learner
    learner.close()


def everything(learner: Learner) -> dict[str, Any]:
    """All that a sweep could change, by name, arrays as bytes."""
    found: dict[str, Any] = {f"head {index}": part.tobytes() for index, part in enumerate(learner.model.head.copies())}
    network = learner.model.network
    for name, value in network.state_dict().items():
        found[f"weight {name}"] = value.numpy().tobytes()
    for name, parameter in network.named_parameters():
        found[f"gradient {name}"] = None if parameter.grad is None else parameter.grad.numpy().tobytes()
        found[f"trains {name}"] = parameter.requires_grad
    for name, module in network.named_modules():
        found[f"mode {name}"] = module.training
        found[f"kind {name}"] = type(module).__name__
    if "suffix" in learner.model.__dict__:
        found |= of_optimizer(learner.model.suffix.optimizer)
    return found | of_process() | of_training(learner)


def of_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    state = optimizer.state_dict()
    held = {
        f"optimizer {index} {name}": value.numpy().tobytes() if isinstance(value, Tensor) else value
        for index, values in state["state"].items()
        for name, value in values.items()
    }
    return held | {"optimizer groups": repr(state["param_groups"])}


def of_process() -> dict[str, Any]:
    return {
        "random of python": random.getstate(),
        "random of numpy": repr(np.random.get_state()),
        "random of torch": torch.get_rng_state().numpy().tobytes(),
        "threads of torch": torch.get_num_threads(),
        "gradients are computed": torch.is_grad_enabled(),
    }


def of_training(learner: Learner) -> dict[str, Any]:
    files = sorted(path for path in learner.data.table.root.parent.rglob("*") if path.is_file())
    return {
        "history": (tuple(learner.history.epochs), tuple(map(repr, learner.history.steps))),
        "best": learner.best and learner.best.record,
        "first trained": learner.model.first_trained,
        "files": {str(path): path.read_bytes() for path in files},
    }


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of what is different, or there no more, or new."""
    return [name for name in before | after if before.get(name, "absent") != after.get(name, "absent")]


def test_training_changes_what_is_looked_at(trained: Learner) -> None:
    """Or the tests below would look at nothing."""
    before = everything(trained)
    trained.fit(0.01, 1)
    found = {" ".join(name.split()[:2]) for name in changed(before, everything(trained))}
    expected = {"head 0", "head 1", "head 2", "head 3", "history", "files"}
    if not trained.body_is_frozen:
        expected |= {"weight stages.second.weight", "gradient stages.second.weight"}
    if trained.model.first_trainable == 0:
        expected |= {"weight stages.first.1.running_mean", "weight stages.first.1.num_batches_tracked"}
    assert expected <= found
    assert any(name.startswith("optimizer") for name in found) is not trained.body_is_frozen


def test_a_sweep_leaves_everything_as_it_was(trained: Learner) -> None:
    before = everything(trained)
    sweep = trained.lr_find(start=1e-3)
    assert len(sweep.rates) == STEPS
    assert len(set(sweep.losses)) == STEPS
    assert changed(before, everything(trained)) == []


def test_a_loss_that_blows_up_leaves_everything_as_it_was(trained: Learner) -> None:
    before = everything(trained)
    sweep = trained.lr_find(start=1, end=1e300 if trained.body_is_frozen else 1e38)  # torch refuses more than a float
    assert 1 < len(sweep.rates) < STEPS
    assert sweep.stopped.startswith("the loss was not finite at rate")
    assert changed(before, everything(trained)) == []


@pytest.mark.parametrize("error", [LossError, KeyboardInterrupt, TrainingError])
def test_a_loss_that_raises_leaves_everything_as_it_was(
    trained: Learner, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, seen = everything(trained), []

    def check(loss: float) -> None:
        """Stands where the loss is looked at; draws numbers and fails in the middle of the sweep."""
        if not trained.body_is_frozen:
            random.random()
            np.random.random()
            torch.rand(1)
        seen.append(loss)
        if len(seen) == FAILS_AT:
            raise TrainingError("broken", subject="loss") if error is TrainingError else error("broken")
        check_loss(loss)

    monkeypatch.setattr("unfreeze.training.head.check_loss", check)
    monkeypatch.setattr("unfreeze.training.suffix.check_loss", check)
    with expecting(None if error is TrainingError else error):
        sweep = trained.lr_find(start=1e-3)
        assert len(sweep.rates) == FAILS_AT - 1
    assert len(set(seen)) == FAILS_AT
    assert changed(before, everything(trained)) == []


def test_an_observer_that_raises_leaves_everything_as_it_was(trained: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(trained)

    def progress(task: str, done: int, total: int) -> None:
        if task == "learning rates tried" and done == FAILS_AT:
            raise KeyboardInterrupt

    monkeypatch.setattr(trained._observer, "progress", progress)
    with pytest.raises(KeyboardInterrupt):
        trained.lr_find(start=1e-3)
    assert changed(before, everything(trained)) == []


def test_rates_that_cannot_be_swept_leave_everything_as_it_was(trained: Learner) -> None:
    before = everything(trained)
    with pytest.raises(SettingsError, match="they must be positive and ascend"):
        trained.lr_find(start=1, end=1e-3)
    assert changed(before, everything(trained)) == []


def test_training_goes_on_as_if_nothing_had_been_swept(make_collection: MakeCollection) -> None:
    data = replace(ImageData.from_folder(make_collection({"red": 10, "blue": 10}), size_px=64), threads=1)
    weights = []
    for swept in (False, True):
        learner = Learner(data)
        learner.batch_size = 8
        learner.fit(0.01, 1)
        learner.precompute = False
        if swept:
            learner.lr_find()
        learner.fit(0.01, 2)
        weights.append([part.tobytes() for part in learner.model.head.copies()])
        assert [record.view for record in learner.history.epochs] == [0, 1, 2]
        learner.close()
    assert weights[0] == weights[1]


def test_a_small_set_loops_its_batches_for_a_hundred_steps(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Sequence[Sequence[int]]] = []
    sweep = Trainer.sweep

    def spy(
        self: Trainer, part: Trainable, batches: Sequence[Sequence[int]], examples: Examples, **named: Any
    ) -> LrSweep:
        given.append(batches)
        return sweep(self, part, batches, examples, **named)

    monkeypatch.setattr(Trainer, "sweep", spy)
    assert len(learner.lr_find(end=1e-3).rates) == 100
    orders = [list(chain(*given[0][start : start + 3])) for start in range(0, 99, 3)]  # 20 pictures in batches of 8
    assert all(sorted(order) == list(range(20)) for order in orders)
    assert len(set(map(tuple, orders))) == 33


def test_an_epoch_that_is_longer_than_a_hundred_steps_is_swept_whole(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unfreeze.learner.finding.LEAST_STEPS", 15)
    learner.batch_size = 1
    assert len(learner.lr_find(end=1e-3).rates) == 20
