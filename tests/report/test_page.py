"""The page: true to its figures, self-contained, and not to be scripted by names."""

import base64
import hashlib
import html
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browsing import assert_accessible, assert_sound
from report.conftest import HOSTILE
from unfreeze.report.confusion import confusion_view
from unfreeze.report.page import ReportContent, report_page, sections
from unfreeze.training.history import History

if TYPE_CHECKING:
    from playwright.sync_api import Page


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
    assert set(re.findall(r'<a [^>]*href="#([^"]*)"', page)) == {"main", *keys}


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


def test_what_the_curve_was_measured_on_stands_below_it(known: ReportContent) -> None:
    growth = report_page(known).split('<section id="growth"')[1].split("</section>")[0]
    assert "<p>160 training pictures instead of 80 would raise" in growth
    assert "It was measured on &lt;80&gt; of 100 pictures. Of heads." in growth
    assert "as it is" not in growth


LOOKS = [(1280, "light"), (390, "dark")]


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_browser_shows_it_without_a_request_or_an_error(
    known: ReportContent, tmp_path: Path, width: int, scheme: str
) -> None:
    def shows_hostile_names_as_text(shown: "Page") -> None:
        assert shown.locator("section").count() == len(sections(known))
        assert shown.locator(".matrix tbody th").filter(has_text=HOSTILE).inner_text() == HOSTILE
        assert shown.locator("script").count() == 1

    page = report_page(known)
    file = tmp_path / "report.html"
    assert_sound(page, file, title=known.title, width=width, scheme=scheme, more=shows_hostile_names_as_text)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing_serious(known: ReportContent, tmp_path: Path, width: int, scheme: str) -> None:
    assert_accessible(report_page(known), tmp_path / "report.html", width=width, scheme=scheme)


@pytest.mark.browser
def test_pictures_are_filtered_by_mouse_and_by_keyboard(known: ReportContent, tmp_path: Path) -> None:
    pair = confusion_view(known.judged).pairs[0]
    true, said_as = (known.judged.classes.index(name) for name in (pair.true, pair.said))
    figures = "#pictures figure[data-true]"

    def filters(shown: "Page") -> None:
        everything = shown.locator(figures).count()
        assert shown.locator(f"{figures}:visible").count() == everything
        shown.locator("button.show").first.click()
        left = shown.locator(f"{figures}:visible")
        of_pair = shown.locator(f'{figures}[data-true="{true}"][data-said="{said_as}"]').count()
        assert 0 < left.count() == of_pair < everything
        assert shown.locator("#filter-count").inner_text() == f"{of_pair} of {everything} shown"
        assert shown.evaluate("document.activeElement.id") == "filter-true"
        shown.keyboard.press("Home")  # any true class
        said = shown.locator(f'{figures}[data-said="{said_as}"]').count()
        assert shown.locator(f"{figures}:visible").count() == said
        shown.keyboard.press("Tab")
        shown.keyboard.press("Tab")
        shown.keyboard.press("Enter")  # the button that shows all
        shown.wait_for_function(f"document.querySelectorAll('{figures}:not([hidden])').length === {everything}")

    file = tmp_path / "report.html"
    assert_sound(report_page(known), file, title=known.title, width=1280, scheme="light", more=filters)


@pytest.mark.browser
def test_the_matrix_shows_counts_or_either_share(known: ReportContent, tmp_path: Path) -> None:
    def switches(shown: "Page") -> None:
        cell = shown.locator(".matrix td.miss").first
        for key, parts in (("by-count", 2), ("by-true", 1), ("by-said", 1)):
            shown.locator(f"#{key}").check()
            assert len(cell.inner_text().split("\n")) == parts
        view = confusion_view(known.judged)
        missed = next(cell for row in view.cells for cell in row if cell.count and not cell.right)
        assert cell.inner_text() == f"{100 * missed.of_said:.0f}\u00a0%"

    file = tmp_path / "report.html"
    assert_sound(report_page(known), file, title=known.title, width=1280, scheme="light", more=switches)


@pytest.mark.browser
def test_print_shows_what_is_folded_and_no_controls(known: ReportContent, tmp_path: Path) -> None:
    def prints(shown: "Page") -> None:
        folded = shown.locator("#facts details:not([open]) table").first
        assert not folded.is_visible()
        shown.emulate_media(media="print")
        assert folded.is_visible()
        assert not shown.locator("#filter").is_visible()
        assert not shown.locator("nav").is_visible()

    file = tmp_path / "report.html"
    assert_sound(report_page(known), file, title=known.title, width=1000, scheme="light", more=prints)


@pytest.mark.browser
def test_without_script_everything_is_shown(known: ReportContent, tmp_path: Path) -> None:
    def shows(shown: "Page") -> None:
        assert not shown.locator("#filter").is_visible()
        assert not shown.locator("button.show").first.is_visible()
        figures = shown.locator("#pictures figure[data-true]")
        assert figures.count() == shown.locator("#pictures figure[data-true]:visible").count() > 0

    page = re.sub(r"<script>.*?</script>", "", report_page(known), flags=re.DOTALL)
    assert_sound(page, tmp_path / "report.html", title=known.title, width=1280, scheme="light", more=shows)
