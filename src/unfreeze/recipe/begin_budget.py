"""How a run gets its time budget: estimated and planned where it begins, read where it goes on."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unfreeze.errors import SettingsError
from unfreeze.learner.learner import Learner
from unfreeze.recipe.advice import readable_seconds
from unfreeze.recipe.budget_plan import BudgetPlan
from unfreeze.recipe.clock import Clock
from unfreeze.recipe.costs import Costs
from unfreeze.recipe.eight_steps import FIRST_TRAINED, HEAD_SEEDS, Narrator
from unfreeze.recipe.estimate import Estimate
from unfreeze.recipe.rungs import Rung, ladder
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.time_budget import TimeBudget, new_budget
from unfreeze.training.lr_find import LEAST_STEPS

if TYPE_CHECKING:
    from unfreeze.network.network import Network

SMALLER_PX = (128, 160)
"""Sides of the squares that are taken where time is short, of backbones that take any side that 32 divides."""

WHY_PLAN = "Tries a few pictures and steps, and undoes them: what fits into the time is done, the rest is left out."


def begun_budget(
    learner: Learner,
    settings: TrainSettings,
    network: "Callable[[], str | Network]",
    *,
    clock: Clock,
    narrator: Narrator,
) -> TimeBudget:
    """Measures, plans, and tells the plan.

    Args:
        learner: The run's learner, untouched yet.
        settings: The run's settings; a size that is None may be chosen smaller than the backbone's own.
        network: Makes a network to measure with, or names it.
        clock: Counts the run's seconds, from the start of the command on.
        narrator: Is told the plan.

    Returns:
        The budget.

    Raises:
        SettingsError: If the budget is too short for anything.
    """
    seconds = settings.time_budget
    assert seconds, "asked for"
    narrator.step(0, f"plan for a time budget of {readable_seconds(seconds)}", WHY_PLAN)
    estimate = Estimate(
        learner=learner,
        settings=settings,
        head_seeds=HEAD_SEEDS,
        first_trained=FIRST_TRAINED[settings.unfreeze],
        smaller_px=_smaller(learner, settings),
    )
    costs = estimate.costs(network, left=lambda: seconds - clock.total)
    budget = new_budget(settings, _rungs(settings, costs), costs, clock)
    narrator.outcome(f"the plan\n{budget.first.table()}")
    narrator.outcome(budget.first.longer())
    return budget


def read_budget(record: dict[str, Any], settings: TrainSettings, clock: Clock) -> TimeBudget:
    """The budget of a run that goes on.

    Args:
        record: What the run wrote of it.
        settings: The run's settings, with the size that was chosen or without.
        clock: Counts the seconds of this process.

    Returns:
        The budget, with the plan that the run began with.
    """
    costs = Costs.from_dict(record["costs"])
    return TimeBudget(settings, _rungs(settings, costs), costs, first=BudgetPlan.from_dict(record["plan"]), clock=clock)


def _rungs(settings: TrainSettings, costs: Costs) -> list[Rung]:
    """The ladder of all sizes that were estimated, the same whichever of them was chosen."""
    steps = costs.body.epoch_steps if costs.body else LEAST_STEPS
    rungs = ladder(
        settings,
        size_px=max(costs.head),
        smaller_px=tuple(costs.head),
        most_epochs=costs.full_ends[-1],
        sweep_epochs=-(-LEAST_STEPS // steps),
    )
    if not rungs:
        message = f"--time-budget is for training; --steps names {list(settings.steps)}, add 3, 4 or 8"
        raise SettingsError(message, subject="time_budget")
    return rungs


def _smaller(learner: Learner, settings: TrainSettings) -> tuple[int, ...]:
    from unfreeze.activations.packaged import PackagedPrefix

    if settings.size or settings.weights:
        return ()
    return tuple(
        size
        for size in SMALLER_PX
        if size < learner.data.transform.size_px and PackagedPrefix.serves(settings.backbone, size)
    )
