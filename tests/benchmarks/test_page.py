"""The page says what the records hold, and what they do not."""

from typing import Any

from benchmarks.page import number, page, table
from benchmarks.records import Record, Spread


def test_a_single_value_has_no_range() -> None:
    assert number(Spread(median=2.0, least=2.0, most=2.0, count=1), digits=2) == "2.00"


def test_no_value_is_a_dash() -> None:
    assert number(None) == "-"


def test_a_table_without_rows_is_nothing() -> None:
    assert table(["a", "b"], []) == ""


def test_a_table_has_a_line_a_row() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_the_page_names_what_figures_depend_on(about: dict[str, Any], records: list[Record]) -> None:
    found = page(about, records)
    for text in ("2026-01-02, abc1234", "a processor, 2 cores", "torch 2.0", "fastai 2.1", "pets, 10 training"):
        assert text in found


def test_time_and_accuracy_stand_side_by_side(about: dict[str, Any], records: list[Record]) -> None:
    found = page(about, records)
    row = "| fastai, fine_tune(1) | 200.0 (100.0 to 300.0) | 95.0 (95.0 to 95.0) | - | 1000 (1000 to 1000) | 3 |"
    assert row in found


def test_runs_that_were_not_taken_have_no_row(about: dict[str, Any], records: list[Record]) -> None:
    assert "timm, DataLoader" not in page(about, records)


def test_a_failure_is_said(about: dict[str, Any], records: list[Record]) -> None:
    failed = Record(run="timm-logistic", round=0, seconds=1.0, peak_mib=1.0, error="exit code 1: a | b")
    assert "| `timm-logistic` | exit code 1: a / b |" in page(about, [*records, failed])
    assert "What failed" not in page(about, records)


def test_the_rest_of_the_process_is_its_start_in_the_profile(about: dict[str, Any]) -> None:
    run = Record(run="profile", round=0, seconds=10.0, peak_mib=1.0, phases={"scan": 1.0, "step 1: x": 4.0})
    found = page(about, [run])
    assert "| process start and imports | 5.00 | 50 % |" in found
    assert "| step 1: x | 4.00 | 40 % |" in found
