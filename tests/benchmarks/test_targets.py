"""Each measure against what is wanted of it."""

from typing import Any

import pytest

from benchmarks.records import Record
from benchmarks.targets import targets, training_speed


def found(about: dict[str, Any], records: list[Record], measure: str) -> str:
    (text,) = [text for name, _, text in targets(about, records) if measure in name]
    return text


def test_what_was_not_measured_is_said_to_be_so(about: dict[str, Any]) -> None:
    assert {text for _, _, text in targets(about, [])} == {"not measured"}


def test_a_speedup_stands_beside_both_accuracies(about: dict[str, Any], records: list[Record]) -> None:
    text = found(about, records, "fine_tune(1)")
    assert text == "20.0x (10.0 to 30.0); accuracy 99.0 % against 95.0 %"


def test_speed_of_training_is_epochs_times_pictures_over_seconds(records: list[Record]) -> None:
    (run,) = [record for record in records if record.run == "ours-8-cold"]
    assert training_speed(run) == pytest.approx(3 * 100 / 30)


def test_the_late_body_is_compared_with_the_whole_network(about: dict[str, Any], records: list[Record]) -> None:
    text = found(about, records, "late body")
    assert text == "not measured cold, 5.0x warm; the whole network 10 a second"


def test_tta_is_the_difference_between_two_runs(about: dict[str, Any], records: list[Record]) -> None:
    ours = Record(run="ours-tta", round=0, seconds=15.0, peak_mib=1.0, more={"tta_accuracy": 0.9})
    phases = {"tta(n=4)": 100.0}
    theirs = Record(run="fastai-tta", round=0, seconds=200.0, peak_mib=1.0, phases=phases, more={"tta_accuracy": 0.8})
    text = found(about, [*records, ours, theirs], "TTA")
    assert text == "20.0x; ours takes 5.0 s; accuracy with TTA 90.0 % against 80.0 %"


def test_memory_is_compared(about: dict[str, Any]) -> None:
    few = Record(run="memory-few", round=0, seconds=1.0, peak_mib=1000.0)
    many = Record(run="memory-many", round=0, seconds=1.0, peak_mib=1100.0)
    assert found(about, [few, many], "memory at 1000 and at 50000") == "1000 and 1100 MiB, +10 %"
