"""Which activations are stored: sizes worked out on paper, and beside what SQLite really takes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.activations.plan import Cut, entry_bytes, parse_bytes, plan_store, readable_bytes
from unfreeze.activations.store import ActivationStore
from unfreeze.errors import SettingsError

CUTS = [Cut(name="early", values=50_000), Cut(name="middle", values=10_000), Cut(name="late", values=30_000)]


def room(values: int, views: int, pictures: int = 10) -> int:
    """A limit that a plain view and some augmented ones just fit."""
    return pictures * (1 + views) * entry_bytes(values)


@pytest.mark.parametrize(
    ("limit_bytes", "expected"),
    [
        (room(30_000, 4), ("late", 4)),  # the one nearest the head, though another is smaller
        (room(30_000, 4) - 1, ("middle", 4)),  # all views matter more than how late the cut is
        (room(10_000, 4) - 1, ("middle", 3)),
        (room(30_000, 1), ("middle", 4)),
        (room(10_000, 1), ("middle", 1)),
        (room(10_000, 1) - 1, None),  # the plain view alone is not worth it
        (0, None),
        (10**15, ("late", 4)),
    ],
)
def test_the_deepest_of_the_cuts_with_most_views_is_chosen(limit_bytes: int, expected: tuple[str, int] | None) -> None:
    plan = plan_store(CUTS, pictures=10, views=4, limit_bytes=limit_bytes)
    assert (plan and (plan.cut, plan.views)) == expected


def test_among_cuts_with_as_many_views_the_deepest_is_chosen_when_not_all_fit() -> None:
    cuts = [Cut(name="early", values=9000), Cut(name="late", values=9100), Cut(name="deepest", values=90_000)]
    plan = plan_store(cuts, pictures=10, views=8, limit_bytes=room(9100, 2))
    assert plan is not None
    assert (plan.cut, plan.views) == ("late", 2)


def test_without_augmentation_the_plain_view_is_enough() -> None:
    plan = plan_store(CUTS, pictures=10, views=0, limit_bytes=room(30_000, 0))
    assert plan is not None
    assert (plan.cut, plan.views, plan.total_bytes) == ("late", 0, room(30_000, 0))
    assert plan_store(CUTS, pictures=10, views=0, limit_bytes=room(10_000, 0) - 1) is None
    assert plan_store([], pictures=10, views=0, limit_bytes=10**9) is None


@given(st.lists(st.integers(1, 10**6), max_size=6), st.integers(1, 10**5), st.integers(0, 9), st.integers(0, 10**12))
def test_a_plan_fits_and_none_is_better(values: list[int], pictures: int, views: int, limit_bytes: int) -> None:
    cuts = [Cut(name=str(number), values=count) for number, count in enumerate(values)]
    plan = plan_store(cuts, pictures=pictures, views=views, limit_bytes=limit_bytes)
    possible = [
        (held, number)
        for number, count in enumerate(values)
        for held in range(min(1, views), views + 1)
        if room(count, held, pictures) <= limit_bytes
    ]
    assert (plan and (plan.views, int(plan.cut))) == (max(possible) if possible else None)


def test_the_reason_names_what_was_given_up() -> None:
    plan = plan_store([Cut(name="block4", values=15_680)], pictures=1500, views=3, limit_bytes=150_000_000)
    assert plan is not None
    assert plan.reason == (
        "activations before block4: 33 KB a picture and view, 1 + 2 views (3 were asked for) of 1,500 pictures "
        "take 148 MB of 150 MB"
    )


@pytest.mark.parametrize("shape", [(1280,), (2048,), (192, 7, 7), (80, 14, 14), (512, 7, 7)])
def test_an_entry_takes_what_was_planned(tmp_path: Path, shape: tuple[int, ...]) -> None:
    count = 600
    with ActivationStore(tmp_path) as store:
        array = np.ones(shape, np.float32)
        store.put({number.to_bytes(16, "big"): array for number in range(count)})
    assert store.path.stat().st_size == pytest.approx(count * entry_bytes(array.size), rel=0.06)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5GB", 5 * 10**9),
        ("500MB", 5 * 10**8),
        ("2.5 GB", 25 * 10**8),
        ("1GiB", 2**30),
        ("1.5kib", 1536),
        (" 3 tb ", 3 * 10**12),
        ("4G", 4 * 10**9),
        ("123", 123),
        ("12 B", 12),
        ("0", 0),
        ("0.3KB", 300),
    ],
)
def test_sizes_are_read_as_they_are_written(text: str, expected: int) -> None:
    assert parse_bytes(text) == expected


@pytest.mark.parametrize(
    "text", ["", "GB", "-5GB", "5XB", "5 G B", "1e9", "nan", "5,5GB", ".5GB", "1.GB", "5iB", "٣GB"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--cache-size is .*; it must be a size such as 5GB, 500MB or") as caught:
        parse_bytes(text)
    assert caught.value.subject == "--cache-size"


@given(st.integers(0, 10**17))
def test_a_readable_size_is_right_within_five_percent(count: int) -> None:
    assert parse_bytes(readable_bytes(count)) == pytest.approx(count, rel=0.051)
