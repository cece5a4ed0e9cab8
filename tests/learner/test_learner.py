"""The lesson's controls, on a collection that is learnt at once."""

import copy
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from made import MakeCollection, write_collection
from unfreeze.activations.extract import read_squares
from unfreeze.errors import CollectionError, SettingsError, TrainingError
from unfreeze.evaluation import metrics
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.network.build import build_network
from unfreeze.training.batches import Batch
from unfreeze.training.loop import StepSums
from unfreeze.transforms.render import Squared
from unfreeze.transforms.transform import Transform


def state(learner: Learner) -> dict[str, np.ndarray]:
    """All weights of a learner, by name."""
    return learner.model.arrays()


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray], only: str = "") -> bool:
    return all(np.array_equal(a[name], b[name]) for name in a if only in name)


def without_head(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array for name, array in weights.items() if "head" not in name}


def test_a_new_learner_is_frozen_up_to_its_head_and_precomputes(learner: Learner) -> None:
    assert learner.network.frozen_groups == learner.model.frozen_groups == ("early", "late")
    assert learner.body_is_frozen
    assert learner.precompute
    assert learner.epoch_steps == 3  # 20 pictures in batches of 8


def test_training_the_head_learns_and_leaves_the_body_alone(learner: Learner) -> None:
    before = state(learner)
    records = learner.fit(0.01, 2)
    assert [record.view for record in records] == [0, 0]
    assert records[-1].valid_loss < np.log(2)
    assert records[-1].eval_loss is not None
    assert same(without_head(before), state(learner))
    assert not same(before, state(learner), only="head")


def test_epochs_walk_through_the_stored_views(learner: Learner) -> None:
    learner.precompute = False
    records = learner.fit(0.01, 4, cycle_len=1)
    assert [record.view for record in records] == [1, 2, 3, 1]
    assert [record.cycle for record in records] == [0, 1, 2, 3]
    assert all(record.ends_cycle for record in records)


def test_stored_views_are_the_same_training_as_pictures(data: ImageData) -> None:
    """The head trained on stored views equals the head trained in torch through the whole network, dropout left out."""
    trained = []
    for stored in (True, False):
        learner = Learner(data, build_network(classes=2))
        learner.precompute = False
        learner.model.head.dropout = 0
        if not stored:
            learner.unfreeze()  # pictures are read; the body's rates are next to nothing
            learner.network.stages["head"][0].p = 0  # type: ignore[index]
        before = without_head(state(learner))
        learner.fit([1e-30, 1e-30, 0.01], 2)
        assert same(before, state(learner))
        trained.append(learner.model.head.weight.copy())
        learner.close()
    largest = np.abs(trained[0]).max()
    assert largest > 1e-3
    assert np.allclose(trained[0], trained[1], atol=1e-3 * largest)  # activations are stored as float16


def test_rates_of_the_schedule_are_recorded_for_each_group(learner: Learner) -> None:
    learner.fit([0.001, 0.002, 0.01], 2, cycle_len=1)
    heads = [record.rates["head"] for record in learner.history.steps]
    assert heads == pytest.approx([0.01, 0.0075, 0.0025] * 2)
    assert learner.history.steps[0].rates == {"early": 0.001, "late": 0.002, "head": 0.01}


def test_the_finder_leaves_not_one_bit_of_the_head_changed(learner: Learner) -> None:
    learner.fit(0.01, 1)
    before = learner.model.head.copies()
    sweep = learner.lr_find()
    assert 0 < len(sweep.rates) <= 100
    assert all(part.any() for part in before)
    assert all(map(np.array_equal, before, learner.model.head.copies()))
    assert len(learner.history.steps) == 3


