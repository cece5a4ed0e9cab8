"""What is saved is gone on with to the last bit, wherever training was stopped."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from made import MakeCollection
from stopping import Stopping
from unfreeze.errors import RunError, SettingsError
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.network.folding import folded
from unfreeze.training.history import EpochRecord

STEPS_AN_EPOCH = 3
Train = Callable[[Learner], list[EpochRecord]]


def made(data: ImageData, folder: Path, *, stop_after: int = 0, every_step: bool = True) -> Learner:
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    learner = Learner(replace(data, batch_size=8), folder=folder, observer=Stopping(stop_after))
    learner.save_seconds = 0 if every_step else 1e9
    return learner


def cycles(learner: Learner) -> list[EpochRecord]:
    return learner.fit([0.001, 0.003, 0.01], 2, cycle_len=1, cycle_mult=2)


def head(learner: Learner) -> list[EpochRecord]:
    learner.precompute = False
    return cycles(learner)


def late(learner: Learner) -> list[EpochRecord]:
    learner.freeze_to(1)
    return cycles(learner)


def whole(learner: Learner) -> list[EpochRecord]:
    learner.unfreeze()
    return learner.fit_one_cycle(2, [0.001, 0.003, 0.01])


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "scratch.txt"}


@pytest.mark.parametrize("train", [head, late, whole])
@pytest.mark.parametrize("every_step", [True, False])
def test_a_fit_that_is_stopped_ends_as_if_it_had_not_been(
    data: ImageData, tmp_path: Path, train: Train, every_step: bool
) -> None:
    through = made(data, tmp_path / "through", every_step=every_step)
    expected = train(through)
    through.save()
    for stop_after in (2, 4) if train is whole else (1, 3, 5, 9):
        folder = tmp_path / f"stopped-{stop_after}"
        stopped = made(data, folder, stop_after=stop_after, every_step=every_step)
        with pytest.raises(KeyboardInterrupt):
            train(stopped)
        stopped.close()
        resumed = made(data, folder, every_step=every_step)
        if (folder / "checkpoints" / "state.safetensors").exists():
            resumed.load(resume=True)
            assert len(resumed.history.steps) >= (stop_after if every_step else 0) - 1
        else:
            (folder / "history.jsonl").unlink()
        assert train(resumed) == expected
        resumed.save()
        assert files(folder) == files(tmp_path / "through")
        resumed.close()
    through.close()


def test_a_saved_learner_comes_back_with_everything(data: ImageData, tmp_path: Path) -> None:
    first, second = Learner(data), Learner(data)
    first.batch_size = 8
    first.precompute = False
    head(first)
    whole(first)
    first.about = lambda: {"mine": [1, 2.5]}
    first.save(tmp_path / "saved")
    assert second.load(tmp_path / "saved") == {"mine": [1, 2.5]}
    assert second.history.to_dict() == first.history.to_dict()
    assert (second.batch_size, second.precompute) == (8, False)
    assert second.model.first_trainable == 0
    assert same(second.model.arrays(), first.model.arrays())
    assert same(second.model.weights(momenta=True).arrays(), first.model.weights(momenta=True).arrays())
    assert first.best is not None
    assert second.best is not None
    assert second.best.record == first.best.record
    assert same(second.best.weights.arrays(), first.best.weights.arrays())
    assert [found.cycle for found in second.snapshots] == [found.cycle for found in first.snapshots] == [0]
    assert np.array_equal(second.snapshots[0].valid_logits, first.snapshots[0].valid_logits)
    assert np.array_equal(second.evaluate().probabilities, first.evaluate().probabilities)
    for learner in (first, second):
        learner.fit(0.01, 1)
    assert same(second.model.arrays(), first.model.arrays())
    first.close()
    second.close()


def test_a_fit_begins_anew_unless_it_is_to_be_resumed(data: ImageData, tmp_path: Path) -> None:
    stopped = made(data, tmp_path, stop_after=2)
    with pytest.raises(KeyboardInterrupt):
        head(stopped)
    stopped.close()
    anew = made(data, tmp_path)
    anew.load()
    assert len(head(anew)) == 3
    assert len(anew.history.steps) == 1 + 9
    anew.close()


def test_the_weights_at_the_end_of_each_cycle_are_kept(data: ImageData, tmp_path: Path) -> None:
    learner = made(data, tmp_path)
    seen = []

    def spy() -> dict[str, int]:
        seen.append((len(learner.history.steps), learner.model.head.weight.copy()))
        return {}

    learner.about = spy
    head(learner)
    at_step = dict(seen)
    assert [found.cycle for found in learner.snapshots] == [0, 1]
    for found, step in zip(learner.snapshots, (3, 9), strict=True):
        assert np.array_equal(found.weights.head[0], at_step[step])
    names = {path.name for path in (tmp_path / "checkpoints").glob("epoch-*")}
    assert {found.file for found in learner.snapshots} <= names
    learner.close()


def test_what_cannot_be_loaded_is_said(data: ImageData, tmp_path: Path) -> None:
    learner = Learner(data)
    with pytest.raises(RunError, match="no folder of its own; name one"):
        learner.save()
    with pytest.raises(RunError, match="there is no such file"):
        learner.load(tmp_path)
    learner.save(tmp_path)
    state = tmp_path / "state.safetensors"
    whole_file = state.read_bytes()
    state.write_bytes(whole_file[: len(whole_file) // 2])
    with pytest.raises(RunError, match=r"cannot be read as weights .* cannot be gone on with") as raised:
        learner.load(tmp_path)
    assert raised.value.subject == str(tmp_path)
    state.write_bytes(whole_file)
    before = learner.history.to_dict()
    learner.model.backbone = "another"
    with pytest.raises(RunError, match="saved with backbone efficientnet_lite0, this learner has another"):
        learner.load(tmp_path)
    assert learner.history.to_dict() == before
    learner.close()


def test_weights_of_a_pretrained_body_come_back_after_a_trained_one_was_loaded(data: ImageData, tmp_path: Path) -> None:
    first, second = Learner(data), Learner(data)
    first.batch_size = 8
    first.fit(0.01, 1)
    best = first.best
    whole(first)
    first.state.best = best  # whose body is as it was pretrained
    first.freeze()
    first.save(tmp_path)
    second.load(tmp_path)
    for learner in (first, second):
        learner.restore_best()
    assert same(second.model.arrays(), first.model.arrays())
    first.close()
    second.close()


def test_a_fit_that_was_stopped_is_another_once_more_is_trained(data: ImageData, tmp_path: Path) -> None:
    stopped = made(data, tmp_path, stop_after=5)
    with pytest.raises(KeyboardInterrupt):
        cycles(stopped)
    stopped.close()
    resumed = made(data, tmp_path)
    resumed.load(resume=True)
    resumed.freeze_to(1)
    assert len(cycles(resumed)) == 3
    assert resumed.history.steps[-1].step == 4 + 9 - 1
    assert resumed.compare_snapshots() is not None
    resumed.close()
    resumed = made(data, tmp_path)
    resumed.load(resume=True)
    resumed.freeze()
    resumed.precompute = True
    assert resumed.history.epochs[-1].epoch + 3 == cycles(resumed)[-1].epoch
    resumed.close()


def test_epochs_at_a_constant_rate_are_no_cycles(learner: Learner) -> None:
    learner.fit(0.01, 2, warmup_steps=2)
    assert learner.snapshots == []
    learner.fit(0.01, 2, cycle_len=1, warmup_steps=2)
    assert len(learner.snapshots) == 2


def test_a_learners_folder_is_made(data: ImageData, tmp_path: Path) -> None:
    learner = Learner(data, folder=str(tmp_path / "runs/mine"))
    learner.fit(0.01, 1)
    assert (tmp_path / "runs/mine/history.jsonl").read_text().count('"epoch"') > 1
    assert (tmp_path / "runs/mine/checkpoints/state.safetensors").exists()
    with pytest.raises(RunError, match=r"history\.jsonl: cannot be made \(File exists\); choose another folder"):
        learner.save(tmp_path / "runs/mine/history.jsonl")
    learner.close()


def test_an_earlier_learners_save_is_not_replaced_in_silence(data: ImageData, tmp_path: Path) -> None:
    earlier = made(data, tmp_path)
    head(earlier)
    earlier.close()
    before = files(tmp_path)
    later = made(data, tmp_path)
    for act in (lambda: later.fit(0.01, 1), later.fit_exactly, later.save):
        with pytest.raises(
            RunError, match=r"holds what an earlier learner saved; load\(\) it, or choose another folder"
        ):
            act()
    assert files(tmp_path) == before
    later.load()
    later.fit(0.01, 1)
    assert len(later.history.epochs) == 4
    later.close()


@pytest.mark.parametrize("pictures", [0, 2.5])
def test_a_batch_size_that_makes_no_sense_is_said(learner: Learner, pictures: float) -> None:
    with pytest.raises(SettingsError, match=f"batch_size is {pictures}; it must be a whole number, at least 1"):
        learner.batch_size = pictures  # type: ignore[assignment]


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_other_classes_are_refused_and_other_validation_pictures_forget_the_best(
    data: ImageData, make_collection: MakeCollection, tmp_path: Path
) -> None:
    learner = Learner(data)
    learner.fit(0.01, 2, cycle_len=1)
    learner.save(tmp_path / "saved")
    counts = {"train/red": 10, "train/blue": 10, "valid/red": 2, "valid/blue": 2}
    fewer = Learner(ImageData.from_folder(make_collection(counts, "fewer"), size_px=64))
    fewer.load(tmp_path / "saved")
    assert (fewer.best, fewer.snapshots) == (None, [])
    assert np.array_equal(fewer.model.head.weight, learner.model.head.weight)
    counts = {"train/red": 4, "train/green": 4, "valid/red": 2, "valid/green": 2}
    other = Learner(ImageData.from_folder(make_collection(counts, "other"), size_px=64))
    with pytest.raises(RunError, match=r"saved with classes \['blue', 'red'\], this learner's are \['green', 'red'\]"):
        other.load(tmp_path / "saved")
    for one in (learner, fewer, other):
        one.close()


def test_saving_before_a_smaller_last_batch_changes_no_bit(
    data: ImageData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is folded depends on a batch's size, and the last batch of an epoch, of 4 pictures, has another one."""
    monkeypatch.setattr("unfreeze.training.suffix.folded", partial(folded, smallest_output=200_000))
    ends = []
    for every_step in (True, False):
        learner = made(data, tmp_path / str(every_step), every_step=every_step)
        whole(learner)
        ends.append(learner.model.weights(momenta=True).arrays())
        learner.close()
    assert same(*ends)
