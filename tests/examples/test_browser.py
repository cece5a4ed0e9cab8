"""examples/browser: onnxruntime-web in Chromium answers the bundle's own probes as onnxruntime does."""

import http.server
import io
import itertools
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from browsing import chromium
from drawn import scene
from unfreeze.deploy.predictor import Predictor

if TYPE_CHECKING:
    from playwright.sync_api import Page

EXAMPLE = Path(__file__).parents[2] / "examples/browser"

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ANSWER = """async (squares) => {
  const { openModel } = await import("./model.js");
  const model = await openModel("model");
  const found = [];
  for (const square of squares) found.push(await model.answer(Uint8Array.from(square)));
  return found;
}"""
SQUARE = """async ([url, transform]) => {
  const { squareOf } = await import("./square.js");
  return [...await squareOf(await (await fetch(url)).blob(), transform)];
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's folder after `npm install`."""
    if not (npm := shutil.which("npm")):
        pytest.skip("no npm on this machine")
    folder = shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("browser") / "page")
    found = subprocess.run([npm, "install", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, check=False)
    if found.returncode:
        pytest.skip("npm cannot install here")
    return folder


@contextmanager
def opened(folder: Path) -> "Iterator[tuple[Page, list[str]]]":
    """The page in a browser, and what the browser complains of; it may ask its own server alone."""
    from playwright.sync_api import sync_playwright

    complaints: list[str] = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        home = f"http://127.0.0.1:{server.server_port}/"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            page = browser.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", lambda request: complaints.append(request.url) if home not in request.url else None)
            page.goto(f"{home}index.html")
            page.wait_for_selector("#picture:enabled", timeout=120_000)
            yield page, complaints
            browser.close()
        server.shutdown()


def test_probes_are_answered_as_they_were_where_the_bundle_was_made(packages: Path, example_bundle: Path) -> None:
    shutil.copytree(example_bundle, packages / "model", dirs_exist_ok=True)
    about = json.loads((example_bundle / "bundle.json").read_text(encoding="utf-8"))
    assert len(about["probes"]) == 16
    squares = [
        np.asarray(Image.open(example_bundle / probe["file"])).transpose(2, 0, 1).ravel().tolist()
        for probe in about["probes"]
    ]
    with opened(packages) as (page, complaints):
        found: list[dict[str, Any]] = page.evaluate(ANSWER, squares)
    assert complaints == []
    for answer, probe in zip(found, about["probes"], strict=True):
        assert answer["probabilities"] == pytest.approx(probe["probabilities"], abs=1e-4)
        assert answer["distance"] == pytest.approx(probe["distance"], abs=1e-4)
        assert answer["refused"] == (probe["distance"] > about["refusal"]["distance"])
        assert answer["classes"][0]["name"] == about["classes"][int(np.argmax(probe["probabilities"]))]


def test_a_pictures_square_is_nearly_the_one_of_training(packages: Path, example_bundle: Path) -> None:
    """A PNG is decoded alike everywhere, so what differs is the resampling: less than a rounding of both directions."""
    shutil.copytree(example_bundle, packages / "model", dirs_exist_ok=True)
    transform = Predictor(example_bundle).transform
    furthest: dict[tuple[object, ...], int] = {}
    with opened(packages) as (page, complaints):
        for square, size in itertools.product(("crop", "squash", "pad"), [(300, 200), (90, 130), (64, 64), (50, 41)]):
            settings, picture = {**transform.to_dict(), "square": square}, scene(5).resize(size)
            name = f"{square}-{size[0]}.png"
            picture.save(packages / name)
            expected = type(transform).from_dict(settings)(picture)
            found = np.array(page.evaluate(SQUARE, [name, settings])).reshape(expected.shape)
            furthest[square, size] = np.abs(found - expected.astype(int)).max()
    assert complaints == []
    assert len(furthest) == 12
    assert {case: off for case, off in furthest.items() if off > 1} == {}


def test_a_picture_is_chosen_and_its_answer_shown(packages: Path, example_bundle: Path) -> None:
    shutil.copytree(example_bundle, packages / "model", dirs_exist_ok=True)
    file = io.BytesIO()
    scene(7).resize((200, 150)).save(file, "png")
    prediction = Predictor(example_bundle).answer(file.getvalue())
    best = max(zip(prediction.probabilities, ["blue", "green", "röd"], strict=True))
    with opened(packages) as (page, complaints):
        page.set_input_files("#picture", {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()})
        page.wait_for_selector("#answer li")
        shown = page.inner_text("#answer li:first-child")
        state = page.inner_text("#state")
        page.set_input_files("#picture", {"name": "b.png", "mimeType": "image/png", "buffer": b"no picture"})
        page.wait_for_selector("#state:has-text('b.png: ')")
    assert complaints == []
    assert shown.split() == [best[1], f"{100 * best[0]:.1f}", "%"]
    assert state == (f"None of these (most like {best[1]})" if prediction.refused else best[1])
