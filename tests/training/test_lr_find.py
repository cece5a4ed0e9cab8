"""The sweep over learning rates, and what is read off curves whose answer is known."""

import json
import math
from collections.abc import Sequence
from itertools import repeat

import numpy as np
import pytest

from unfreeze.errors import SettingsError, TrainingError
from unfreeze.training.batches import Batch
from unfreeze.training.lr_find import LrSweep, falls_beyond_chance, lr_sweep, suggest_rates, sweep_rate

BATCH: Batch = (np.zeros((1, 1), np.float32), np.zeros(1, np.int64))
RATES = 10 ** np.linspace(-7, 1, 81)  # ten rates a decade


def sweep_of(losses: Sequence[float]) -> LrSweep:
    """A sweep whose steps have the given losses."""
    coming = iter(losses)
    return lr_sweep(repeat(BATCH), lambda batch, rate: next(coming), start=1e-7, end=10, steps=len(losses))


def curve(depth: float = 1.0) -> np.ndarray:
    """2 up to rate 1e-4 (step 30), half a cosine down to 2 - depth at rate 0.1 (step 60), then up again."""
    return np.array(
        [2.0] * 30
        + [2 - depth * (1 - math.cos(math.pi * t / 30)) / 2 for t in range(31)]
        + [2 - depth + 0.3 * t for t in range(1, 21)]
    )


def test_rates_follow_the_formula_and_reach_each_step() -> None:
    seen = []

    def step(batch: Batch, rate: float) -> float:
        seen.append(rate)
        return 1.0

    sweep = lr_sweep(repeat(BATCH), step, start=1e-6, end=5, steps=120)
    assert sweep.rates == pytest.approx([1e-6 * (5 / 1e-6) ** (i / 120) for i in range(120)], rel=1e-11)
    assert list(sweep.rates) == seen
    assert sweep.stopped == "the last rate was reached"
    assert sweep_rate(0, start=1e-7, end=10, steps=9) == 1e-7
    assert sweep_rate(9, start=1e-7, end=10, steps=9) == 10


def test_sweep_takes_no_batch_more_than_its_steps() -> None:
    batches = iter(range(25))
    lr_sweep(batches, lambda batch, rate: 1.0, start=1e-3, end=1, steps=20)  # type: ignore[arg-type]
    assert list(batches) == [20, 21, 22, 23, 24]


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (-1e-3, 1), (1, 1e-3), (1, 1), (math.nan, 1), (1e-3, math.nan), (1e-3, math.inf)]
)
def test_rates_must_be_positive_and_ascend(start: float, end: float) -> None:
    with pytest.raises(SettingsError, match="they must be positive and ascend"):
        lr_sweep(repeat(BATCH), lambda batch, rate: 1.0, start=start, end=end, steps=20)


def test_smoothing_is_a_debiased_average() -> None:
    sweep = sweep_of([1.0, 2.0, 4.0])
    # 0.98 * 0.02 + 0.02 * 2 = 0.0596 over 1 - 0.9604; 0.98 * 0.0596 + 0.02 * 4 = 0.138408 over 1 - 0.941192
    assert sweep.smoothed == pytest.approx([1, 0.0596 / 0.0396, 0.138408 / 0.058808], rel=1e-12)
    assert sweep.losses == (1.0, 2.0, 4.0)


def test_smoothing_weighs_older_losses_less() -> None:
    losses = np.random.default_rng(0).uniform(1, 2, 60)
    weights = 0.98 ** np.arange(60)[::-1]
    assert sweep_of(losses.tolist()).smoothed[-1] == pytest.approx(np.average(losses, weights=weights), rel=1e-12)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_sweep_stops_at_a_loss_that_is_not_finite(bad: float) -> None:
    sweep = sweep_of([1.0] * 20 + [bad] + [1.0] * 10)
    assert len(sweep.rates) == len(sweep.losses) == len(sweep.smoothed) == 20
    assert sweep.stopped == f"the loss was not finite at rate {1e-7 * 1e8 ** (20 / 31):.2g}"


def test_sweep_stops_where_training_cannot_go_on() -> None:
    def step(batch: Batch, rate: float) -> float:
        if rate > 0.5:
            raise TrainingError("the training loss became nan", subject="loss")
        return 1.0

    sweep = lr_sweep(repeat(BATCH), step, start=0.01, end=1, steps=20)
    assert 0 < len(sweep.rates) < 20
    assert sweep.rates[-1] <= 0.5
    assert sweep.stopped.startswith("the loss was not finite at rate")


def test_sweep_stops_above_four_times_the_best() -> None:
    sweep = sweep_of([1.0] * 30 + [1000.0] * 30)
    assert len(sweep.rates) == 31
    assert sweep.smoothed[-1] > 4
    assert sweep.stopped.startswith("the smoothed loss rose above 4 times its best at rate")


def test_sweep_goes_on_below_four_times_the_best() -> None:
    leap = 1 + 2.9 * (1 - 0.98**31) / 0.02  # takes the average of 30 ones to 3.9
    sweep = sweep_of([1.0] * 30 + [leap] + [1.0] * 10)
    assert max(sweep.smoothed) == pytest.approx(3.9)
    assert len(sweep.rates) == 41


def test_best_counts_from_step_ten_on() -> None:
    assert len(sweep_of([0.01] + [1.0] * 39).rates) == 40  # step 0 was best by far, and does not count
    assert len(sweep_of([1.0] * 11 + [1000.0] * 29).rates) == 12  # step 10 counts
    assert len(sweep_of([1.0] * 10 + [1000.0] * 4).rates) == 14  # the leap at step 10 is the first best itself


