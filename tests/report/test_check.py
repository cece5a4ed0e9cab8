"""The doctor's page: true to the findings, self-contained, and not to be scripted by names."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from browsing import assert_accessible, assert_sound
from made import write_collection
from unfreeze.audit.copies import Leak
from unfreeze.audit.examine import Examination
from unfreeze.audit.findings import Finding, Kind
from unfreeze.audit.shortcuts import Probe
from unfreeze.images.scan import scan_folder
from unfreeze.report.check import SHOWN, check_page

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def examination(tmp_path: Path) -> Examination:
    counts = {f"{split}/{name}": 3 for split in ("train", "valid") for name in ("red", HOSTILE)}
    table = scan_folder(write_collection(tmp_path / "pictures", counts))
    leaking = Finding(Kind.LEAK, "train/red/001.png", "train", f"valid/{HOSTILE}/002.png", 0.98, "mirrored")
    return Examination(
        table=table,
        findings=(leaking, Finding(Kind.BROKEN, "train/red/x.png", detail=HOSTILE), Finding(Kind.ODD, detail="a note")),
        pairs=(),
        judged=12,
        right=9,
        probes=(Probe(name="the shape", accuracy=0.9, interval=(0.8, 0.95), chance=0.5),),
        leak=Leak(copied=1, pictures=6, right_with=4, right_without=3, chance=1.0),
    )


def test_a_pair_is_shown_with_both_pictures_and_what_the_leak_does(examination: Examination) -> None:
    page = check_page(examination, title="pets")
    assert page.count('<img src="data:image/jpeg;base64,') == 2
    assert (
        "What it does:</strong> training has copies of 1 of 6 validation pictures; a head gets 66.7% (30.0% to 90.3%)"
        in page
    )
    assert "get 75.0% of the rest right" in page
    assert "the shape" in page
    assert "80.0\u00a0% to 95.0\u00a0%" in page


def test_labels_that_are_not_suspected_are_shown_apart_from_the_findings(examination: Examination) -> None:
    page = check_page(examination, title="pets")
    assert "Least likely labels" not in page
    doubted = Finding(Kind.LABEL, "train/red/002.png", "train", HOSTILE, 0.6, "labelled red (40.0%)")
    page = check_page(replace(examination, doubted=(doubted,)), title="pets")
    assert page.count('<img src="data:image/jpeg;base64,') == 3
    section = page[page.index('id="doubted"') :]
    assert "labelled red (40.0%)" in section
    assert "labels that may be wrong" not in page  # it is no finding


def test_names_and_reasons_are_text_and_never_markup(examination: Examination) -> None:
    page = check_page(examination, title=HOSTILE)
    assert "<img src=x" not in page
    assert "<title>unfreeze check: &lt;img src=x onerror=alert(1)&gt;</title>" in page
    assert not re.search(r"<script|<link|@import|url\((?!#)", page)


def test_of_many_findings_some_are_shown_and_the_rest_counted(examination: Examination) -> None:
    many = tuple(Finding(Kind.TINY, "train/red/001.png", "train", detail=f"number {n}") for n in range(SHOWN + 7))
    page = check_page(
        Examination(table=examination.table, findings=many, pairs=()),
        title="pets",
    )
    assert page.count("<figure") == SHOWN
    assert "7 more stand in findings.csv." in page
    assert "Shortcut probe" not in page


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ([], "nothing was found that would flatter or break a model."),
        ([Kind.TINY], "nothing was found that would flatter or break a model."),
        ([Kind.TINY, Kind.LABEL], "nothing has to be mended; some things should be looked at."),
        ([Kind.TINY, Kind.LEAK], "mend what is marked so before you trust a figure."),
    ],
)
def test_the_verdict_follows_the_gravest_finding(examination: Examination, kinds: list[Kind], words: str) -> None:
    found = Examination(table=examination.table, findings=tuple(Finding(kind) for kind in kinds), pairs=())
    assert found.verdict() == f"12 pictures of 2 classes: {words}"


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (390, "dark")])
def test_a_browser_shows_it_without_a_request_or_an_error(
    examination: Examination, tmp_path: Path, width: int, scheme: str
) -> None:
    page = check_page(examination, title="pets")
    assert_sound(page, tmp_path / "check.html", title="pets", width=width, scheme=scheme)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (390, "dark")])
def test_axe_finds_nothing_serious(examination: Examination, tmp_path: Path, width: int, scheme: str) -> None:
    page = check_page(examination, title="pets")
    assert_accessible(page, tmp_path / "page.html", width=width, scheme=scheme)
