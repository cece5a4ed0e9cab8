"""A learner with training options: resumed to the bit, validated under its average, and told what makes no sense."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labelled import labelled_data
from stopping import Stopping
from unfreeze.errors import SettingsError
from unfreeze.evaluation import metrics
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.training.checkpoints import read_weights
from unfreeze.training.history import EpochRecord
from unfreeze.training.options import TrainingOptions
from unfreeze.transforms.views import Augment

ALL = TrainingOptions(
    optimizer="adamw",
    weight_decay=0.05,
    label_smoothing=0.1,
    mixup=0.4,
    cutmix=1.0,
    balance="sampling",
    accumulate=2,
    clip_norm=0.5,
    ema=0.9,
)
RATES = [0.0001, 0.0003, 0.001]


def made(data: ImageData, folder: Path, options: TrainingOptions = ALL, *, stop_after: int = 0) -> Learner:
    learner = Learner(replace(data, batch_size=8), folder=folder, observer=Stopping(stop_after), options=options)
    learner.save_seconds = 0
    return learner


def head(learner: Learner) -> list[EpochRecord]:
    learner.precompute = False
    return learner.fit(RATES, 2, cycle_len=1)


def whole(learner: Learner) -> list[EpochRecord]:
    learner.unfreeze()
    return learner.fit(RATES, 1, cycle_len=2)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "scratch.txt"}


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("train", [head, whole])
def test_a_fit_that_is_stopped_ends_as_if_it_had_not_been(
    data: ImageData, tmp_path: Path, train: Callable[[Learner], list[EpochRecord]]
) -> None:
    through = made(data, tmp_path / "through")
    expected = train(through)
    through.save()
    for stop_after in (2, 4):
        stopped = made(data, tmp_path / str(stop_after), stop_after=stop_after)
        with pytest.raises(KeyboardInterrupt):
            train(stopped)
        stopped.close()
        resumed = made(data, tmp_path / str(stop_after))
        resumed.load(resume=True)
        assert len(resumed.history.steps) >= stop_after - 1
        assert resumed.state.average is not None
        assert train(resumed) == expected
        resumed.save()
        assert files(tmp_path / str(stop_after)) == files(tmp_path / "through")
        resumed.close()
    through.close()


def test_without_options_nothing_is_written_that_was_not_before(data: ImageData, tmp_path: Path) -> None:
    for name, options in (("none", None), ("default", TrainingOptions())):
        learner = Learner(replace(data, batch_size=8), folder=tmp_path / name, options=options)
        head(learner)
        learner.close()
    assert files(tmp_path / "none") == files(tmp_path / "default")
    arrays, facts = read_weights(tmp_path / "default/checkpoints/state.safetensors")
    assert not [name for name in arrays if name.startswith("average.") or "square." in name]
    assert "average" not in facts
    assert "optimizer" not in facts["about"]["model"]


@pytest.mark.parametrize("train", [head, whole])
def test_what_is_validated_kept_and_left_is_the_average(
    data: ImageData, tmp_path: Path, train: Callable[[Learner], list[EpochRecord]]
) -> None:
    learner = made(data, tmp_path / "average", TrainingOptions(ema=0.5))
    plain = made(data, tmp_path / "plain", TrainingOptions())
    seen: list[dict[str, np.ndarray]] = []

    def spy() -> dict[str, int]:
        if learner.state.average:
            seen.append(learner.state.average.arrays())
        return {}

    learner.about = spy
    records, others = train(learner), train(plain)
    assert [record.train_loss for record in records] == [record.train_loss for record in others]  # steps are the same
    assert [record.valid_loss for record in records] != [record.valid_loss for record in others]
    found = learner.model.weights().arrays()
    assert all(np.array_equal(found[name], mean) for name, mean in seen[-1].items())
    assert metrics.mean_loss(learner.evaluate()) == pytest.approx(records[-1].valid_loss, rel=1e-5)
    assert learner.best is not None
    learner.restore_best()
    best = min(records, key=lambda record: record.valid_loss)
    assert metrics.mean_loss(learner.evaluate()) == pytest.approx(best.valid_loss, rel=1e-5)
    assert learner.state.average is None
    assert same(learner.snapshots[-1].weights.arrays(), {**learner.snapshots[-1].weights.arrays(), **seen[-1]})
    learner.close()
    plain.close()


def test_validation_is_neither_smoothed_nor_weighted(data: ImageData, tmp_path: Path) -> None:
    options = TrainingOptions(label_smoothing=0.3, balance="weights")
    learner = made(data, tmp_path, options)
    record = learner.fit(0.01, 1)[0]
    assert record.valid_loss == pytest.approx(metrics.mean_loss(learner.evaluate()), rel=1e-5)
    learner.close()


@pytest.mark.parametrize(
    ("options", "train", "mixed"),
    [
        (TrainingOptions(mixup=0.3), head, True),
        (TrainingOptions(cutmix=0.3), head, False),
        (TrainingOptions(cutmix=0.3), whole, True),
        (TrainingOptions(), whole, False),
    ],
)
def test_no_accuracy_is_told_of_mixed_examples(
    data: ImageData,
    tmp_path: Path,
    options: TrainingOptions,
    train: Callable[[Learner], list[EpochRecord]],
    mixed: bool,
) -> None:
    learner = made(data, tmp_path, options)
    assert {record.train_accuracy is None for record in train(learner)} == {mixed}
    assert learner.lr_find(end=0.1).losses
    learner.close()


def test_every_class_is_shown_as_often_where_they_are_balanced(data: ImageData, tmp_path: Path) -> None:
    rows = data.table.of_split("train")
    fewer = [row for row in data.table.rows if row not in rows[:7]]  # 3 of the first class, 10 of the other
    uneven = replace(data, table=replace(data.table, rows=tuple(fewer)))
    learner = made(uneven, tmp_path, TrainingOptions(balance="sampling"))
    labels = uneven.targets(uneven.table.of_split("train"))
    shown = [int(labels[index]) for batch in learner.fitting.batches(0) for index in batch]
    assert sorted(np.bincount(shown).tolist()) == [6, 7]
    assert sorted(np.bincount(labels).tolist()) == [3, 10]
    weighted = made(uneven, tmp_path / "weighted", TrainingOptions(balance="weights"))
    weights = weighted.model.head.answer_weights
    assert weights is not None
    assert sorted(weights.tolist()) == pytest.approx([13 / 20, 13 / 6])
    learner.close()
    weighted.close()


def test_another_optimizers_memory_is_not_gone_on_with(data: ImageData, tmp_path: Path) -> None:
    adam = made(data, tmp_path / "adam", TrainingOptions(optimizer="adamw"))
    adam.fit(0.001, 1)
    lesson = made(data, tmp_path / "lesson", TrainingOptions())
    lesson.load(tmp_path / "adam/checkpoints")
    assert np.array_equal(lesson.model.head.weight, adam.model.head.weight)
    assert adam.model.head.weight_velocity.any()
    assert not lesson.model.head.weight_velocity.any()
    again = made(data, tmp_path / "again", TrainingOptions(optimizer="adamw"))
    again.load(tmp_path / "adam/checkpoints")
    assert same(again.model.weights(momenta=True).arrays(), adam.model.weights(momenta=True).arrays())
    assert again.model.head.steps == 3
    lesson.save(tmp_path / "other")
    again.load(tmp_path / "other")
    assert again.model.head.steps == 0
    assert not any(part.any() for part in again.model.head.copies()[2:])
    lesson.fit(0.001, 2, cycle_len=1)
    assert lesson.state.best is not None
    assert lesson.state.best.weights.head[2].any()
    lesson.save(tmp_path / "trained")
    again.load(tmp_path / "trained")
    again.restore_best()
    assert not any(part.any() for part in again.model.head.copies()[2:])
    assert not any(part.any() for each in again.state.snapshots for part in each.weights.head[2:])
    for learner in (adam, lesson, again):
        learner.close()


def test_other_options_begin_a_fit_anew(data: ImageData, tmp_path: Path) -> None:
    stopped = made(data, tmp_path, TrainingOptions(), stop_after=2)
    with pytest.raises(KeyboardInterrupt):
        head(stopped)
    stopped.close()
    resumed = made(data, tmp_path, TrainingOptions(label_smoothing=0.1))
    resumed.load(resume=True)
    assert len(head(resumed)) == 2
    assert len(resumed.history.steps) == 1 + 6
    resumed.close()


def test_what_cannot_be_used_here_is_said(data: ImageData, tmp_path: Path) -> None:
    several = labelled_data(tmp_path / "several", {"train": 5, "valid": 3})
    with pytest.raises(SettingsError, match="--balance sampling is for pictures with one label each"):
        Learner(several, options=TrainingOptions(balance="sampling"))
    with pytest.raises(SettingsError, match="--precision float16 needs a GPU"):
        Learner(data, options=TrainingOptions(precision="float16"))


def test_several_labels_take_all_options_but_sampling(tmp_path: Path) -> None:
    several = labelled_data(tmp_path / "several", {"train": 5, "valid": 3})
    learner = made(several, tmp_path / "run", replace(ALL, balance="weights"))
    records = [*head(learner), *whole(learner)]
    assert all(np.isfinite(record.valid_loss) for record in records)
    learner.close()


def test_strong_views_are_for_training_alone(data: ImageData, tmp_path: Path) -> None:
    strong = replace(data, transform=replace(data.transform, augment=Augment.TRIVIAL))
    learners = [made(found, tmp_path / name) for name, found in (("strong", strong), ("mild", data))]
    for learner in learners:
        learner.model.head.weight[:] = np.random.default_rng(0).normal(size=learner.model.head.weight.shape)
    tables = [learner.tta(2) for learner in learners]
    assert tables[0].tta is not None
    assert tables[1].tta is not None
    assert np.array_equal(tables[0].tta, tables[1].tta)
    trained = [next(learner.source.training(1).batches([range(20)]))[0] for learner in learners]
    assert not np.array_equal(trained[0], trained[1])
    plain = [next(learner.source.training(0).batches([range(20)]))[0] for learner in learners]
    assert np.array_equal(plain[0], plain[1])
    for learner in learners:
        learner.close()
