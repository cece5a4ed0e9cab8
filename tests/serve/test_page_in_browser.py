"""The page in a browser: real clicks, drops, pastes and keys."""

import base64
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe

from browsing import chromium
from served import CLASSES, ColourModel, files, png
from serving import serving
from unfreeze.serve.answers import Answer, Squares
from unfreeze.serve.app import Access

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=document.title='taken'>.png"

DROPPED = """async ([pictures, kind]) => {
    const transfer = new DataTransfer();
    for (const [name, data] of pictures) {
        const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type: "image/png" }));
    }
    const target = document.querySelector("#drop");
    for (const step of ["dragover", kind]) {
        target.dispatchEvent(new DragEvent(step, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }
}"""

COPIED = """async (data) => {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const blob = new Blob([bytes], { type: "image/png" });
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
}"""


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(names=("colours", "hues")) as found:
        yield found


@pytest.fixture
def page(browser: "Browser", url: str) -> "Iterator[Page]":
    """The page, loaded; nothing but its own server is asked, and no script fails."""
    yield from opened(browser, url)


def opened(browser: "Browser", url: str, **context: Any) -> "Iterator[Page]":
    faults: list[str] = []
    asked: list[str] = []
    with browser.new_context(permissions=["clipboard-read", "clipboard-write"], **context) as within:
        found = within.new_page()
        found.on("pageerror", lambda error: faults.append(str(error)))
        found.on("console", lambda message: faults.append(message.text))
        found.on("request", lambda request: asked.append(request.url))
        found.on("filechooser", lambda chooser: None)  # told now, the browser opens none of its own for the first key
        found.goto(url)
        yield found
    assert [fault for fault in faults if not fault.startswith("Failed to load resource")] == []
    assert {address for address in asked if not address.startswith((url, "data:", "blob:"))} == set()


def payloads(*pictures: tuple[str, bytes]) -> "Sequence[FilePayload]":
    return [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in pictures]


def drop(page: "Page", *pictures: tuple[str, bytes]) -> None:
    page.evaluate(DROPPED, [[(name, base64.b64encode(data).decode()) for name, data in pictures], "drop"])


def answered(page: "Page", count: int) -> None:
    """Waits until so many pictures are answered."""
    page.wait_for_function(
        "count => document.querySelector('#status').textContent.startsWith(count)", arg=f"{count} of {count} "
    )


def test_a_picture_that_is_chosen_gets_its_answer(page: "Page") -> None:
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Choose pictures").click()
    choosing.value.set_files(payloads(("a.png", png("green"))))
    answered(page, 1)
    assert page.get_by_role("heading", name="green").is_visible()
    assert page.locator("#file").inner_text() == "a.png"
    shown = [item.inner_text().split("\n")[0] for item in page.locator("#bars li").all()]
    assert shown[0] == "green"
    assert set(shown) == {"red", "green", "blue"}
    width = page.locator("#bars .fill").first.evaluate(
        "bar => bar.getBoundingClientRect().width / bar.parentElement.getBoundingClientRect().width"
    )
    share = float(page.locator("#bars .percent").first.inner_text().removesuffix(" %")) / 100
    assert width == pytest.approx(share, abs=0.01)
    assert page.locator("#square").evaluate("image => image.naturalWidth") == 8
    assert page.locator("#list").is_hidden()


def test_dropped_pictures_are_listed_and_a_row_shows_its_picture(page: "Page") -> None:
    drop(page, ("r.png", png("red")), ("b.png", png("blue")), ("none.png", png("black")), ("text.png", b"words"))
    answered(page, 4)
    rows = [row.locator("td").all_inner_texts()[1:] for row in page.locator("#rows tr").all()]
    assert [name for name, _ in rows] == ["r.png", "b.png", "none.png", "text.png"]
    assert [said.split(",")[0].split(":")[0] for _, said in rows] == ["red", "blue", "None of these", "No answer"]
    assert "not a picture in a known format" in rows[3][1]
    assert page.locator("#status").inner_text() == "4 of 4 pictures done, 1 none of these, 1 without an answer."
    page.get_by_role("button", name="none.png").click()
    assert page.locator("#verdict").inner_text() == "None of these"
    assert "up to 0.500 is accepted" in page.locator("#why").inner_text()
    page.get_by_role("button", name="text.png").click()
    assert page.locator("#verdict").inner_text() == "No answer"
    assert page.locator("#bars").is_hidden()


