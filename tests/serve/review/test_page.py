"""The review page in a browser, by real clicks and keys, on a server of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browsing import chromium
from labelled import labelled_table
from made import Recorder, fingerprint, write_collection
from serve_review import SETTINGS, WRONG, OpenReview, corrections_of
from serving import serving
from unfreeze.audit.findings import Finding, Kind, findings_csv
from unfreeze.recipe.train import train
from unfreeze.serve.app import Access
from unfreeze.serve.guard import LOCAL_NAMES
from unfreeze.serve.review.routes import review_routes
from unfreeze.serve.review.session import Session, open_session

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

FOUND = (
    Finding(Kind.LEAK, "train/blue/001.png", "train", "valid/blue/001.png", 0.9, "re-encoded"),
    Finding(Kind.LABEL, WRONG[0], "train", "blue", 0.99, "labelled red (1.0%), looks like blue (99.0%)"),
    Finding(Kind.LABEL, "train/red/001.png", "train", "blue", 0.6, "<b>labelled</b>"),
)


@pytest.fixture
def found(tmp_path: Path) -> Path:
    folder = tmp_path / "found"
    folder.mkdir()
    (folder / "findings.csv").write_bytes(findings_csv(FOUND))
    return folder


@contextmanager
def served(session: Session) -> Iterator[str]:
    """The address of a server with a session's page."""
    with serving(access=Access(hosts=LOCAL_NAMES), more=[review_routes(session)]) as url:
        yield f"{url}/review"


@contextmanager
def opened(url: str, *, width: int = 1200, scheme: Any = "light", tabs: int = 1) -> "Iterator[list[Page]]":
    """Tabs of one browser with the page; whatever they complain of is an error."""
    from playwright.sync_api import sync_playwright

    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        pages = [context.new_page() for _ in range(tabs)]
        for page in pages:
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(url)
            page.locator("#item").wait_for()
        yield pages
        browser.close()
    assert [text for text in complaints if "409" not in text] == []  # Chromium speaks of each refused request


def shows(page: "Page", selector: str, text: str) -> None:
    from playwright.sync_api import expect

    expect(page.locator(selector)).to_contain_text(text)


def test_through_the_queue_by_key_and_by_mouse(open_review: OpenReview, found: Path, pictures: Path, run: Path) -> None:
    before = fingerprint(pictures)
    with served(open_review(findings=found)) as url, opened(url) as (page,):
        shows(page, "#what", "The same picture on both sides of the split")
        assert page.locator("#pictures img").count() == 2
        page.keyboard.press("x")  # leaves the one out that trains
        shows(page, "#progress", "1 of 4 decided")
        shows(page, "#detail-text", "labelled red (1.0%), looks like blue (99.0%)")
        page.locator("#classes button", has_text="blue").click()
        shows(page, "#progress", "2 of 4 decided")
        shows(page, "#detail-text", "<b>labelled</b>")  # text, not markup
        page.keyboard.press("s")
        shows(page, "#detail-text", "labelled red, the model says blue")
        shows(page, "#said", "The run’s model says")
        page.keyboard.press("1")
        shows(page, "#progress", "3 of 4 decided, 1 skipped")
        shows(page, "#detail-text", "<b>labelled</b>")  # what was skipped comes again
        page.keyboard.press("2")  # the label that it has: kept
        shows(page, "#progress", "4 of 4 decided")
        shows(page, "#status", "Everything shown is decided")
        assert [(row["action"], row["path"], row["label"]) for row in corrections_of(run)] == [
            ("exclude", "train/blue/001.png", ""),
            ("relabel", WRONG[0], "blue"),
            ("relabel", WRONG[1], "blue"),
            ("keep", "train/red/001.png", "blue"),
        ]
        page.click("#retrain")
        shows(page, "#models", "a head, labels as decided")
        shows(page, "#models", "100.0 % (77.2 to 100.0), 13 of 13")
        shows(page, "#command", f"--exclude {run.resolve()}/review/corrections.csv")
        assert fingerprint(pictures) == before


def test_undo_goes_back_over_all_after_a_reload_and_a_new_server(
    open_review: OpenReview, found: Path, run: Path
) -> None:
    with served(open_review(findings=found)) as url, opened(url) as (page,):
        for number, key in enumerate(("o", "x", "r", "k")):
            page.keyboard.press(key)
            shows(page, "#progress", f"{number} of 4 decided")
        assert corrections_of(run)[0]["path"] == "valid/blue/001.png"  # the other one of the pair
        page.reload()
        shows(page, "#progress", "3 of 4 decided")
        shows(page, "#detail-text", "labelled red, the model says blue")
    with served(open_review(findings=found)) as url, opened(url) as (page,):
        shows(page, "#detail-text", "labelled red, the model says blue")
        page.keyboard.press("u")
        shows(page, "#progress", "2 of 4 decided")
        shows(page, "#detail-text", "<b>labelled</b>")
        page.keyboard.press("Control+z")
        shows(page, "#progress", "1 of 4 decided")
        page.click("#undo")
        shows(page, "#progress", "0 of 4 decided")
        shows(page, "#what", "The same picture on both sides of the split")
        assert page.locator("#undo").is_disabled()
        assert corrections_of(run) == []


