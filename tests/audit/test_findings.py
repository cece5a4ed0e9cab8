"""Findings come in the order of their grades, and their table can be read again."""

import csv
import io
from pathlib import Path

from unfreeze.audit.findings import (
    MEANINGS,
    Finding,
    Grade,
    Kind,
    by_kind,
    corrections_csv,
    findings_csv,
    in_order,
    must_be_mended,
)
from unfreeze.images.manifest import read_manifest


def test_every_kind_has_a_meaning_and_grades_come_in_order() -> None:
    assert set(MEANINGS) == set(Kind)
    assert MEANINGS[Kind.LEAK].grade is Grade.MEND
    grades = [meaning.grade for meaning in MEANINGS.values()]
    assert grades == sorted(grades, key=list(Grade).index)


def test_what_must_be_mended_comes_first_then_what_is_surest() -> None:
    tiny, sure, unsure = (
        Finding(Kind.TINY, "a"),
        Finding(Kind.LABEL, "z", score=0.9),
        Finding(Kind.LABEL, "b", score=0.2),
    )
    broken = Finding(Kind.BROKEN, "c")
    assert in_order([tiny, unsure, broken, sure]) == (broken, sure, unsure, tiny)
    assert list(by_kind([tiny, unsure, broken, sure])) == [Kind.BROKEN, Kind.LABEL, Kind.TINY]


def test_only_what_must_be_mended_fails_a_strict_check() -> None:
    assert not must_be_mended([Finding(Kind.LABEL, "a"), Finding(Kind.TINY, "b")])
    assert must_be_mended([Finding(Kind.TINY, "b"), Finding(Kind.LEAK, "a")])


def test_the_table_can_be_read_again_whatever_the_names() -> None:
    odd = 'a,"b"\r\n\udce4.png'
    data = findings_csv([Finding(Kind.LEAK, odd, "train", "other.png", 0.98765, "same; both")])
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8", "surrogateescape"), newline="")))
    assert rows == [
        {
            "kind": "leak",
            "path": odd,
            "split": "train",
            "related": "other.png",
            "score": "0.9877",
            "detail": "same; both",
        }
    ]


def test_corrections_do_nothing_until_they_are_decided_on(tmp_path: Path) -> None:
    suspect = Finding(Kind.LABEL, "a.png", "train", "dog", 0.9, "looks like dog")
    file = tmp_path / "corrections.csv"
    file.write_bytes(corrections_csv([Finding(Kind.LEAK, "b.png", "train", "c.png"), suspect]))
    assert read_manifest(file, "relabel") == read_manifest(file, "exclude") == ()
    file.write_bytes(file.read_bytes().replace(b"keep,", b"relabel,"))
    assert [(entry.path, entry.label) for entry in read_manifest(file, "relabel")] == [("a.png", "dog")]
    assert read_manifest(file, "exclude") == ()