def test_a_picture_is_pasted_with_the_keyboard(page: "Page") -> None:
    page.evaluate(COPIED, base64.b64encode(png("blue")).decode())
    page.keyboard.press("Control+V")
    answered(page, 1)
    assert page.locator("#verdict").inner_text() == "blue"


def test_all_can_be_done_with_keys(page: "Page") -> None:
    page.get_by_text("colours knows").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "choose"
    with page.expect_file_chooser() as choosing:
        page.keyboard.press("Enter")
    choosing.value.set_files(payloads(("a.png", png("red")), ("b.png", png("green")), ("c.png", png("blue"))))
    answered(page, 3)
    page.locator("#rows button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")  # there is no more
    assert page.evaluate("document.activeElement.textContent") == "c.png"
    assert page.locator("#verdict").inner_text() == "blue"
    page.keyboard.press("ArrowUp")
    assert page.locator("tr[aria-current]").inner_text().split()[0] == "b.png"
    page.locator("#clear").focus()
    page.keyboard.press("Space")
    assert page.locator("#answers").is_hidden()
    assert page.evaluate("document.activeElement.id") == "choose"


def test_the_csv_holds_what_the_server_said(page: "Page", url: str) -> None:
    names = ['q"uote, comma.png', "ü.png", "none.png", "text.png"]
    data = [png("red"), png("green"), png("black"), b"words"]
    drop(page, *zip(names, data, strict=True))
    answered(page, 4)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Save as CSV").click()
    text = Path(downloading.value.path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["path"] for row in rows] == names
    assert [row["predicted"] for row in rows] == ["red", "green", rows[2]["predicted"], ""]
    assert [row["refused"] for row in rows] == ["no", "no", "yes", ""]
    assert rows[3]["error"] == "not a picture in a known format"
    expected = httpx2.post(f"{url}/v1/predict", files=files(*data[:3])).json()["pictures"]
    for row, answer in zip(rows, expected, strict=False):
        assert {each["name"]: each["probability"] for each in answer["classes"]} == {
            name: float(row[f"p:{name}"]) for name in ("red", "green", "blue")
        }
        assert float(row["distance"]) == answer["distance"]
        assert row["set"] == ";".join(answer["set"])


def test_names_of_files_are_text(page: "Page") -> None:
    drop(page, (HOSTILE, png()), ("b.png", png()))
    answered(page, 2)
    assert page.locator("#file").inner_text() == HOSTILE
    assert page.locator("#rows button").first.inner_text() == HOSTILE
    assert page.title() == "unfreeze: what is in a picture"


def test_where_it_looked_is_shown_for_the_class_that_is_asked_for(page: "Page") -> None:
    page.set_input_files("#files", payloads(("a.png", png("green"))))
    answered(page, 1)
    assert page.locator("#map").is_hidden()
    page.get_by_role("button", name="Show where it looked").click()
    page.get_by_text("Orange speaks for green, blue against").wait_for()
    page.locator("#map-class").select_option("red")
    page.get_by_text("Orange speaks for red, blue against").wait_for()
    assert page.locator("#map").evaluate("image => image.naturalWidth") == 8


def test_another_model_is_asked_about_the_same_pictures(page: "Page") -> None:
    drop(page, ("a.png", png("green")), ("b.png", png("red")))
    answered(page, 2)
    with page.expect_request(lambda request: "model=hues" in request.url):
        page.get_by_label("Model").select_option("hues")
    answered(page, 2)
    assert page.locator("#about").inner_text() == "hues knows 3 classes: red, green, blue."


