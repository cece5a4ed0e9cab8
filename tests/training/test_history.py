"""History as append-only plain data, and the rule that stops on overfitting."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from unfreeze.errors import RunError
from unfreeze.training.history import EpochRecord, History, StepRecord, stopped_improving


def epoch(cycle: int = 0, *, train: float = 1.0, valid: float = 1.0) -> EpochRecord:
    return EpochRecord(
        epoch=4,
        stage="head",
        cycle=cycle,
        ends_cycle=True,
        view=2,
        frozen=("early", "late"),
        train_loss=train,
        train_accuracy=0.5,
        eval_loss=None,
        valid_loss=valid,
        valid_accuracy=0.25,
    )


def step(number: int) -> StepRecord:
    return StepRecord(step=number, epoch=0, loss=0.1 + 0.2, rates={"early": 1e-7, "head": 0.01})


def test_each_record_is_a_line_of_json(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    history.add_step(step(0))
    history.add_step(step(1))
    history.add_epoch(epoch(valid=2.0))
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    expected = asdict(epoch(valid=2.0)) | {"kind": "epoch", "overfitting": True, "frozen": ["early", "late"]}
    assert lines == [{"kind": "step", **asdict(step(0))}, {"kind": "step", **asdict(step(1))}, expected]


def test_records_are_kept_in_order_with_and_without_a_file(tmp_path: Path) -> None:
    for history in (History(), History(tmp_path / "history.jsonl")):
        history.add_step(step(0))
        history.add_epoch(epoch())
        history.add_step(step(1))
        assert history.steps == [step(0), step(1)]
        assert history.epochs == [epoch()]


def test_histories_share_no_records() -> None:
    History().add_step(step(0))
    assert History().steps == []


def test_file_is_only_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("what was there\n", encoding="utf-8")
    History(path).add_step(step(0))
    first = path.read_bytes()
    assert first.startswith(b"what was there\n{")
    History(path).add_step(step(1))
    assert path.read_bytes().startswith(first)
    assert path.read_bytes().count(b"\n") == 3


def test_record_is_on_disk_as_soon_as_it_was_added(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    for number in range(3):
        history.add_step(step(number))
        assert (tmp_path / "history.jsonl").read_bytes().count(b"\n") == number + 1


def test_file_that_cannot_be_written_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where the folder should be")
    path = tmp_path / "run" / "history.jsonl"
    with pytest.raises(RunError, match=r"history\.jsonl: cannot be written \(Not a directory\)") as error:
        History(path).add_epoch(epoch())
    assert error.value.subject == str(path)


@pytest.mark.parametrize(("train", "valid", "overfits"), [(1.0, 1.1, True), (1.0, 1.0, False), (1.1, 1.0, False)])
def test_overfitting_is_validation_loss_above_training_loss(train: float, valid: float, overfits: bool) -> None:
    assert epoch(train=train, valid=valid).overfitting is overfits


@pytest.mark.parametrize(
    ("train", "valid", "stops"),
    [
        (0.8, 1.1, True),
        (0.8, 1.0, True),  # as good as before is no better
        (0.8, 0.9, False),
        (1.0, 1.1, False),  # training no longer falls: there is nothing to overfit with
        (1.2, 1.1, False),
        (1.2, 0.9, False),
    ],
)
def test_stops_where_validation_is_no_better_while_training_falls(train: float, valid: float, stops: bool) -> None:
    assert stopped_improving([epoch(0), epoch(1, train=train, valid=valid)]) is stops


def test_first_cycle_never_stops() -> None:
    assert not stopped_improving([epoch(0)])
    assert not stopped_improving([epoch(0, train=1.0, valid=1.0), epoch(0, train=0.5, valid=2.0)])


def test_best_epoch_of_a_whole_cycle_counts() -> None:
    before = [epoch(0, train=1.0, valid=1.0)]
    better_within = [epoch(1, train=0.9, valid=0.9), epoch(1, train=0.5, valid=1.5)]
    worse_throughout = [epoch(1, train=0.9, valid=1.2), epoch(1, train=0.5, valid=1.1)]
    assert not stopped_improving(before + better_within)
    assert stopped_improving(before + worse_throughout)


def test_best_of_all_earlier_cycles_is_what_must_be_bettered() -> None:
    earlier = [epoch(0, train=1.0, valid=0.5), epoch(1, train=0.9, valid=0.8)]
    assert stopped_improving([*earlier, epoch(2, train=0.8, valid=0.7)])
    assert not stopped_improving([*earlier, epoch(2, train=0.95, valid=0.7)])  # training rose since the cycle before
