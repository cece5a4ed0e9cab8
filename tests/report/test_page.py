"""The page: true to its figures, self-contained, and not to be scripted by names."""

import base64
import hashlib
import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from browsing import assert_sound
from unfreeze.report.page import ReportContent, report_page, sections
from unfreeze.training.history import History


def test_figures_steps_and_pictures_are_there(content: ReportContent) -> None:
    page = report_page(content)
    assert f'<p class="big">{100 * float(content.predictions.correct.mean()):.1f}\u00a0%</p>' in page
    assert "Used: 0.01, as given." in page
    assert "2. find" in page
    assert page.count("<figure data-true=") == 3 + 5 + 8  # mistakes, right answers, and all are among the uncertain
    assert page.count("<svg") == 3  # finder, losses, schedule
    assert "training view 3" in page


def test_sections_of_what_is_not_there_are_left_out(content: ReportContent) -> None:
    keys = [section.key for section in sections(content)]
    assert keys == [*("verdict", "steps", "finder", "training", "confusion", "pictures", "squares", "data", "facts")]
    new = replace(
        content,
        subject="new",
        history=History(),
        sweeps={},
        rates={},
        facts={},
        figures={"measure": "accuracy"},
    )
    keys = [section.key for section in sections(new)]
    assert keys == ["verdict", "confusion", "pictures", "calibration", "squares", "data"]
    page = html.unescape(report_page(new))
    assert "of 8 new pictures right" in page
    assert "validation" not in page.split("<main", 1)[1].split('id="data"')[0]
    assert set(re.findall(r'href="#([^"]*)"', page)) == {"main", *keys}


def test_the_page_fetches_nothing_and_runs_one_script_only(content: ReportContent) -> None:
    page = report_page(content)
    assert not re.search(r"<link|@import|url\((?!#)| on\w+=\"|javascript:", page)
    assert all(source.startswith("data:") for source in re.findall(r'src="([^"]*)"', page))
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', page)[0])
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'; img-src data:;" in policy
    assert policy.endswith(f"script-src 'sha256-{digest}'")


def test_names_are_text_and_never_markup(content: ReportContent) -> None:
    page = report_page(content)
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


@pytest.mark.parametrize(
    ("title", "shown"),
    [("a\u202egnp.exe", "a[U+202E]gnp.exe"), ("a\x07\udcff", "a[U+0007][U+DCFF]"), ("\"'&", "&#34;&#39;&amp;")],
)
def test_signs_that_deceive_or_that_no_page_holds_are_named(content: ReportContent, title: str, shown: str) -> None:
    page = report_page(replace(content, title=title))
    assert f"<h1>{shown}</h1>" in page
    page.encode()


def test_a_run_that_trained_nothing_and_made_no_mistake_has_a_page(content: ReportContent) -> None:
    right = content.predictions.rows([i for i, correct in enumerate(content.predictions.correct) if correct])
    page = report_page(replace(content, predictions=right, history=History(), sweeps={}))
    assert "No validation picture is classified wrongly." in page
    assert 'id="training"' not in page


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (1100, "dark"), (390, "light")])
def test_a_browser_shows_it_without_a_request_or_an_error(
    content: ReportContent, tmp_path: Path, width: int, scheme: str
) -> None:
    page = report_page(content)
    assert_sound(page, tmp_path / "report.html", title=content.title, width=width, scheme=scheme)
