"""Grids with losses that are easy to reckon with."""

import math

import pytest

from benchmarks.grid import Grid, half_decades, medians_of_three, refined, searched, table
from unfreeze.training.lr_band import LrBand
from unfreeze.training.lr_find import LrSweep

RATES = (0.01, 0.1, 1.0, 10.0)


def grid(*losses: tuple[float, ...]) -> Grid:
    return Grid(rates=RATES[: len(losses[0])], losses=losses)


def sweep(valley: float | None, steep: float = 0.1) -> LrSweep:
    """A sweep that suggests two rates, or none."""
    found = {} if valley is None else {"valley": valley, "steep": steep}
    return LrSweep(rates=RATES, losses=(1.0,) * 4, smoothed=(1.0,) * 4, stopped="", suggestions=found)


def test_half_decades_are_square_roots_of_ten_apart() -> None:
    rates = half_decades(1e-4, 10)
    assert len(rates) == 11
    assert rates == pytest.approx([10 ** (-4 + half / 2) for half in range(11)])


def test_every_rate_is_tried_with_every_seed() -> None:
    found = searched((0.5, 2.0), 3, lambda rate, seed: 10 * rate + seed)
    assert found == Grid(rates=(0.5, 2.0), losses=((5.0, 20.0), (6.0, 21.0), (7.0, 22.0)))


def test_the_best_rate_has_the_lowest_median() -> None:
    found = grid((9.0, 2.0, 1.0), (5.0, 3.0, 8.0), (6.0, 4.0, 7.0))
    assert found.medians == (6.0, 3.0, 7.0)
    assert found.best == 1


def test_the_stretch_near_the_best_ends_where_the_loss_is_a_twentieth_higher() -> None:
    # 1.05 is a quarter of the way from 1.0 at 0.1 to 1.2 at 0.01, and half of that from 1.02 at 1 to 1.08 at 10
    low, high = grid((1.2, 1.0, 1.02, 1.08)).near_best()
    assert low == pytest.approx(0.1 * 0.1**0.25)
    assert high == pytest.approx(10**0.5)


def test_the_stretch_ends_with_the_grid_and_before_what_broke_down() -> None:
    assert grid((1.0, 1.01, math.inf, 1.0)).near_best() == (0.01, 0.1)
    assert grid((1.04, 1.03, 1.02, 1.0)).near_best() == (0.01, 10.0)


def test_a_second_stretch_is_not_joined_to_the_first() -> None:
    low, high = grid((1.0, 2.0, 1.0, 1.0)).near_best()
    assert low == 0.01
    assert high == pytest.approx(0.01 * 10**0.05)


def test_a_grid_is_refined_on_both_sides_of_its_best_rate() -> None:
    tried: list[tuple[float, int]] = []

    def loss(rate: float, seed: int) -> float:
        tried.append((rate, seed))
        return -rate

    found = refined(grid((4.0, 1.0, 2.0, 3.0), (8.0, 5.0, 6.0, 7.0)), 2, loss)
    assert found.rates == pytest.approx((0.01, 0.1**1.5, 0.1, 0.1**0.5, 1.0, 10.0))
    assert found.losses[0] == pytest.approx((4.0, -(0.1**1.5), 1.0, -(0.1**0.5), 2.0, 3.0))
    assert found.losses[1] == pytest.approx((8.0, -(0.1**1.5), 5.0, -(0.1**0.5), 6.0, 7.0))
    assert [seed for _, seed in tried] == [0, 0, 1, 1]


@pytest.mark.parametrize(("losses", "between"), [((1.0, 2.0, 3.0, 4.0), 0.1**1.5), ((4.0, 3.0, 2.0, 1.0), 10**0.5)])
def test_at_its_end_a_grid_is_refined_on_one_side(losses: tuple[float, ...], between: float) -> None:
    found = refined(grid(losses), 2, lambda rate, seed: 9.0)
    assert sorted({*found.rates} - {*RATES}) == pytest.approx([between])
    assert found.losses[0][found.rates.index(found.rates[found.best])] == 1.0


def test_in_one_part_a_grid_stays_as_it_is() -> None:
    found = grid((4.0, 1.0, 2.0, 3.0))
    assert refined(found, 1, lambda rate, seed: 0.0) == found


def test_bands_of_three_have_no_seed_in_common() -> None:
    band = LrBand(tuple(map(sweep, (3.0, 1.0, 2.0, None, None, 5.0, 9.0, None, 4.0, 7.0, 7.0))))
    assert medians_of_three(band, "valley") == [2.0, 6.0]  # the second three have one clear valley, the last are two


def test_a_row_says_how_far_a_rule_is_from_the_best_rate() -> None:
    band = LrBand((sweep(0.05, 1.0), sweep(0.1, 1.0), sweep(0.4, 5.0)))
    text = table("pets", grid((1.2, 1.0, 1.2, 4.0)), band, {"valley": 1.0, "steep": 1.2})
    rows = [line for line in text.splitlines() if line.startswith(("| valley", "| steep"))]
    assert rows == [
        "| valley | 0.1 | 0.05 to 0.4 | 0.1 to 0.1 | 1 times | yes | 1 of 3 | 1.0000 (+0 %) |",
        "| steep | 1 | 1 to 5 | 1 to 1 | 10 times | no | 0 of 3 | 1.2000 (+20 %) |",
    ]
    assert (
        "Best rate of the grid 0.1: loss 1.0000 (seeds 1.0000 to 1.0000); within 5 % of it from 0.056 to 0.18." in text
    )
    assert "3 of 3 sweeps have a clear valley" in text


def test_without_a_clear_valley_there_are_no_rows() -> None:
    text = table("pets", grid((1.2, 1.0)), LrBand((sweep(0.1), sweep(None))), {})
    assert "1 of 2 sweeps have a clear valley" in text
    assert text.endswith("No clear valley.")
    assert "| valley" not in text
