"""What is read off several sweeps at once; all figures are made up and can be reckoned by hand."""

import json
import math
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from unfreeze.errors import SettingsError
from unfreeze.plots.sweep import plot_lr_find
from unfreeze.training.lr_band import LrBand, geometric_median
from unfreeze.training.lr_find import LrSweep

RULES = ("valley", "steep", "minimum", "slide")


def sweep(
    *suggested: float, rates: Sequence[float] = (0.01, 0.1, 1.0), smoothed: Sequence[float] = (3.0, 2.0, 4.0)
) -> LrSweep:
    """A sweep that suggests four rates, or has no clear valley; a batch's loss is a tenth above the smoothed one."""
    return LrSweep(
        rates=tuple(rates),
        losses=tuple(1.1 * loss for loss in smoothed),
        smoothed=tuple(smoothed),
        stopped="the last rate was reached",
        suggestions=dict(zip(RULES, suggested, strict=True)) if suggested else {},
    )


def test_of_three_sweeps_the_middle_rate_of_each_rule_is_suggested() -> None:
    band = LrBand((sweep(0.01, 0.5, 0.3, 0.1), sweep(0.02, 0.1, 0.1, 0.9), sweep(0.03, 0.2, 0.2, 0.5)))
    assert band.clear
    assert band.suggestions == {"valley": 0.02, "steep": 0.2, "minimum": 0.2, "slide": 0.5}
    assert band.band == {"valley": (0.01, 0.03), "steep": (0.1, 0.5), "minimum": (0.1, 0.3), "slide": (0.1, 0.9)}


def test_of_two_sweeps_the_geometric_mean_is_suggested() -> None:
    band = LrBand((sweep(0.01, 0.04, 1.0, 2.0), sweep(0.04, 0.01, 4.0, 2.0)))
    assert band.suggestions == pytest.approx({"valley": 0.02, "steep": 0.02, "minimum": 2.0, "slide": 2.0})


def test_one_sweep_is_its_own_band() -> None:
    one = sweep(0.02, 0.05, 0.01, 0.5)
    band = LrBand((one,))
    assert band.suggestions == one.suggestions
    assert band.band["valley"] == (0.02, 0.02)
    assert (band.rates, band.losses, band.smoothed) == (one.rates, one.losses, one.smoothed)


@pytest.mark.parametrize(
    ("with_valley", "without", "clear"), [(2, 1, True), (1, 1, False), (1, 2, False), (0, 3, False)]
)
def test_more_than_half_must_have_a_clear_valley(with_valley: int, without: int, clear: bool) -> None:
    band = LrBand((sweep(),) * without + (sweep(0.02, 0.05, 0.01, 0.5),) * with_valley)
    assert band.clear is clear
    assert set(band.suggestions) == set(band.band) == (set(RULES) if clear else set())


def test_sweeps_without_a_valley_suggest_nothing_but_are_part_of_the_curve() -> None:
    flat = sweep(smoothed=(9.0, 9.0, 9.0))
    band = LrBand((sweep(0.01, 0.02, 0.03, 0.04), flat, sweep(0.04, 0.08, 0.12, 0.16, smoothed=(2.0, 1.0, 5.0))))
    assert band.suggestions == pytest.approx({"valley": 0.02, "steep": 0.04, "minimum": 0.06, "slide": 0.08})
    assert band.band["slide"] == (0.04, 0.16)
    assert band.smoothed == (3.0, 2.0, 5.0)


def test_the_curve_is_the_median_at_the_rates_that_all_reached() -> None:
    band = LrBand(
        (
            sweep(smoothed=(3.0, 2.0, 4.0)),
            sweep(rates=(0.01, 0.1), smoothed=(5.0, 1.0)),  # stopped before 1.0
            sweep(smoothed=(4.0, 7.0, 9.0)),
        )
    )
    assert band.rates == (0.01, 0.1)
    assert band.smoothed == (4.0, 2.0)
    assert band.losses == pytest.approx((4.4, 2.2))


def test_between_its_own_rates_a_sweep_is_interpolated_for_the_logarithm() -> None:
    coarse = sweep(rates=(0.001, 0.1, 10.0), smoothed=(6.0, 2.0, 4.0))
    band = LrBand((sweep(smoothed=(3.0, 2.0, 4.0)), coarse))
    assert band.rates == (0.01, 0.1, 1.0)
    # half way from 0.001 to 0.1 and from 0.1 to 10 the coarse one is at 4 and at 3
    assert band.smoothed == pytest.approx((3.5, 2.0, 3.5))


def test_rates_below_the_highest_first_one_are_left_out() -> None:
    band = LrBand((sweep(), sweep(rates=(0.1, 1.0), smoothed=(4.0, 4.0))))
    assert band.rates == (0.1, 1.0)
    assert band.smoothed == (3.0, 4.0)


def test_a_sweep_that_ended_at_once_does_not_hide_the_others() -> None:
    ended = sweep(rates=(), smoothed=())
    band = LrBand((ended, sweep(0.02, 0.05, 0.01, 0.5), sweep(0.02, 0.05, 0.01, 0.5)))
    assert band.clear
    assert band.rates == (0.01, 0.1, 1.0)
    nothing = LrBand((ended, ended))
    assert (nothing.rates, nothing.losses, nothing.smoothed, nothing.clear) == ((), (), (), False)


def test_each_reason_to_stop_is_named_once() -> None:
    at_last, blown = sweep(), replace(sweep(), stopped="the loss was not finite at rate 3")
    assert LrBand((at_last, blown, at_last)).stopped == "the last rate was reached; the loss was not finite at rate 3"


def test_a_band_needs_a_sweep() -> None:
    with pytest.raises(SettingsError, match="needs a sweep, and there is none; ask for one seed or more"):
        LrBand(())


def test_a_band_can_be_stored() -> None:
    band = LrBand((sweep(0.01, 0.02, 0.03, 0.04), sweep(0.04, 0.08, 0.12, 0.16)))
    stored = json.loads(json.dumps(band.to_dict()))
    assert set(stored) == {"rates", "losses", "smoothed", "stopped", "suggestions", "band", "sweeps"}
    assert stored["suggestions"] == band.suggestions
    assert stored["band"]["steep"] == [0.02, 0.08]
    assert [found["suggestions"]["valley"] for found in stored["sweeps"]] == [0.01, 0.04]


def test_a_band_is_drawn_as_a_sweep_is() -> None:
    band = LrBand((sweep(0.01, 0.02, 0.03, 0.5), sweep(0.04, 0.08, 0.12, 0.9, rates=(0.01, 0.1), smoothed=(3.0, 2.0))))
    axes = plot_lr_find(band, Figure().add_subplot())
    labels = [text.get_text() for text in axes.get_legend().get_texts()]  # type: ignore[union-attr]
    assert labels == ["loss of the batch", "smoothed", "valley 0.02", "steep 0.04", "minimum 0.06", "slide 0.67"]


@given(st.lists(st.floats(1e-7, 10), min_size=1, max_size=9))
def test_the_median_of_rates_is_that_of_their_logarithms(rates: list[float]) -> None:
    expected = math.exp(statistics.median(math.log(rate) for rate in rates))
    assert geometric_median(rates) == pytest.approx(expected, rel=1e-12)
    assert len(rates) % 2 == 0 or geometric_median(rates) in rates


def test_a_band_loads_no_torch() -> None:
    code = "import sys, unfreeze.training.lr_band; sys.exit(bool({'torch', 'timm', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
