"""Rows of parity: each model once, and those that are kept are not computed again."""

import argparse
from pathlib import Path

from benchmarks.parity import Case, Row, cases, read_rows, rows
from made import write_collection


def row_of(case: Case) -> Row:
    return Row(name=case.name, pictures=20, differences=(2e-6, 0.0, 1e-7), features=3e-6, undecided=7)


def test_every_model_that_is_asked_for_once(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "shapes", {"train/a": 3, "train/b": 3, "valid/a": 2, "valid/b": 2})
    options = argparse.Namespace(pictures=[pictures], train=2, valid=2, backbones="one,two", squares="crop,pad")
    found = list(cases(options, tmp_path / "work"))
    assert [case.name for case in found] == ["shapes/one/crop", "shapes/one/pad", "shapes/two/crop", "shapes/two/pad"]
    assert len(list(found[0].pictures.glob("valid/*/*"))) == 2


def test_what_is_kept_is_not_computed_again_and_a_broken_line_is_none(tmp_path: Path) -> None:
    asked = [Case(pictures=Path("cats"), backbone="one", square=square) for square in ("crop", "squash", "pad")]
    kept, computed = tmp_path / "rows.jsonl", []

    def compute(case: Case) -> Row:
        computed.append(case.square)
        return row_of(case)

    first = rows(asked, compute, kept=kept)
    assert [next(first), next(first)] == [row_of(asked[0]), row_of(asked[1])]
    assert computed == ["crop", "squash"]
    whole = kept.read_text()
    kept.write_text(whole[: whole.rindex('"undecided"')])
    assert list(rows(asked, compute, kept=kept)) == [row_of(case) for case in asked]
    assert computed == ["crop", "squash", "squash", "pad"]
    assert [row.name for row in read_rows(kept)] == [case.name for case in asked]
    assert list(rows(asked[:1], compute, kept=None)) == [row_of(asked[0])]
    assert computed[4:] == ["crop"]


def test_a_row_names_its_parts() -> None:
    found = row_of(Case(pictures=Path("cats"), backbone="one", square="pad")).cells()
    assert found == "| cats | one | pad | 20 | 2.0e-06 | 0.0e+00 | 1.0e-07 | 3.0e-06 | 7 |"