def test_two_tabs_do_not_overwrite_each_other(open_review: OpenReview, found: Path, run: Path) -> None:
    with served(open_review(findings=found)) as url, opened(url, tabs=2) as (first, second):
        first.keyboard.press("x")
        shows(first, "#progress", "1 of 4 decided")
        second.keyboard.press("k")
        shows(second, "#status", "another tab or window has decided meanwhile")
        shows(second, "#progress", "1 of 4 decided")
        shows(second, "#decided", "left out")
        assert [row["action"] for row in corrections_of(run)] == ["exclude"]


def test_filter_help_and_neighbours(open_review: OpenReview, found: Path) -> None:
    with served(open_review(findings=found)) as url, opened(url) as (page,):
        page.select_option("#subject", "label")
        shows(page, "#progress", "0 of 2 decided")
        assert page.locator("#around button").count() == 2
        page.keyboard.press("ArrowRight")
        shows(page, "#detail-text", "<b>labelled</b>")
        page.keyboard.press("ArrowRight")  # there is none
        shows(page, "#detail-text", "<b>labelled</b>")
        page.locator("#around button").first.click()
        shows(page, "#detail-text", "looks like blue (99.0%)")
        page.keyboard.press("?")
        assert page.locator("#keys").is_visible()
        page.keyboard.press("k")  # no key decides while the help is open
        page.keyboard.press("Escape")
        assert not page.locator("#keys").is_visible()
        shows(page, "#progress", "0 of 2 decided")


def test_many_classes_are_found_by_name_and_likely_ones_come_first(
    tmp_path: Path, reviewed_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNFREEZE_CACHE", str(reviewed_cache))
    monkeypatch.chdir(tmp_path)
    names = [f"kind {letter}" for letter in "abcdefghijkl"]
    counts = {f"{split}/{name}": 2 for split in ("train", "valid") for name in names}
    run = train(write_collection(tmp_path / "kinds", counts), tmp_path / "run", SETTINGS, Recorder()).folder
    folder = tmp_path / "found"
    folder.mkdir()
    leaks = [Finding(Kind.LABEL, f"train/kind a/00{number}.png", "train", "kind k", 0.9) for number in range(2)]
    (folder / "findings.csv").write_bytes(findings_csv(leaks))
    with open_session(run, findings=folder) as session, served(session) as url, opened(url) as (page,):
        buttons = page.locator("#classes button")
        assert buttons.first.inner_text().split() == ["kind", "k", "1"]
        assert buttons.count() == 12
        page.keyboard.press("/")
        page.keyboard.type("kind x")
        shows(page, "#more-classes", "no class is called so")
        page.keyboard.press("Backspace")
        page.keyboard.type("J")
        assert buttons.count() == 1
        page.keyboard.press("Enter")
        shows(page, "#progress", "1 of")
        page.keyboard.press("1")
        shows(page, "#progress", "2 of")
        assert [row["label"] for row in corrections_of(run)] == ["kind j", "kind k"]


def test_several_labels_are_given_together(
    tmp_path: Path, reviewed_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNFREEZE_CACHE", str(reviewed_cache))
    monkeypatch.chdir(tmp_path)
    labelled_table(tmp_path / "pictures", {"train": 4, "valid": 3})
    rows = [(path.name, path.name.split("-")) for path in sorted((tmp_path / "pictures").iterdir())]
    wrong = "valid-plain-0.png"
    labels = {name: ";".join(part for part in parts[1:-1] if part != "plain") for name, parts in rows}
    lines = [f"pictures/{name},{'framed;red' if name == wrong else labels[name]},{parts[0]}" for name, parts in rows]
    (tmp_path / "list.csv").write_text("path,label,split\n" + "\n".join(lines) + "\n")
    settings = replace(SETTINGS, label_separator=";")
    run = train(tmp_path / "list.csv", tmp_path / "run", settings, Recorder()).folder
    with open_session(run) as session, served(session) as url, opened(url) as (page,):
        number = next(n for n, item in enumerate(session.desk.queue) if item.paths[0].endswith(wrong))
        for _ in range(number):
            page.keyboard.press("ArrowRight")
        shows(page, "#pictures", "Label: framed, red")
        page.keyboard.press("1")
        assert page.locator("#classes button").first.get_attribute("aria-pressed") == "false"
        page.keyboard.press("Enter")
        shows(page, "#progress", "1 of")
        assert [(Path(row["path"]).name, row["label"]) for row in corrections_of(run)] == [(wrong, "red")]
        page.keyboard.press("u")
        shows(page, "#progress", "0 of")
        page.keyboard.press("1")
        page.keyboard.press("2")
        page.click("#give")
        shows(page, "#progress", "1 of")
        assert [(Path(row["path"]).name, row["label"]) for row in corrections_of(run)] == [(wrong, "")]
        page.click("#retrain")
        shows(page, "#measure", "exact match")
        shows(page, "#models", "a head, labels as decided")


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_the_page_is_accessible_and_fits(open_review: OpenReview, found: Path, width: int, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with served(open_review(findings=found)) as url, opened(url, width=width, scheme=scheme) as (page,):
        page.keyboard.press("x")
        shows(page, "#progress", "1 of 4 decided")
        page.wait_for_load_state("networkidle")  # a key counts for the picture that is shown
        page.keyboard.press("r")
        shows(page, "#progress", "2 of 4 decided")
        page.click("#retrain")
        shows(page, "#models", "a head, labels as decided")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        found_by_axe = Axe().run(page)
        assert found_by_axe.violations_count == 0, found_by_axe.generate_report()
