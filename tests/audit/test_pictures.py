"""What the table of a scan shows, each rule on pictures just inside and outside of it."""

from dataclasses import replace

import pytest

from told import MakeTable, look, row
from unfreeze.audit.findings import Finding, Kind
from unfreeze.audit.pictures import picture_findings
from unfreeze.images.look import Look
from unfreeze.images.table import ImageTable, Quarantined


def of_kind(table: ImageTable, kind: Kind) -> list[Finding]:
    return [found for found in picture_findings(table, size_px=224) if found.kind is kind]


@pytest.fixture
def ordinary(make_table: MakeTable) -> ImageTable:
    """Forty pictures of two classes in which nothing is to be found; sharpness varies a little."""
    rows = [row(f"{number:02}.jpg", number % 2) for number in range(40)]
    return make_table(rows, {each.path: look(sharpness=1 + index / 100) for index, each in enumerate(rows)})


def with_look(table: ImageTable, path: str, seen: Look) -> ImageTable:
    return replace(table, looks={**table.looks, path: seen})


def test_nothing_is_found_in_ordinary_pictures(ordinary: ImageTable) -> None:
    assert picture_findings(ordinary, size_px=224) == []


@pytest.mark.parametrize(
    ("kind", "seen", "detail"),
    [
        (Kind.BLANK, look(spread=3.9), "3.9 of 255"),
        (Kind.BLURRED, look(sharpness=0.01), "times less sharp"),
        (Kind.ANIMATED, look(frames=7, sharpness=1.1), "7 frames; the first one is used"),
        (Kind.MODE, look(mode="CMYK", sharpness=1.1), "stored as CMYK, most others as RGB"),
        (Kind.ODD, look(format="PNG", sharpness=1.1), "is a PNG file by its content"),
    ],
)
def test_one_picture_that_differs_is_named(ordinary: ImageTable, kind: Kind, seen: Look, detail: str) -> None:
    (found,) = picture_findings(with_look(ordinary, "07.jpg", seen), size_px=224)
    assert (found.kind, found.path, found.split) == (kind, "07.jpg", "train")
    assert detail in found.detail


@pytest.mark.parametrize(
    ("size", "kinds"),
    [((112, 224), []), ((111, 224), [Kind.TINY]), ((900, 300), []), ((901, 300), [Kind.SHAPE])],
)
def test_sizes_and_shapes(make_table: MakeTable, size: tuple[int, int], kinds: list[Kind]) -> None:
    rows = [row(f"{number:02}.jpg", number % 2) for number in range(40)]
    rows[3] = row("03.jpg", 1, size=size)
    assert [found.kind for found in picture_findings(make_table(rows), size_px=224)] == kinds


def test_the_one_file_of_another_format_may_be_a_placeholder(make_table: MakeTable) -> None:
    rows = [row(f"{number:03}.jpg", number % 2) for number in range(199)]
    table = make_table([*rows, row("missing.gif", 0)], {"missing.gif": look(format="GIF")})
    (found,) = picture_findings(table, size_px=224)
    assert (found.kind, found.path) == (Kind.ODD, "missing.gif")
    assert found.detail == "one of 1 GIF files among 199 JPEG files: a placeholder?"


def test_broken_files_and_notes_are_passed_on(ordinary: ImageTable) -> None:
    table = replace(ordinary, quarantined=(Quarantined("bad.jpg", "breaks off"),), odd=("3 .txt files skipped",))
    broken, odd = picture_findings(table, size_px=224)
    assert (broken.kind, broken.path, broken.detail) == (Kind.BROKEN, "bad.jpg", "breaks off")
    assert (odd.kind, odd.path, odd.detail) == (Kind.ODD, "", "3 .txt files skipped")


def test_small_and_outnumbered_classes(make_table: MakeTable) -> None:
    rows = [row(f"{number:03}.jpg", 0) for number in range(201)] + [row(f"d{number}.jpg", 1) for number in range(19)]
    rows += [row(f"v{number}.jpg", 1, "valid") for number in range(100)]
    table = make_table(rows)
    assert [found.detail for found in of_kind(table, Kind.FEW)] == ["class 'dog' has 19 training pictures"]
    assert [found.detail for found in of_kind(table, Kind.IMBALANCE)] == [
        "class 'dog' has 19 training pictures, 'cat' has 201"
    ]