def test_clear_valley_is_read_off_where_it_was_put() -> None:
    found = suggest_rates(RATES, curve())
    assert found["valley"] == pytest.approx(RATES[50])  # two thirds of the way from step 30 to step 60
    assert found["steep"] == pytest.approx(RATES[45])  # half a cosine is steepest half way
    assert found["minimum"] == pytest.approx(RATES[60] / 10)
    assert found["slide"] in (RATES[54], RATES[55])  # sin(pi * t) falls to a half at t = 5/6
    assert found["steep"] < found["valley"] < found["slide"] < RATES[60]


def test_steepest_point_may_lie_early_in_the_valley() -> None:
    early = np.concatenate([np.full(30, 2.0), 1 + np.exp(-np.arange(31) / 4), np.linspace(2, 6, 20)])
    found = suggest_rates(RATES, early)
    assert found["steep"] == pytest.approx(RATES[33])  # seen from three steps on either side, 30 to 36
    assert found["valley"] == pytest.approx(RATES[50])
    assert found["steep"] < found["slide"] < found["valley"]


def test_no_rate_is_read_beyond_the_lowest_loss() -> None:
    """A loss that has blown up may fall again, and faster than it ever did in the valley."""
    blown = np.concatenate([curve()[:61], np.linspace(1, 90, 10), np.linspace(90, 5, 10)])
    found = suggest_rates(RATES, blown)
    assert found["steep"] == pytest.approx(RATES[45])
    assert max(found.values()) <= RATES[60]


def test_longest_fall_counts_not_the_deepest() -> None:
    losses = np.concatenate([np.linspace(4, 3, 5), np.full(5, 3.5), np.linspace(3.4, 3, 30), np.full(5, 3.2)])
    assert suggest_rates(RATES[:45], losses)["valley"] == pytest.approx(RATES[9 + 20])


def test_later_of_two_equally_long_falls_counts() -> None:
    losses = np.concatenate([np.linspace(4, 3, 10), np.linspace(4, 3, 10)])
    assert suggest_rates(RATES[:20], losses)["valley"] == pytest.approx(RATES[16])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_dropped_first(bad: float) -> None:
    spoilt_rates, spoilt = RATES.tolist(), curve().tolist()
    for place in (70, 45, 0):
        spoilt_rates.insert(place, RATES[place] * 1.01)
        spoilt.insert(place, bad)
    assert suggest_rates(spoilt_rates, spoilt) == suggest_rates(RATES, curve())


@pytest.mark.parametrize(
    "losses",
    [np.full(81, 2.0), np.linspace(1, 3, 81), curve(depth=0.098), np.full(81, math.nan)],
    ids=["flat", "rising", "shallow", "never finite"],
)
def test_curve_without_a_valley_gives_no_suggestion(losses: np.ndarray) -> None:
    assert suggest_rates(RATES, losses) == {}


def test_fall_by_a_twentieth_is_a_clear_valley() -> None:
    assert set(suggest_rates(RATES, curve(depth=0.102))) == {"valley", "steep", "minimum", "slide"}


def test_few_points_give_no_suggestion() -> None:
    assert suggest_rates(RATES[:11], np.linspace(3, 1, 11)) == {}
    assert suggest_rates(RATES[:12], np.linspace(3, 1, 12)) != {}


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5])
def test_noise_alone_all_but_never_gives_a_suggestion(share: float) -> None:
    noise = np.random.default_rng(0).normal(size=(200, 100))
    sweeps = [sweep_of((2.3 * (1 + share * row)).tolist()) for row in noise]
    assert sum(sweep.clear for sweep in sweeps) <= 4
    assert all(sweep.clear == (sweep.suggestions != {}) for sweep in sweeps)


def test_valley_is_clear_through_noise() -> None:
    for seed in range(30):
        noise = np.random.default_rng(seed).normal(size=81)
        sweep = sweep_of((curve() * (1 + 0.1 * noise)).tolist())
        assert sweep.clear
        assert 1e-4 < sweep.suggestions["valley"] < 1


def test_fall_must_be_three_standard_errors_deep() -> None:
    losses = [2.0, 2.2] * 40  # neighbours differ by 0.2, so the standard deviation is taken as 0.2 / 0.9539
    errors = []
    for step in (50, 79):
        weights = 0.98 ** np.arange(step + 1)
        errors.append(0.2 / math.sqrt(2) * np.sqrt((weights**2).sum()) / weights.sum())
    least = 3 * math.hypot(*errors)
    for depth, clear in ((0.999 * least, False), (1.001 * least, True)):
        smoothed = [4.0] * 51 + np.linspace(4, 4 - depth, 30)[1:].tolist()
        assert falls_beyond_chance(losses, smoothed) is clear


def test_few_steps_and_steps_without_a_fall_are_chance() -> None:
    assert not falls_beyond_chance([3.0] * 11, np.linspace(3, 1, 11).tolist())
    assert falls_beyond_chance([3.0] * 12, np.linspace(3, 1, 12).tolist())
    assert not falls_beyond_chance([1.0] * 20, [1.0] * 20)


def test_sweep_of_a_valley_is_clear_and_can_be_stored() -> None:
    sweep = sweep_of([2.0] * 40 + [2.0 - 0.05 * i for i in range(35)])
    assert sweep.clear
    assert sweep.suggestions == suggest_rates(sweep.rates, sweep.smoothed)
    stored = json.loads(json.dumps(sweep.to_dict()))
    assert stored["rates"] == list(sweep.rates)
    assert stored["suggestions"] == sweep.suggestions
    assert set(stored) == {"rates", "losses", "smoothed", "stopped", "suggestions"}