def test_the_finder_leaves_not_one_bit_of_the_network_changed(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unfreeze.learner.finding.LEAST_STEPS", 4)
    learner.unfreeze()
    learner.fit(0.001, 1)
    before, head = state(learner), learner.model.head.copies()
    optimizer = copy.deepcopy(learner.model.suffix.optimizer.state_dict())
    modes = [module.training for module in learner.network.modules()]
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    learner.lr_find()
    assert torch.equal(torch.rand(1), expected)
    assert same(before, state(learner))
    assert all(map(np.array_equal, head, learner.model.head.copies()))
    assert [module.training for module in learner.network.modules()] == modes
    after = learner.model.suffix.optimizer.state_dict()
    assert after["param_groups"] == optimizer["param_groups"]
    momenta = {key: found["momentum_buffer"] for key, found in optimizer["state"].items()}
    assert len(momenta) == len(list(learner.network.parameters()))
    assert all(torch.equal(after["state"][key]["momentum_buffer"], found) for key, found in momenta.items())


def test_the_finder_keeps_the_ratios_of_the_groups(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unfreeze.learner.finding.LEAST_STEPS", 4)
    learner.unfreeze()
    used: list[Sequence[float]] = []
    step = learner.model.suffix.train_step

    def spy(batch: Batch, rates: Sequence[float], *, seed: int) -> StepSums:
        used.append(rates)
        return step(batch, rates, seed=seed)

    monkeypatch.setattr(learner.model.suffix, "train_step", spy)
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
        assert not np.array_equal(before[f"stages.{part}"], after[f"stages.{part}"]), part


def test_freezing_again_goes_back_to_stored_activations(learner: Learner) -> None:
    learner.unfreeze()
    learner.fit(0.001, 1)
    learner.freeze()
    body = without_head(state(learner))
    record = learner.fit(0.01, 1)[0]
    assert record.frozen == ("early", "late")
    assert record.eval_loss is not None
    assert same(body, state(learner))


def test_the_best_weights_come_back(learner: Learner) -> None:
    learner.fit(0.01, 3)
    best = learner.best
    assert best is not None
    assert best.record.valid_loss == min(record.valid_loss for record in learner.history.epochs)
    learner.model.head.weight[...] = 1
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
    monkeypatch.setattr("unfreeze.learner.fitting.stopped_improving", lambda records: len(records) >= 3)
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
    assert learner.best is not None
    expected = {learner.best.file, "state.safetensors", "scratch.txt"}
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == expected
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


def test_training_the_head_does_not_depend_on_threads(data: ImageData) -> None:
    weights = []
    for threads in (1, 2, 3):
        learner = Learner(replace(data, threads=threads), use_store=False)
        learner.precompute = False
        learner.fit(0.01, 2)
        weights.append(learner.model.head.copies())
        learner.close()
    assert all(map(np.array_equal, weights[0], weights[1]))
    assert all(map(np.array_equal, weights[0], weights[2]))


def test_test_time_augmentation_decodes_each_picture_once(learner: Learner, decoded: list[str]) -> None:
    table = learner.evaluate(("train", "valid"), tta_views=2)
    assert sorted(decoded) == sorted(table.paths)
    assert len(decoded) == 28
    learner.evaluate(("train", "valid"), tta_views=2)
    assert len(decoded) == 28
    learner.evaluate(("train", "valid"), tta_views=4)
    assert len(decoded) == 2 * 28  # two views more, drawn from one picture


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, tuple[int, ...]]]:
    """Split, view and shape of each square that is drawn."""
    seen: list[tuple[str, int, tuple[int, ...]]] = []

    def spy(table: ImageTable, transform: Transform, row: ImageRow, views: Sequence[int]) -> list[Squared]:
        squares = read_squares(table, transform, row, views)
        seen.extend((row.split, view, square.shape) for view, square in zip(views, squares, strict=True))
        return squares

    monkeypatch.setattr("unfreeze.activations.extract.read_squares", spy)
    monkeypatch.setattr("unfreeze.training.batches.read_squares", spy)
    return seen


def test_early_cycles_may_take_smaller_squares(learner: Learner, drawn: list[tuple[str, int, tuple[int, ...]]]) -> None:
    learner.unfreeze()
    learner.fit(1e-4, 3, cycle_len=1, sizes_px=(32, 48))
    shapes = {(split, view): shape for split, view, shape in drawn}
    assert shapes == {
        ("train", 1): (3, 32, 32),
        ("train", 2): (3, 48, 48),
        ("train", 3): (3, 48, 48),  # the last size from then on
        ("valid", 0): (3, 64, 64),
    }
    drawn.clear()
    learner.fit(1e-4, 1)
    assert {shape for split, _, shape in drawn if split == "train"} == {(3, 64, 64)}


@pytest.mark.parametrize("group", [1, 2])
def test_squares_of_several_sizes_need_the_whole_network(learner: Learner, group: int) -> None:
    learner.freeze_to(group)
    with pytest.raises(SettingsError, match="squares of several sizes need the whole network unfrozen"):
        learner.fit(0.01, 1, sizes_px=(32,))
    assert learner.history.steps == []


def test_an_exact_head_needs_no_steps(learner: Learner) -> None:
    record = learner.fit_exactly()
    assert learner.history.steps == []
    assert learner.history.epochs == [record]
    assert (record.view, record.frozen, record.ends_cycle) == (0, ("early", "late"), True)
    valid = learner.evaluate()
    assert metrics.mean_loss(valid) == pytest.approx(record.valid_loss, abs=1e-6)
    assert record.valid_loss < np.log(2) / 2
    assert learner.best is not None
    assert learner.best.record == record
    learner.freeze_to(1)
    with pytest.raises(SettingsError, match="only the head can be fitted exactly; freeze the body first"):
        learner.fit_exactly()


@pytest.mark.parametrize("group", [0, 2])
def test_estimating_the_time_changes_nothing(learner: Learner, group: int) -> None:
    learner.freeze_to(group)
    before, momenta = state(learner), learner.model.head.copies()
    assert 0 < learner.estimated_seconds(1) < learner.estimated_seconds(100)
    assert same(before, state(learner))
    assert all(map(np.array_equal, momenta, learner.model.head.copies()))
    assert learner.history.steps == []
