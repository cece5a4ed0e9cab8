"""The page that shows why: each picture with what was said, true to names, self-contained."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from browsing import assert_sound
from report.conftest import HOSTILE
from unfreeze.report.explanation import SHOWN, Explained, explanation_page
from unfreeze.report.pictures import data_uri

URI = data_uri(Image.fromarray(np.full((64, 64, 3), 99, np.uint8)))
ONE = Explained(
    path=f"a/{HOSTILE}.jpg",
    said=f"{HOSTILE} 98.0 %",
    asked="dog",
    sure=0.0123,
    is_said=False,
    square=URI,
    overlay=URI,
    file="0001-a.png",
)


def page(count: int = 1, *, exact: bool = True, unread: tuple[tuple[str, str], ...] = ()) -> str:
    return explanation_page([ONE] * count, title="runs/<b>pets</b>", exact=exact, unread=unread)


def test_a_class_that_was_asked_for_is_shown_with_its_probability() -> None:
    assert "shown: dog (1.2\u00a0%)" in page()
    said = explanation_page([replace(ONE, is_said=True)], title="pets", exact=True, unread=())
    assert re.search(r"shown: dog<br>", said)


def test_the_page_says_how_far_the_evidence_is_to_be_trusted() -> None:
    assert ("The evidence is exact" in page(), "Grad-CAM" in page()) == (True, False)
    assert ("The evidence is exact" in page(exact=False), "Grad-CAM" in page(exact=False)) == (False, True)


def test_of_many_pictures_the_first_are_shown_and_the_page_says_so() -> None:
    assert page(SHOWN).count("<figure>") == SHOWN
    assert "are shown" not in page(SHOWN)
    many = page(SHOWN + 1)
    assert many.count("<figure>") == SHOWN
    assert f"The first {SHOWN} are shown" in many


def test_names_are_text_and_nothing_is_fetched() -> None:
    text = page(unread=((f"{HOSTILE}.png", "breaks off"),))
    assert "<img src=x" not in text
    assert "<b>pets" not in text
    assert "Not explained: 1" in text
    assert not re.search(r"<script|<link|@import|url\((?!#)", text)
    assert all(source.startswith("data:") for source in re.findall(r'src="([^"]*)"', text))
    assert "default-src 'none'" in unescape(text)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (390, "dark")])
def test_a_browser_shows_it_without_a_request_or_an_error(tmp_path: Path, width: int, scheme: str) -> None:
    text = page(3, unread=((f"{HOSTILE}.png", "breaks off"),))
    assert_sound(text, tmp_path / "page.html", title="Why: runs/<b>pets</b>", width=width, scheme=scheme)
