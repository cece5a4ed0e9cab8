"""The page of changed answers: true to the comparison, self-contained, not to be scripted by names."""

import html
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from browsing import assert_accessible, assert_sound
from made import write_collection
from report.conftest import HOSTILE
from unfreeze.evaluation.comparison import Comparison, notes
from unfreeze.images.storage import FolderStorage
from unfreeze.report.comparison import SHOWN_OF_A_KIND, comparison_page

NAMES = ("runs/old", "runs/<b>new</b>")


@pytest.fixture
def comparison() -> Comparison:
    """Four pictures: one lost, one gained, one otherwise wrong, one as it was."""
    return Comparison(
        classes=("red", "blue", HOSTILE),
        paths=("red/000.png", "red/001.png", f"{HOSTILE[1:-1]}.png", "red/002.png"),
        targets=np.array([0, 0, 0, 0]),
        first=np.array([0, 1, 1, 0]),
        second=np.array([1, 0, 2, 0]),
        first_sure=np.array([0.6, 0.7, 0.8, 0.9], np.float32),
        second_sure=np.array([0.5, 0.75, 0.85, 0.95], np.float32),
        only_first=2,
        only_second=0,
        relabelled=(),
    )


@pytest.fixture
def pictures(tmp_path: Path) -> FolderStorage:
    return FolderStorage(write_collection(tmp_path / "pictures", {"red": 3}))


def test_every_change_is_shown_in_its_place(comparison: Comparison, pictures: FolderStorage) -> None:
    page = comparison_page(comparison, NAMES, pictures=pictures, notes=notes(comparison, NAMES))
    lost, gained, otherwise = re.findall(r'<section id="(?:lost|gained|otherwise)">.*?</section>', page, re.DOTALL)
    assert "red/000.png" in lost
    assert "red/001.png" in gained
    assert ".png" in otherwise
    assert [part.count("<figure>") for part in (lost, gained, otherwise)] == [1, 1, 1]
    assert [part.count("<img") for part in (lost, gained, otherwise)] == [1, 1, 0]  # the third lies nowhere
    assert "(60.0\u00a0%)" in lost
    assert "(50.0\u00a0%)" in lost
    assert "red/002.png" not in page
    assert "cannot be told apart: of 4 pictures 1 became right and 1 wrong" in page
    assert "<td>50.0\u00a0%</td>" in page
    assert "only runs/old was asked about them: 2 pictures" in page


def test_without_pictures_names_are_shown(comparison: Comparison) -> None:
    page = comparison_page(comparison, NAMES, pictures=None)
    assert "<img" not in page
    assert "only their names are shown" in page
    assert "red/000.png" in page


def test_the_page_fetches_nothing_and_names_are_text(comparison: Comparison, pictures: FolderStorage) -> None:
    page = comparison_page(comparison, NAMES, pictures=pictures)
    assert not re.search(r"<script|<link|@import|url\((?!#)", page)
    assert all(source.startswith("data:") for source in re.findall(r'src="([^"]*)"', page))
    assert "default-src 'none'" in unescape(page)
    assert "<img src=x" not in page
    assert "<b>new" not in page
    assert "&lt;b&gt;new" in page


def test_of_many_changes_the_surest_are_shown_and_the_page_says_so(comparison: Comparison) -> None:
    count = SHOWN_OF_A_KIND + 5
    many = replace(
        comparison,
        paths=tuple(f"{index}.png" for index in range(count)),
        targets=np.zeros(count, np.int64),
        first=np.zeros(count, np.int64),
        second=np.ones(count, np.int64),
        first_sure=np.full(count, 0.5, np.float32),
        second_sure=np.linspace(0.5, 1, count, dtype=np.float32),
    )
    page = comparison_page(many, NAMES, pictures=None)
    assert page.count("<figure>") == SHOWN_OF_A_KIND
    assert f"The {SHOWN_OF_A_KIND} that" in page
    assert f">{count - 1}.png<" in page.replace("<br>", ">")
    assert ">4.png<" not in page.replace("<br>", ">")


def test_several_labels_are_named_together(comparison: Comparison) -> None:
    answers = np.array([[1, 0, 0], [0, 0, 0]])
    several = replace(
        comparison,
        paths=("a.png", "b.png"),
        targets=np.array([[1, 1, 0], [0, 0, 0]]),
        first=np.array([[1, 1, 0], [1, 0, 1]]),
        second=answers,
    )
    page = comparison_page(several, NAMES, pictures=None)
    assert "Exact match on 2 pictures" in page
    assert "true: <strong>red, blue</strong>" in page
    assert "true: <strong>no label</strong>" in page
    assert '<span class="right">no label</span>' in page
    assert '<span class="wrong">red</span>' in page
    assert "all of its labels" in page
    assert "all of its labels" not in comparison_page(comparison, NAMES, pictures=None)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (390, "dark")])
def test_a_browser_shows_it_without_a_request_or_an_error(
    comparison: Comparison, pictures: FolderStorage, tmp_path: Path, width: int, scheme: str
) -> None:
    page = comparison_page(comparison, NAMES, pictures=pictures)
    heading = re.search(r"<h1>(.*?)</h1>", page)
    assert heading
    assert_sound(page, tmp_path / "compare.html", title=html.unescape(heading[1]), width=width, scheme=scheme)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (390, "dark")])
def test_axe_finds_nothing_serious(
    comparison: Comparison, pictures: FolderStorage, tmp_path: Path, width: int, scheme: str
) -> None:
    page = comparison_page(comparison, NAMES, pictures=pictures)
    assert_accessible(page, tmp_path / "page.html", width=width, scheme=scheme)
