"""What a notebook shows, and the short cuts of today's library."""

import matplotlib as mpl
import pytest

from unfreeze.errors import SettingsError
from unfreeze.learner.learner import Learner
from unfreeze.learner.notebook import html_table


@pytest.fixture(autouse=True)
def no_windows() -> None:
    mpl.use("agg")


def test_one_cycle_goes_up_and_down_over_all_its_steps(learner: Learner) -> None:
    epochs = learner.fit_one_cycle(4, 0.02)
    rates = [record.rates["head"] for record in learner.history.steps]
    assert len(rates) == 12
    assert rates[0] == pytest.approx(0.02 / 25)
    assert max(rates) == rates[2] == pytest.approx(0.02)  # a quarter of the steps, the first one counted
    assert rates[-1] == pytest.approx(0.02 / 1e5)
    assert [record.ends_cycle for record in epochs] == [False, False, False, True]


def test_a_flat_rate_falls_in_the_last_quarter(learner: Learner) -> None:
    learner.fit_flat_cos(4, 0.02)
    rates = [record.rates["head"] for record in learner.history.steps]
    assert rates[:10] == [0.02] * 10
    assert rates[10:] == pytest.approx([0.015, 0.005])


def test_fine_tuning_is_a_frozen_epoch_and_then_the_whole_network(learner: Learner) -> None:
    epochs = learner.fine_tune(4, 0.02)
    assert [record.frozen for record in epochs] == [("early", "late"), (), (), (), ()]
    assert [record.view for record in epochs] == [1, 2, 3, 4, 5]
    highest = {name: max(step.rates[name] for step in learner.history.steps[3:]) for name in ("early", "late", "head")}
    assert highest == pytest.approx({"early": 0.0001, "late": 0.001, "head": 0.01})


def test_a_warm_up_comes_before_the_first_cycle_and_cycles_end_within_epochs(learner: Learner) -> None:
    epochs = learner.fit(0.01, 2, cycle_len=1, warmup_steps=1)
    rates = [record.rates["head"] for record in learner.history.steps]
    assert rates == pytest.approx([0.005] + [0.01, 0.0075, 0.0025] * 2)
    assert [record.ends_cycle for record in epochs] == [False, True, True]
    assert [found.epoch for found in learner.snapshots] == [1, 2]


def test_plots_are_drawn_on_axes_that_are_given_or_new(learner: Learner) -> None:
    from matplotlib import pyplot

    with pytest.raises(SettingsError, match="no learning rates were swept yet; call lr_find"):
        learner.plot_lr_find()
    learner.lr_find(seeds=2)
    learner.fit(0.01, 1)
    given = pyplot.subplots()[1]
    for plot in (learner.plot_lr_find, learner.plot_schedule, learner.plot_losses):
        assert plot(given) is given
        assert plot() is not given
    pyplot.close("all")


def test_epochs_and_groups_are_tables(learner: Learner) -> None:
    epochs = learner.fit(0.01, 2)
    assert [line.split()[0] for line in repr(epochs).splitlines()] == ["epoch", "1", "2"]
    assert epochs._repr_html_().count("<tr>") == 3
    assert f"{epochs[1].valid_loss:.4f}" in epochs._repr_html_()
    assert repr(learner) == "Learner(efficientnet_lite0, frozen: early, late, 2 epochs)"
    assert "<td>early</td><td>frozen</td>" in learner._repr_html_()
    assert "<td>head</td><td>trains</td><td>0.01</td>" in learner._repr_html_()
    assert html_table(["<b>"], []) == "<table><tr><th>&lt;b&gt;</th></tr></table>"


def test_test_time_augmentation_has_a_name_of_its_own(learner: Learner) -> None:
    learner.fit(0.01, 1)
    assert learner.tta(2).tta is not None
    assert learner.evaluate().tta is None
