"""Opens a page in a browser without a window and sees whether it is sound."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page


def assert_sound(
    page: str, file: Path, *, title: str, width: int, scheme: str, more: "Callable[[Page], None] | None" = None
) -> None:
    """The page shows its title and all its pictures, fits into the width, asks for nothing and complains of nothing."""
    from playwright.sync_api import sync_playwright

    file.write_text(page, encoding="utf-8")
    messages: list[str] = []
    requests: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        shown.on("console", lambda message: messages.append(message.text))
        shown.on("pageerror", lambda error: messages.append(str(error)))
        shown.on("request", lambda request: requests.append(request.url))
        shown.goto(file.as_uri())
        assert shown.evaluate("document.documentElement.scrollWidth") == width  # nothing sticks out
        assert shown.locator("h1").inner_text() == title
        assert shown.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
        if more:
            more(shown)
        browser.close()
    assert messages == []
    assert [url for url in requests if not url.startswith("data:")] == [file.as_uri()]


def assert_accessible(page: str, file: Path, *, width: int, scheme: str) -> None:
    """axe-core finds nothing serious or critical; its script is let in past the page's policy, for this look only."""
    from axe_playwright_python.base import AXE_FILE_PATH
    from playwright.sync_api import sync_playwright

    file.write_text(page, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
            bypass_csp=True,
        )
        shown = context.new_page()
        shown.goto(file.as_uri())
        shown.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
        found = shown.evaluate("axe.run().then(result => result.violations)")
        browser.close()
    grave = {
        rule["id"]: [node["target"] for node in rule["nodes"]][:5]
        for rule in found
        if rule["impact"] in ("serious", "critical")
    }
    assert grave == {}


def chromium() -> str:
    """The browser's program; a test that needs it is skipped where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium on this machine")
    return found
