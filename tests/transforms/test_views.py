"""Views are numbers, decided by seed, content and view number alone."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.transforms.squares import Square, plain_window
from unfreeze.transforms.views import Augment, View, augmented_view, draws, plain_view

TRAINING = [Augment.SIDE_ON, Augment.TOP_DOWN, Augment.UPRIGHT]
MIDDLE = (0.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0)

eight_draws = st.tuples(*[st.floats(0, 1, exclude_max=True)] * 8)


def view_of(draws: tuple[float, ...], augment: Augment = Augment.SIDE_ON, square: Square = Square.CROP) -> View:
    return augmented_view(400, 200, square, augment, draws)


def changed(**numbers: float) -> tuple[float, ...]:
    """The draws of a view that changes nothing, but for those that are named."""
    names = ["zoom", "across", "down", "turn", "light", "contrast", "flip", "quarters"]
    return tuple(numbers.get(name, draw) for name, draw in zip(names, MIDDLE, strict=True))


def test_draws_are_the_upper_53_bits_of_the_words_of_a_hash() -> None:
    digest = hashlib.blake2b(b"view 5 c0ffee 3", digest_size=64).digest()
    words = [int.from_bytes(digest[at : at + 8], "little") for at in range(0, 64, 8)]
    assert draws(5, "c0ffee", 3) == tuple((word - word % 2**11) / 2**64 for word in words)


def test_draws_are_the_same_in_every_version() -> None:
    assert draws(0, "ab", 1)[:2] == (0.7302525890482274, 0.41804777727715436)


@given(st.integers(0, 2**63), st.text("0123456789abcdef", max_size=32), st.integers(1, 1000))
def test_draws_lie_in_the_unit_interval_and_belong_to_their_view(seed: int, content: str, number: int) -> None:
    here = draws(seed, content, number)
    assert len(here) == 8
    assert all(0 <= draw < 1 for draw in here)
    assert here == draws(seed, content, number)
    others = [draws(seed + 1, content, number), draws(seed, content + "0", number), draws(seed, content, number + 1)]
    assert here not in others


def test_draws_are_spread_evenly() -> None:
    table = np.array([draws(0, f"{content:032x}", 1 + content % 4) for content in range(4000)])  # (4000, 8)
    for column in table.T:
        counts = np.histogram(column, bins=10, range=(0, 1))[0]
        assert (abs(counts - 400) < 85).all()  # 4.5 standard deviations of a bin's count, which is 19
    assert abs(np.corrcoef(table.T) - np.eye(8)).max() < 0.07


def test_the_middle_of_all_draws_changes_nothing_but_the_way_of_drawing() -> None:
    assert view_of(MIDDLE) == View(plain_window(400, 200, Square.CROP), plain=False)


@pytest.mark.parametrize(
    ("draw", "zoom", "degrees", "light", "contrast"),
    [(0.0, 1.0, -10.0, -0.05, 0.95), (0.25, 1.025, -5.0, -0.025, 0.975), (1.0, 1.1, 10.0, 0.05, 1.05)],
)
def test_ranges_end_where_the_lesson_says(
    draw: float, zoom: float, degrees: float, light: float, contrast: float
) -> None:
    view = view_of(changed(zoom=draw, turn=draw, light=draw, contrast=draw))
    assert 200 / view.window.width == pytest.approx(zoom)
    assert view.degrees == pytest.approx(degrees)
    assert view.brightness == pytest.approx(light)
    assert view.contrast == pytest.approx(contrast)


@given(eight_draws, st.sampled_from(TRAINING), st.sampled_from(list(Square)))
def test_every_view_stays_within_its_ranges(draws: tuple[float, ...], augment: Augment, square: Square) -> None:
    view = view_of(draws, augment, square)
    assert 1 - 1e-9 <= plain_window(400, 200, square).width / view.window.width <= 1.1 + 1e-9
    assert -10 <= view.degrees <= 10
    assert -0.05 <= view.brightness <= 0.05
    assert 0.95 <= view.contrast <= 1.05
    assert not view.plain


def test_position_is_drawn() -> None:
    assert view_of(changed(across=0.25)).window.left == 50
    assert view_of(changed(down=1.0, zoom=1.0)).window.top == pytest.approx(200 - 200 / 1.1)


@pytest.mark.parametrize(("draw", "flipped"), [(0.0, True), (0.49, True), (0.5, False), (0.99, False)])
def test_half_of_the_draws_flip(draw: float, flipped: bool) -> None:
    assert view_of(changed(flip=draw), Augment.SIDE_ON).flipped is flipped
    assert view_of(changed(flip=draw), Augment.TOP_DOWN).flipped is flipped


@given(eight_draws)
def test_upright_never_flips_or_turns(draws: tuple[float, ...]) -> None:
    view = view_of(draws, Augment.UPRIGHT)
    assert not view.flipped
    assert view.quarter_turns == 0


@given(eight_draws)
def test_side_on_never_turns(draws: tuple[float, ...]) -> None:
    assert view_of(draws, Augment.SIDE_ON).quarter_turns == 0


def test_top_down_reaches_all_eight_about_equally() -> None:
    views = [view_of(draws(0, str(content), 1), Augment.TOP_DOWN) for content in range(1600)]
    reached = [(view.quarter_turns, view.flipped) for view in views]
    assert set(reached) == {(turns, flipped) for turns in range(4) for flipped in (False, True)}
    assert all(abs(reached.count(kind) - 200) < 60 for kind in set(reached))  # 4.5 standard deviations


def test_the_plain_view_is_the_plain_window() -> None:
    assert plain_view(400, 200, Square.CROP, crop_share=0.5) == View(
        plain_window(400, 200, Square.CROP, crop_share=0.5), 0.0, 0, False, 0.0, 1.0, True
    )
