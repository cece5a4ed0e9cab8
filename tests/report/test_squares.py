"""The sheet: its pictures and numbers are those that were found, self-contained, and names are never markup."""

import base64
import html
import io
import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from browsing import assert_accessible, assert_sound
from made import write_collection
from unfreeze.audit.squares import SquaresAudit, audit_squares
from unfreeze.learner.data import ImageData
from unfreeze.report.squares import SHOWN, chosen, squares_page, squares_section, squares_view
from unfreeze.transforms.squares import Square
from wide import read, write_wide

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def audit(tmp_path: Path) -> SquaresAudit:
    """Wide pictures that were compared; one is wider than the others."""
    root = write_wide(tmp_path / HOSTILE, strip_px=20, of_each=8)
    widest = root / "train" / "left-red" / f"{HOSTILE}.png"
    Image.open(root / "train/left-red/00.png").resize((400, 50)).save(widest)
    return audit_squares(read(root))


def shown(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/jpeg;base64,"))))).astype(int)


def test_each_row_of_the_tables_is_what_was_found(audit: SquaresAudit) -> None:
    view = squares_view(audit)
    assert audit.trial
    assert [row["square"] for row in view.shares] == list(Square)
    crop = view.shares[0]
    assert crop["seen"] == pytest.approx((16 * 0.875**2 / 3 + 0.875**2 / 8) / 17)
    assert crop["least"] == pytest.approx(0.875**2 / 8)
    assert crop["losing"] == [1, 1, 1]
    assert view.accuracies[1]["accuracy"] == audit.trial.accuracy(Square.SQUASH)
    assert view.compared == 17
    page = html.unescape(squares_page(audit, title="x"))
    for row in view.accuracies:
        expected = f"{100 * row['accuracy']:.1f}\u00a0%</td>"
        assert expected in page
    assert page.count("McNemar") == 3
    assert audit.advice.text in page


def test_the_sheet_shows_what_loses_most_and_each_picture_once(audit: SquaresAudit) -> None:
    groups = chosen(audit)
    rows = audit.data.table.rows
    everything = [index for indices in groups.values() for index in indices]
    assert len(everything) == len(set(everything))
    assert all(0 < len(indices) <= SHOWN for indices in groups.values())
    depending, most, typical = groups
    assert re.fullmatch(r"Pictures whose answer depends on the square \(\d+ in all\)", depending)
    assert audit.trial
    for index in groups[depending]:
        place = audit.trial.rows.index(rows[index])
        assert len({bool(audit.trial.correct(square)[place]) for square in Square}) == 2
    widest = next(index for index, row in enumerate(rows) if row.width == 400)
    assert widest in (groups[most][0], *groups[depending])
    assert all(rows[index].width == 192 for index in groups[typical])


def test_the_squares_are_those_that_the_network_sees(audit: SquaresAudit) -> None:
    picture = next(p for group in squares_view(audit).groups for p in group["pictures"] if p["width"] == 192)
    crop, squash, pad = (shown(square["uri"]) for square in picture["squares"])
    assert crop.shape == squash.shape == pad.shape == (64, 64, 3)
    colourful = [np.ptp(square, axis=2).max() > 100 for square in (crop, squash, pad)]
    assert colourful == [False, True, True]  # crop alone cuts the strip off
    assert np.abs(pad[:15] - 127).max() < 10
    captions = [square["caption"] for square in picture["squares"]]
    assert captions == ["26 % seen", "stretched 3.00 times, things 0.51 as long", "67 % fill, things 0.29 as long"]
    whole = shown(picture["whole"])
    left = round((192 - 56) / 2 / 192 * whole.shape[1])
    assert np.abs(whole[whole.shape[0] // 2, left + 1] - [239, 134, 54]).max() < 60


def test_a_mistake_is_named_and_what_is_right_is_not(audit: SquaresAudit) -> None:
    assert audit.trial
    for group in squares_view(audit).groups:
        for picture in group["pictures"]:
            place = next(i for i, row in enumerate(audit.trial.rows) if row.path == picture["path"])
            for square in picture["squares"]:
                right = audit.trial.correct(Square(square["name"]))[place]
                other = next(n for n in audit.data.table.classes if f"/{n}/" not in picture["path"])
                assert square["wrong"] == ("" if right else f"taken for {other}")


def test_of_square_pictures_pad_answers_as_squash_does(tmp_path: Path) -> None:
    root = write_collection(tmp_path / "p", {"this": 12, "that": 12})
    for index, path in enumerate(sorted(root.rglob("*.png"))):
        colours = np.random.default_rng(index).integers(0, 255, (40, 40, 3)).astype(np.uint8)
        Image.fromarray(colours).save(path)  # noise: there are mistakes
    audit = audit_squares(read(root))
    assert audit.trial
    assert Square.PAD not in audit.trial.predicted
    marks = [
        {square["name"]: square["wrong"] for square in picture["squares"]}
        for group in squares_view(audit).groups
        for picture in group["pictures"]
    ]
    assert all(mark["pad"] == mark["squash"] for mark in marks)
    assert any(mark["pad"] for mark in marks)


def test_the_page_fetches_nothing_and_names_are_text(audit: SquaresAudit) -> None:
    page = squares_page(audit, title=HOSTILE)
    assert not re.search(r"<script|<link|@import|url\((?!#)", page)
    assert all(source.startswith("data:") for source in re.findall(r'src="([^"]*)"', page))
    assert "default-src 'none'" in unescape(page)
    assert "<img src=x" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 3  # title and heading, file
    assert all(alt for alt in re.findall(r'alt="([^"]*)"', page))
    assert page.count("<img ") == page.count(" alt=")


def test_the_part_of_a_page_is_the_section_alone(audit: SquaresAudit) -> None:
    section = squares_section(audit)
    assert section.__html__() == section  # a template takes it as it is
    assert section.strip().startswith('<section id="squares">')
    assert section.strip().endswith("</section>")
    assert section.strip() in squares_page(audit, title="x")


def test_a_picture_that_has_gone_or_changed_since_is_said_to(audit: SquaresAudit) -> None:
    titles = chosen(audit)
    first, second = (audit.data.table.rows[i] for i in list(titles.values())[-1][:2])
    (audit.data.table.root / first.path).unlink()
    (audit.data.table.root / second.path).write_bytes(
        (audit.data.table.root / audit.data.table.rows[0].path).read_bytes()
    )
    page = squares_page(audit, title="x")
    assert page.count("gone or changed since the scan") == 2
    assert f"{first.path}, 192 × 64: gone or changed since the scan" in page


def test_equal_pictures_lose_alike_and_nothing_is_claimed_of_a_comparison(tmp_path: Path) -> None:
    data = ImageData.from_folder(write_collection(tmp_path / "p", {"red": 3, "blue": 3}), size_px=32)
    audit = audit_squares(data, compare=False)
    assert list(chosen(audit)) == ["Typical pictures"]
    page = squares_page(audit, title="x")
    assert "95 % interval" not in page
    assert "taken for" not in page


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (390, "dark")])
def test_a_browser_shows_it_without_a_request_or_an_error(
    audit: SquaresAudit, tmp_path: Path, width: int, scheme: str
) -> None:
    def has_four_pictures_in_each_row(shown: "Page") -> None:
        assert shown.locator(".sheet img").count() == 4 * shown.locator(".sheet").count() > 0

    page = squares_page(audit, title=HOSTILE)
    file = tmp_path / "squares.html"
    assert_sound(page, file, title=HOSTILE, width=width, scheme=scheme, more=has_four_pictures_in_each_row)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (390, "dark")])
def test_axe_finds_nothing_serious(audit: SquaresAudit, tmp_path: Path, width: int, scheme: str) -> None:
    page = squares_page(audit, title=HOSTILE)
    assert_accessible(page, tmp_path / "page.html", width=width, scheme=scheme)
