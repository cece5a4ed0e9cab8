"""Plans and the one cycle that each is compared with."""

import pytest

from benchmarks.research.cycle_length import FULL, HEAD, PARTS, RATES
from benchmarks.research.cycle_plans import FULL_PLANS, HEAD_PLANS, CyclePlan, equal_cycles, with_references
from unfreeze.training.schedules import schedule_for


@pytest.mark.parametrize("plan", [*HEAD_PLANS, *FULL_PLANS], ids=lambda plan: plan.name)
def test_a_plan_and_its_reference_take_the_same_steps(plan: CyclePlan) -> None:
    ends = [
        schedule_for(each.cycles, cycle_len=each.length, cycle_mult=each.mult, epoch_steps=12).cycle_ends
        for each in (plan, plan.reference)
    ]
    assert ends[0][-1] == ends[1][-1] == round(12 * plan.epochs)
    assert len(ends[1]) == 1


def test_equal_cycles_fill_their_epochs() -> None:
    plans = equal_cycles(8, (0.25, 2))
    assert [plan.epochs for plan in plans] == [8, 8, 8]
    assert [plan.cycles for plan in plans] == [8, 32, 4]


def test_references_come_first_and_once() -> None:
    plans = with_references((CyclePlan(cycles=2, length=2), CyclePlan(cycles=4, length=1), CyclePlan(cycles=4)))
    assert [plan.name for plan in plans] == ["one cycle of 4", "2 cycles of 2", "4 cycles of 1", "constant, 4"]


def test_each_variant_is_compared_at_its_own_rate() -> None:
    assert [(len(part.variants), len(part.pairs)) for part in (HEAD, RATES, FULL)] == [(23, 18), (14, 12), (9, 7)]
    for part in PARTS.values():
        for variant, reference in part.pairs:
            (plan, rate), (other, same) = part.variants[variant], part.variants[reference]
            assert other == plan.reference
            assert rate == same
