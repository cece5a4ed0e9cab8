"""What a user may write as learning rates, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.errors import SettingsError
from unfreeze.training.rates import Rates, group_rates, lowered_rates

POSITIVE = st.floats(1e-8, 10)


@pytest.mark.parametrize("rate", [0.01, 1, np.float64(0.5)])
def test_one_rate_goes_to_all_groups(rate: float) -> None:
    assert group_rates(rate, 3) == (rate, rate, rate)


@pytest.mark.parametrize("rates", [[0.1, 0.2, 0.3], (0.1, 0.2, 0.3), np.array([0.1, 0.2, 0.3])])
def test_list_gives_each_group_its_own(rates: Rates) -> None:
    assert group_rates(rates, 3) == (0.1, 0.2, 0.3)


@pytest.mark.parametrize("rates", [[0.1], [0.1, 0.2], [0.1] * 4, []])
def test_list_of_another_length_says_how_many_were_expected(rates: list[float]) -> None:
    with pytest.raises(SettingsError, match=f"{len(rates)} learning rates given; 3 expected") as error:
        group_rates(rates, 3)
    assert error.value.subject == "lr"


@given(POSITIVE, POSITIVE, st.integers(2, 6))
def test_slice_is_spaced_geometrically(first: float, last: float, groups: int) -> None:
    rates = group_rates(slice(first, last), groups)
    assert rates == pytest.approx(np.geomspace(first, last, groups), rel=1e-9)


def test_slice_over_one_group_is_its_end() -> None:
    assert group_rates(slice(0.001, 0.1), 1) == (0.1,)


def test_slice_with_an_end_only_gives_the_rest_a_tenth() -> None:
    assert group_rates(slice(0.02), 3) == (0.002, 0.002, 0.02)
    assert group_rates(slice(0.02), 1) == (0.02,)


@pytest.mark.parametrize("rates", [slice(None), slice(0.1, None), slice(0.001, 0.1, 2)])
def test_slice_that_is_no_range_says_what_to_write(rates: slice) -> None:
    with pytest.raises(SettingsError, match=r"no range of learning rates; write slice\(a, b\) or slice\(b\)"):
        group_rates(rates, 3)


@pytest.mark.parametrize("bad", [0.0, -0.1, math.nan, math.inf])
def test_rates_must_be_positive_numbers(bad: float) -> None:
    for rates in (bad, [0.1, bad, 0.1], [0.1, 0.1, bad], slice(bad)):
        with pytest.raises(SettingsError, match="not a positive number") as error:
            group_rates(rates, 3)
        assert error.value.subject == "lr"


@pytest.mark.parametrize("bad", [0.0, -0.1, math.nan, math.inf])
def test_ends_of_a_slice_must_be_positive_numbers(bad: float) -> None:
    for rates in (slice(bad, 0.1), slice(0.1, bad), slice(bad, bad)):
        with pytest.raises(SettingsError, match="positive number") as error:
            group_rates(rates, 3)
        assert error.value.subject == "lr"


def test_lowered_rates_divide_by_the_ratio_from_group_to_group() -> None:
    assert lowered_rates(0.01, 10, 3) == (0.0001, 0.001, 0.01)
    assert lowered_rates(0.3, 1, 2) == (0.3, 0.3)


@given(POSITIVE, st.floats(1, 20), st.integers(1, 6))
def test_lowered_rates_keep_their_ratio_and_end_at_the_heads(head: float, ratio: float, groups: int) -> None:
    rates = lowered_rates(head, ratio, groups)
    assert len(rates) == groups
    assert rates[-1] == pytest.approx(head, rel=1e-11)
    assert [rate * ratio for rate in rates[:-1]] == pytest.approx(list(rates[1:]), rel=1e-10)
