"""Medians and ratios, and records that are read as they were written."""

from pathlib import Path

import pytest

from benchmarks.records import Record, Spread, of_run, ratio, read_records, spread, write_records


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle() -> None:
    assert spread([4.0, 1.0, 2.0, 8.0]) == Spread(median=3.0, least=1.0, most=8.0, count=4)


def test_nothing_has_no_median() -> None:
    assert spread([None, None]) is None


def test_a_ratio_is_taken_round_by_round(records: list[Record]) -> None:
    found = ratio(records, "fastai-fine-tune", "ours-1-3-cold")
    assert found == Spread(median=20.0, least=10.0, most=30.0, count=3)


def test_only_rounds_that_both_have_count(records: list[Record]) -> None:
    found = ratio(records, "fastai-fine-tune", "ours-8-cold")
    assert found == Spread(median=2.0, least=2.0, most=2.0, count=1)


def test_a_ratio_with_a_run_that_is_missing_is_none(records: list[Record]) -> None:
    assert ratio(records, "fastai-eight", "ours-8-cold") is None


def test_a_measure_of_one_s_own_is_used(records: list[Record]) -> None:
    found = ratio(records, "ours-8-cold", "ours-late-warm", lambda record: record.phases["step 8"])
    assert found
    assert found.median == pytest.approx(5.0)


def test_what_failed_is_no_measurement() -> None:
    failed = Record(run="timm-logistic", round=0, seconds=1.0, peak_mib=1.0, error="exit code 1")
    assert of_run([failed], "timm-logistic") == []


def test_records_are_read_as_they_were_written(tmp_path: Path, records: list[Record]) -> None:
    write_records(tmp_path / "a" / "b.json", {"date": "today"}, records)
    assert read_records([tmp_path / "a" / "b.json"]) == ({"date": "today"}, records)


def test_a_later_session_replaces_the_runs_that_it_has(tmp_path: Path, records: list[Record]) -> None:
    again = [Record(run="ours-8-cold", round=0, seconds=7.0, peak_mib=1.0)]
    write_records(tmp_path / "1.json", {"date": "then"}, records)
    write_records(tmp_path / "2.json", {"date": "now"}, again)
    about, found = read_records([tmp_path / "1.json", tmp_path / "2.json"])
    assert about == {"date": "now"}
    assert [record.seconds for record in of_run(found, "ours-8-cold")] == [7.0]
    assert len(of_run(found, "ours-1-3-cold")) == 3


def test_sessions_on_other_pictures_are_not_joined(tmp_path: Path, records: list[Record]) -> None:
    write_records(tmp_path / "1.json", {"pictures": "pets"}, records)
    write_records(tmp_path / "2.json", {"pictures": "digits"}, records)
    with pytest.raises(SystemExit, match=r"2\.json: pictures differ"):
        read_records([tmp_path / "1.json", tmp_path / "2.json"])