def test_pictures_without_an_answer_are_asked_about_again(page: "Page") -> None:
    page.route("**/v1/predict*", lambda route: route.abort())
    drop(page, ("a.png", png("green")), ("b.png", png("red")))
    answered(page, 2)
    assert page.locator("#why").inner_text() == "the server does not answer"
    page.unroute("**/v1/predict*")
    page.get_by_role("button", name="Try the failed ones again").click()
    page.get_by_text("2 of 2 pictures done.").wait_for()
    assert page.locator("#verdict").inner_text() == "green"
    assert page.locator("#retry").is_hidden()


def test_a_busy_server_is_asked_again_when_it_says(page: "Page") -> None:
    times = [0]

    def busy_once(route: Any) -> None:
        times[0] += 1
        if times[0] == 1:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"status": 503, "detail": "busy"})
        else:
            route.continue_()

    page.route("**/v1/predict*", busy_once)
    page.set_input_files("#files", payloads(("a.png", png("green"))))
    answered(page, 1)
    assert (page.locator("#verdict").inner_text(), times[0]) == ("green", 2)


def test_a_server_with_a_key_is_given_it(browser: "Browser") -> None:
    with serving(access=Access(key="open sesame")) as url:
        for page in opened(browser, url):
            page.get_by_label("This server asks for a key:").fill("wrong")
            page.keyboard.press("Enter")
            page.wait_for_timeout(200)
            page.get_by_label("This server asks for a key:").fill("open sesame")
            page.get_by_role("button", name="Use it").click()
            page.get_by_text("colours knows 3 classes").wait_for()
            assert page.locator("#key-form").is_hidden()
            page.set_input_files("#files", payloads(("a.png", png("red"))))
            answered(page, 1)
            assert page.locator("#verdict").inner_text() == "red"


def test_many_classes_are_shown_when_they_are_asked_for(browser: "Browser") -> None:
    with serving(Many()) as url:
        for page in opened(browser, url):
            page.set_input_files("#files", payloads(("a.png", png("red"))))
            answered(page, 1)
            assert page.locator("#bars li").count() == 5
            page.get_by_role("button", name="Show all 9 classes").click()
            assert page.locator("#bars li").count() == 9
            assert page.locator("#look").is_hidden()  # this model has no maps


class Many(ColourModel):
    """A model of nine classes, six of which are never seen."""

    def __init__(self) -> None:
        super().__init__(classes=(*CLASSES, *"abcdef"))

    def describe(self) -> dict[str, object]:
        return {**super().describe(), "maps": False}

    def answers(self, pictures: Sequence[Squares]) -> list[Answer]:
        return [replace(each, probabilities=(*each.probabilities, *[0.0] * 6)) for each in super().answers(pictures)]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_it_fits_and_can_be_used_by_everybody(browser: "Browser", url: str, width: int, scheme: str) -> None:
    """Nothing sticks out, and axe finds nothing, before, during and after."""
    phone = width < 500
    context = {
        "viewport": {"width": width, "height": 800},
        "color_scheme": scheme,
        "is_mobile": phone,
        "has_touch": phone,
    }
    for page in opened(browser, url, bypass_csp=True, **context):
        page.get_by_text("colours knows").wait_for()
        assert page.get_by_role("button", name="Take a photograph").is_visible() is phone
        assert page.locator("#camera").get_attribute("capture") == "environment"
        sound(page, width)
        page.set_input_files("#files", payloads(("a.png", png("green"))))
        answered(page, 1)
        page.get_by_role("button", name="Show where it looked").click()
        page.locator("#map").wait_for()
        sound(page, width)
        drop(page, ("x" * 200 + ".png", png("red")), ("none.png", png("black")), ("text.png", b"words"))
        answered(page, 4)
        for name in ("none.png", "text.png"):
            page.get_by_role("button", name=name).click()
            sound(page, width)


def sound(page: "Page", width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("[...document.images].every(image => !image.checkVisibility() || image.naturalWidth > 0)")
    found = Axe().run(page).response["violations"]
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == []
