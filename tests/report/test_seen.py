"""What the square cuts off: the figures of the ways, and a sheet of pictures."""

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unfreeze.report.page import ReportContent
from unfreeze.report.seen import CUT, TYPICAL, VIEWS, seen_view
from unfreeze.transforms.squares import Square
from wide import read, write_wide


@pytest.fixture
def wide(content: ReportContent, tmp_path: Path) -> ReportContent:
    """Pictures of 192 x 64 pixels, one of which is wider still."""
    root = write_wide(tmp_path / "wide", strip_px=20, of_each=4)
    Image.open(root / "train/left-red/00.png").resize((400, 50)).save(root / "train" / "left-red" / "widest.png")
    data = read(root)
    return replace(content, table=data.table, transform=data.transform)


def test_figures_are_those_of_each_way(wide: ReportContent) -> None:
    view = seen_view(replace(wide, transform=replace(wide.transform, square=Square.CROP)))
    assert view
    assert [way.name for way in view.ways] == [square.value for square in Square]
    assert [way.used for way in view.ways] == [True, False, False]
    crop, squash, pad = view.ways
    assert crop.least == view.least == pytest.approx(0.875**2 / 8)
    assert crop.losing == [1, 1, 1]
    assert squash.seen == pad.seen == 1
    assert squash.stretch == pytest.approx(8)
    assert pad.fill == pytest.approx((8 * 2 / 3 + 7 / 8) / 9)


def test_the_sheet_shows_typical_pictures_and_those_that_lose_most_each_with_its_views(wide: ReportContent) -> None:
    view = seen_view(wide)
    assert view
    paths = [picture.path for picture in view.pictures]
    assert len(paths) == len(set(paths)) == TYPICAL + CUT
    assert "train/left-red/widest.png" in paths[TYPICAL:]
    first = view.pictures[0]
    assert len(first.views) == 1 + VIEWS
    sizes = [np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))).shape for uri in first.views]
    assert set(sizes) == {(64, 64, 3)}


def test_new_pictures_are_shown_in_the_plain_view_only(wide: ReportContent) -> None:
    view = seen_view(replace(wide, subject="new"))
    assert view
    assert {len(picture.views) for picture in view.pictures} == {1}


def test_a_picture_that_has_gone_is_left_out(wide: ReportContent) -> None:
    (wide.table.root / "train/left-red/widest.png").unlink()
    view = seen_view(wide)
    assert view
    assert "train/left-red/widest.png" not in [picture.path for picture in view.pictures]
