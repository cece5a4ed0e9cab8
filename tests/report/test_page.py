"""The page: true to its figures, self-contained, and not to be scripted by names."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from browsing import assert_sound
from unfreeze.report.page import ReportContent, report_page
from unfreeze.report.words import verdict
from unfreeze.training.history import History


def test_figures_steps_and_mistakes_are_there(content: ReportContent) -> None:
    page = report_page(content)
    assert f"<dd>{100 * float(content.predictions.correct.mean()):.1f} %</dd>" in page
    assert "Used: 0.01, as given." in page
    assert "2. find" in page
    assert page.count("<figure>") == int((~content.predictions.correct).sum())
    assert page.count("<svg") == 4  # finder, losses, schedule, confusion
    assert "training view 3" in page


def test_the_page_fetches_nothing(content: ReportContent) -> None:
    page = report_page(content)
    assert not re.search(r"<script|<link|@import|url\((?!#)", page)
    assert all(source.startswith("data:") for source in re.findall(r'src="([^"]*)"', page))
    assert "default-src 'none'" in page


def test_names_are_text_and_never_markup(content: ReportContent) -> None:
    page = report_page(content)
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_the_verdict_is_in_plain_words(content: ReportContent) -> None:
    text = verdict(content.predictions, content.figures)
    correct = int(content.predictions.correct.sum())
    assert text.startswith(f"{correct} of 8 validation pictures are classified correctly")
    assert "8 validation pictures are few" in text
    assert "step 4" in text


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
