"""The lesson's controls, on a collection that is learnt at once."""

import copy
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from made import MakeCollection, write_collection
from unfreeze.errors import CollectionError, SettingsError, TrainingError
from unfreeze.evaluation import metrics
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.network.build import build_network


def state(learner: Learner) -> dict[str, torch.Tensor]:
    return copy.deepcopy(learner.network.state_dict())


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor], only: str = "") -> bool:
    return all(torch.equal(a[name], b[name]) for name in a if only in name)


def test_a_new_learner_is_frozen_up_to_its_head_and_precomputes(learner: Learner) -> None:
    assert learner.network.frozen_groups == ("early", "late")
    assert learner.body_is_frozen
    assert learner.precompute
    assert learner.epoch_steps == 3  # 20 pictures in batches of 8


def test_training_the_head_learns_and_leaves_the_body_alone(learner: Learner) -> None:
    before = state(learner)
    records = learner.fit(0.01, 2)
    assert [record.view for record in records] == [0, 0]
    assert records[-1].valid_loss < np.log(2)
    assert records[-1].eval_loss is not None
    body = {name: tensor for name, tensor in before.items() if "head" not in name}
    assert same(body, state(learner))
    assert not same(before, state(learner), only="head")


def test_epochs_walk_through_the_stored_views(learner: Learner) -> None:
    learner.precompute = False
    records = learner.fit(0.01, 4, cycle_len=1)
    assert [record.view for record in records] == [1, 2, 3, 1]
    assert [record.cycle for record in records] == [0, 1, 2, 3]
    assert all(record.ends_cycle for record in records)


def test_stored_views_are_the_same_training_as_pictures(data: ImageData) -> None:
    """The head's weights after an epoch on stored views equal those after one through the whole frozen network."""
    trained = []
    for stored in (True, False):
        learner = Learner(data, build_network(classes=2))
        learner.precompute = False
        if not stored:
            parameter = next(learner.network.stages["stem"].parameters())
            parameter.requires_grad_(True)  # the cut moves to the stem: pictures are read; its rate is next to nothing
        learner.fit([1e-30, 1e-30, 0.01], 2)
        trained.append(learner.network.classifier.weight.detach().clone())
        learner.close()
    assert torch.allclose(trained[0], trained[1], atol=1e-5)
    assert trained[0].abs().max() > 1e-3


def test_rates_of_the_schedule_are_recorded_for_each_group(learner: Learner) -> None:
    learner.fit([0.001, 0.002, 0.01], 2, cycle_len=1)
    heads = [record.rates["head"] for record in learner.history.steps]
    assert heads == pytest.approx([0.01, 0.0075, 0.0025] * 2)
    assert learner.history.steps[0].rates == {"early": 0.001, "late": 0.002, "head": 0.01}


def test_the_finder_leaves_not_one_bit_changed(learner: Learner) -> None:
    learner.fit(0.01, 1)
    before, optimizer = state(learner), copy.deepcopy(learner.trainer.optimizer.state_dict())
    modes = [module.training for module in learner.network.modules()]
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    sweep = learner.lr_find()
    assert torch.equal(torch.rand(1), expected)
    assert len(sweep.rates) <= 100
    assert same(before, state(learner))
    assert [module.training for module in learner.network.modules()] == modes
    after = learner.trainer.optimizer.state_dict()
    assert after["param_groups"] == optimizer["param_groups"]
    assert all(
        torch.equal(after["state"][k]["momentum_buffer"], v["momentum_buffer"]) for k, v in optimizer["state"].items()
    )
    assert len(learner.history.steps) == 3


