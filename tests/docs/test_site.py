"""The documentation site builds without a warning, is complete without a network, and reads well in a browser."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import unfreeze
from browsing import chromium
from code_blocks import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a link or an anchor that leads nowhere, or a page outside of the navigation, is a fault."""
    folder = tmp_path_factory.mktemp("site")
    settings = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    return folder


@pytest.mark.slow
def test_every_page_is_there(site: Path) -> None:
    written = {page.relative_to(DOCS).with_suffix(".html").as_posix() for page in DOCS.rglob("*.md")}
    made = {"lesson.html", "reference/command-line.html", "repository/examples/python/predict.py.html"}
    there = {page.relative_to(site).as_posix() for page in site.rglob("*.html")}
    assert (written | made) - there == set()


@pytest.mark.slow
def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    fetched = re.compile(
        r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?https?:|<link\b[^>]*\bhref=\"?https?:|url\(\"?https?:"
    )
    assert [page.name for page in site.rglob("*.html") if fetched.search(page.read_text(encoding="utf-8"))] == []
    styles = [page for page in site.rglob("*.css") if re.search(r"url\(\"?https?:", page.read_text(encoding="utf-8"))]
    assert styles == []


@pytest.mark.slow
def test_the_notebook_is_a_page_with_its_plots(site: Path) -> None:
    page = (site / "lesson.html").read_text(encoding="utf-8")
    plots = re.findall(r'<img[^>]* src="?(lesson-[0-9-]+\.png)', page)
    assert len(plots) >= 7
    assert all((site / plot).stat().st_size for plot in plots)
    assert page.count("<table") >= 5


def test_the_reference_has_every_public_name() -> None:
    text = (DOCS / "reference/python.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^::: unfreeze\.(\w+)$", text, flags=re.MULTILINE))
    assert named == set(unfreeze.__all__) - {"__version__"}


@pytest.fixture(scope="module")
def browser(site: Path) -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_pages_fit_ask_for_nothing_and_complain_of_nothing(
    site: Path, browser: "Browser", width: int, scheme: str
) -> None:
    messages: list[str] = []
    requests: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    for name in ("index", "lesson", "from-fastai", "reference/python", "benchmarks"):
        page.goto((site / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)"), name
        assert page.evaluate("document.body.dataset.mdColorScheme") == ("slate" if scheme == "dark" else "default")
    page.close()
    assert messages == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.browser
def test_the_search_finds_a_page_without_a_server(site: Path, browser: "Browser") -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto((site / "index.html").as_uri())
    page.keyboard.press("/")  # the site's own key for it
    page.keyboard.type("imbalance uneven")
    page.locator(".md-search-result__item a", has_text="Uneven classes").first.click()
    page.wait_for_url("**/how-to/imbalance.html*")
    page.close()
