"""The planner, on costs that are made up: never more than the budget, never less training for more of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.recipe.budget_plan import BudgetPlan, Standing, budget_for, fitting_plan, least_plan, plan_of
from unfreeze.recipe.costs import BodyCosts, Costs, items, seconds_after
from unfreeze.recipe.rungs import Rung, ladder
from unfreeze.recipe.settings import TrainSettings

SECONDS = st.floats(0, 100)
BODY = st.builds(
    BodyCosts,
    opened=SECONDS,
    compared=SECONDS,
    after=SECONDS,
    tta=SECONDS,
    sweep=SECONDS,
    step=st.floats(0, 5),
    validation=SECONDS,
    epoch_steps=st.integers(1, 100),
)
COSTS = st.builds(
    Costs,
    head=st.fixed_dictionaries({128: SECONDS, 160: SECONDS, 224: SECONDS}),
    cycles=st.tuples(SECONDS, SECONDS, SECONDS),
    curve=SECONDS,
    tta=SECONDS,
    end=SECONDS,
    body=st.none() | BODY,
    full_ends=st.just((1, 3, 7, 15)),
)
MADE_UP = Costs(
    head={128: 5.0, 224: 12.0},
    cycles=(6.0, 6.0, 6.0),
    curve=2.0,
    tta=8.0,
    end=5.0,
    body=BodyCosts(opened=5.0, compared=0.0, after=4.0, tta=8.0, sweep=30.0, step=0.2, validation=3.0, epoch_steps=60),
    full_ends=(1, 3, 7, 15),
)
ASKED = TrainSettings()


def rungs(asked: TrainSettings = ASKED) -> list[Rung]:
    return ladder(asked, size_px=224, smaller_px=(128, 160), most_epochs=15)


RUNGS = [rung for rung in rungs() if 160 not in (rung.size_px, rung.full_size_px)]


@given(COSTS, st.floats(1, 3000), st.floats(0, 50))
def test_a_plan_never_takes_more_than_the_budget(costs: Costs, seconds: float, spent: float) -> None:
    plan = fitting_plan(rungs(), costs, Standing(seconds=seconds, spent=spent))
    if plan:
        assert budget_for(plan.total) <= seconds * (1 + 1e-9)
    else:
        least = least_plan(rungs(), costs, Standing(seconds=seconds, spent=spent))
        assert budget_for(least.total) > seconds


@given(COSTS, st.floats(1, 3000), st.floats(0, 3000), st.floats(0, 50))
def test_a_longer_budget_never_means_less_training(costs: Costs, seconds: float, more: float, spent: float) -> None:
    plan = fitting_plan(rungs(), costs, Standing(seconds=seconds, spent=spent))
    longer = fitting_plan(rungs(), costs, Standing(seconds=seconds + more, spent=spent))
    assert plan is None or (longer and plan.rung.is_within(longer.rung))


@given(COSTS, st.floats(1, 3000), st.integers(0, 8), st.data())
def test_what_was_done_stays_when_it_is_planned_anew(
    costs: Costs, seconds: float, done: int, data: st.DataObject
) -> None:
    now = data.draw(st.sampled_from([rung for rung in rungs() if costs.body or 8 not in rung.steps]))
    standing = Standing(seconds=seconds, spent=1.0, done=done, now=now)
    plan = fitting_plan(rungs(), costs, standing) or least_plan(rungs(), costs, standing)
    assert [step for step in plan.rung.steps if step <= done] == [step for step in now.steps if step <= done]
    assert not done or plan.rung.size_px == now.size_px
    assert done < 4 or plan.rung.augmented_cycles == now.augmented_cycles
    assert done < 8 or (plan.rung.full_epochs, plan.rung.full_size_px) == (now.full_epochs, now.full_size_px)
    assert all(item.last_step == 0 or item.last_step > done for item in plan.items)
    if 8 in plan.rung.steps:
        assert {5, 6} <= set(plan.rung.steps)


def test_a_body_that_was_not_tried_is_not_planned_and_said_to_be_what_more_time_buys() -> None:
    untried = replace(MADE_UP, body=None, body_at_least=40.0)
    plan = fitting_plan(RUNGS, untried, Standing(seconds=1e9, spent=0))
    assert plan
    assert plan.rung.steps == (1, 2, 3, 4)
    # 12 head + 18 cycles + 5 end, 2 curve, 8 views + 40 for the body = 85, and what is kept back of the budget
    assert plan.longer() == (
        "the training of the body, steps 5 to 8, takes --time-budget 90s or more; it was not tried"
    )
    lower = fitting_plan(RUNGS, untried, Standing(seconds=40, spent=0))
    assert lower
    assert lower.longer().endswith("takes --time-budget 90s or more, and was not tried")


def test_the_plan_by_hand() -> None:
    plan = fitting_plan(RUNGS, MADE_UP, Standing(seconds=100, spent=3))
    assert plan
    # 12 head + 18 cycles + 5 opened + 15 epoch + 5 end, 2 curve, 8 views, 4 after = 69, and 15 more for a second epoch
    assert plan.rung.full_epochs == 2
    assert plan.total == pytest.approx(3 + 12 + 18 + 5 + 2 * 15 + 5 + 2 + 8 + 4)
    assert plan.table().splitlines()[0].split() == ["reading", "pictures,", "measuring", "3", "s"]
    assert plan.table().splitlines()[-1].split() == ["in", "all,", "of", "1.7", "min", "87", "s"]
    assert "step 8: cycles of 1, 1 epochs" in plan.table()
    assert plan.longer() == (
        "--time-budget 108s would buy 3 epochs of the whole network instead of 2; "
        "all that the settings ask for takes --time-budget 6m"
    )


def test_smaller_squares_are_taken_where_the_own_size_does_not_fit() -> None:
    plan = fitting_plan(RUNGS, MADE_UP, Standing(seconds=14, spent=3))
    assert plan
    assert plan.rung == Rung(size_px=128, steps=(1, 2, 3))
    assert "squares of 224 instead of 128 pixels" in plan.longer()
    assert fitting_plan(RUNGS, MADE_UP, Standing(seconds=13, spent=3)) is None


def test_at_the_top_a_longer_budget_buys_nothing() -> None:
    plan = fitting_plan(RUNGS, MADE_UP, Standing(seconds=1e4, spent=3))
    assert plan
    assert plan.longer() == "a longer budget would buy nothing: it is all that the settings ask for"
    assert plan.rung == RUNGS[-1]


def test_a_plan_is_written_down_and_read_back() -> None:
    plan = fitting_plan(RUNGS, MADE_UP, Standing(seconds=100, spent=3))
    assert plan
    assert BudgetPlan.from_dict(plan.to_dict()) == plan
    assert Costs.from_dict(MADE_UP.to_dict()) == replace(MADE_UP, cycles=MADE_UP.cycles)


def test_what_a_run_reached_decides_what_more_time_would_buy() -> None:
    reached = replace(RUNGS[-1], full_epochs=5)
    plan = plan_of(RUNGS, MADE_UP, reached, Standing(seconds=100, spent=3))
    assert "6 epochs of the whole network instead of 5" in plan.longer()


def test_a_budget_that_was_long_enough_for_more_is_not_said_to_have_to_be_longer_for_it() -> None:
    reached = replace(RUNGS[-1], full_epochs=5)
    costs = replace(MADE_UP, full_ends=(1, 3, 7))
    plan = plan_of(RUNGS, costs, reached, Standing(seconds=200, spent=3))
    # 57 for all but step 8 and its sweep, 30 for that, 15 an epoch and 3 spent: six fit into 190 seconds, seven do not
    assert "7 epochs of the whole network instead of 5" in plan.longer()
    assert plan.next_seconds
    assert plan.next_seconds > 200


def test_smaller_training_squares_cost_in_proportion_to_their_pixels() -> None:
    rung = next(rung for rung in RUNGS if rung.full_size_px == 128)
    (item,) = (item for item in items(rung, MADE_UP) if item.last_step == 8)
    assert item.seconds == pytest.approx(60 * 0.2 * (128 / 224) ** 2 + 3)
    sized = replace(MADE_UP, sizes_px=(112, 224))
    (item,) = (item for item in items(replace(RUNGS[-1], full_epochs=3), sized) if item.last_step == 8)
    assert item.seconds == pytest.approx(60 * 0.2 / 4 + 3 + 2 * (60 * 0.2 + 3))


def test_steps_that_were_taken_cost_nothing_more() -> None:
    assert seconds_after(RUNGS[-1], MADE_UP, 8) == pytest.approx(5 + 2 + 4 + 8)
    assert seconds_after(RUNGS[-1], MADE_UP.slower(head=2, body=3, end=10), 7) == pytest.approx(15 * 15 * 3 + 190)


def test_the_least_is_what_costs_least() -> None:
    stored = replace(MADE_UP, head={128: 30.0, 224: 1.0})
    assert least_plan(RUNGS, stored, Standing(seconds=1, spent=3)).rung.size_px == 224
    assert least_plan(RUNGS, MADE_UP, Standing(seconds=1, spent=3)).rung.size_px == 128