def test_the_finder_keeps_the_ratios_of_the_groups(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unfreeze.learner.learner.LEAST_STEPS", 4)
    learner.unfreeze()
    used: list[list[float]] = []
    step = learner.trainer.optimizer.step
    groups = learner.trainer.optimizer.param_groups

    def spy() -> None:
        used.append([group["lr"] for group in groups])
        step()

    learner.trainer.optimizer.step = spy  # type: ignore[method-assign,assignment]
    learner.lr_find(rates=[1, 3, 9], end=1e-6)
    assert len(used) == 4
    assert all(rates == pytest.approx([rates[2] / 9, rates[2] / 3, rates[2]]) for rates in used)


def test_unfreezing_trains_all_groups_and_keeps_batch_norm_statistics(learner: Learner) -> None:
    learner.unfreeze()
    assert not learner.precompute
    before = state(learner)
    records = learner.fit([0.001, 0.003, 0.01], 1)
    after = state(learner)
    assert records[0].frozen == ()
    assert records[0].eval_loss is None
    assert same(before, after, only="running")
    for part in ("stem.0.weight", "block6.0.conv_pw.weight", "neck.1.weight", "head.1.weight"):
        assert not torch.equal(before[f"stages.{part}"], after[f"stages.{part}"]), part


def test_freezing_again_goes_back_to_stored_activations(learner: Learner) -> None:
    learner.unfreeze()
    learner.fit(0.001, 1)
    learner.freeze()
    body = {name: tensor for name, tensor in state(learner).items() if "head" not in name}
    record = learner.fit(0.01, 1)[0]
    assert record.frozen == ("early", "late")
    assert record.eval_loss is not None
    assert same(body, state(learner))


def test_the_best_weights_come_back(learner: Learner) -> None:
    learner.fit(0.01, 3)
    best = learner.best
    assert best is not None
    assert best.record.valid_loss == min(record.valid_loss for record in learner.history.epochs)
    torch.nn.init.ones_(learner.network.classifier.weight)
    learner.restore_best()
    valid = learner.evaluate()
    assert metrics.mean_loss(valid) == pytest.approx(best.record.valid_loss, abs=1e-6)
    assert metrics.accuracy(valid) == best.record.valid_accuracy


def test_a_set_that_overfits_stops_after_the_cycle_that_shows_it(make_collection: MakeCollection) -> None:
    """Labels of the validation pictures are exchanged, so that every step of training makes their loss higher."""
    root = make_collection({"train/red": 10, "train/blue": 10, "valid/red": 1, "valid/blue": 1}, "swapped")
    write_collection(root / "swapping", {"red": 4, "blue": 4})
    for given, other in (("red", "blue"), ("blue", "red")):
        shutil.rmtree(root / "valid" / given)
        shutil.move(root / "swapping" / other, root / "valid" / given)
    learner = Learner(ImageData.from_folder(root, size_px=64), build_network(classes=2))
    records = learner.fit(0.001, 4, cycle_len=1, cycle_mult=2, until_overfit=True)
    assert len(records) == 3  # the first cycle sets the mark, the second, of two epochs, does not reach it
    assert learner.best is not None
    assert learner.best.record.epoch == 0


def test_a_set_that_does_not_overfit_takes_all_cycles(learner: Learner) -> None:
    assert len(learner.fit(0.001, 3, cycle_len=1, cycle_mult=2, until_overfit=True)) == 7


def test_training_stops_when_a_cycle_only_overfits(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unfreeze.learner.learner.stopped_improving", lambda records: len(records) >= 3)
    assert len(learner.fit(0.01, 3, cycle_len=1, cycle_mult=2, until_overfit=True)) == 3  # 1 + 2 of 1 + 2 + 4
    assert len(learner.fit(0.01, 2, cycle_len=1, cycle_mult=2)) == 3


def test_a_fraction_of_an_epoch_can_be_a_cycle(learner: Learner) -> None:
    records = learner.fit(0.01, 2, cycle_len=1)
    assert len(learner.history.steps) == 6
    assert len(records) == 2
    learner.batch_size = 10
    learner.fit(0.01, 1, cycle_len=0.5)
    assert len(learner.history.steps) == 7


def test_a_list_of_rates_must_name_every_group(learner: Learner) -> None:
    with pytest.raises(SettingsError, match="2 learning rates given; 3 expected"):
        learner.fit([0.1, 0.2], 1)


def test_groups_and_classes_that_are_not_there_are_named(learner: Learner, data: ImageData) -> None:
    with pytest.raises(SettingsError, match="there is no layer group 5; groups are early, late, head"):
        learner.freeze_to(5)
    with pytest.raises(SettingsError, match="the network has 3 classes, the data 2; build it with classes=2"):
        Learner(data, build_network(classes=3))
    with pytest.raises(SettingsError, match="square is 'corp'; it must be one of crop, squash, pad; did you mean crop"):
        ImageData.from_folder(data.table.root, square="corp")


def test_a_loss_that_is_not_finite_stops_training(learner: Learner) -> None:
    with pytest.raises(TrainingError, match="choose a lower learning rate"):
        learner.fit(1e38, 3)


def test_evaluation_names_every_validation_picture(learner: Learner) -> None:
    learner.fit(0.01, 1)
    table = learner.evaluate(tta_views=2)
    assert table.paths == tuple(row.path for row in learner.data.table.of_split("valid"))
    assert table.tta is not None
    assert not np.array_equal(table.tta, table.probabilities)
    with pytest.raises(CollectionError, match="no pictures in test"):
        learner.evaluate(("test",))


def test_history_and_best_weights_are_written_as_they_come(data: ImageData, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    learner = Learner(data, build_network(classes=2), folder=tmp_path)
    learner.fit(0.01, 2)
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["step", "epoch"] * 2  # one batch of 20 an epoch
    assert {"train_loss", "valid_loss", "overfitting", "frozen", "view"} <= set(lines[1])
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["best.safetensors"]
    learner.close()


def test_the_same_seed_trains_the_same_weights(data: ImageData) -> None:
    weights = []
    for _ in range(2):
        learner = Learner(data, build_network(classes=2), use_store=False)
        learner.fit(0.01, 1)
        learner.unfreeze()
        learner.fit(0.001, 1)
        weights.append(state(learner))
        learner.close()
    assert same(weights[0], weights[1])


@pytest.mark.parametrize("threads", [1, 2])
def test_training_the_head_does_not_depend_on_threads(data: ImageData, threads: int) -> None:
    from dataclasses import replace

    learner = Learner(replace(data, threads=threads), build_network(classes=2))
    learner.precompute = False
    learner.fit(0.01, 2)
    reference = Learner(replace(data, threads=3), build_network(classes=2))
    reference.precompute = False
    reference.fit(0.01, 2)
    assert same(state(learner), state(reference))
    learner.close()
    reference.close()
