"""The plan of a run with a time budget: a pure function of measured costs and seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from unfreeze.recipe.advice import readable_seconds
from unfreeze.recipe.costs import END, Costs, Item, items, seconds_after
from unfreeze.recipe.durations import written_duration
from unfreeze.recipe.rungs import AUGMENTED, FULL, Rung

KEPT_BACK = 0.05
"""Part of the budget that is not planned: nothing is measured exactly."""


@dataclass(frozen=True, kw_only=True)
class BudgetPlan:
    """What is done with a time budget.

    Attributes:
        seconds: The budget.
        spent: What of it was used when the plan was made.
        done: Number of the last step that was taken by then.
        rung: What is done.
        items: What it consists of, in order, the steps already taken left out.
        next_rung: The next one up the ladder that the budget is too short for; None at its top.
        next_seconds: The budget that it takes; None where it was not tried.
        all_seconds: The budget that all that was asked for takes; None where a part of it was not tried.
        least_of_body: The budget that training the body takes at least, where that was not tried.
    """

    seconds: float
    spent: float
    done: int
    rung: Rung
    items: Sequence[Item]
    next_rung: Rung | None
    next_seconds: float | None
    all_seconds: float | None
    least_of_body: float | None = None

    @property
    def total(self) -> float:
        """Seconds from the start of the run to its planned end."""
        return self.spent + sum(item.seconds for item in self.items)

    def table(self) -> str:
        """The plan as lines of text."""
        rows = [("reading pictures, measuring" if not self.done else "until now", self.spent)]
        rows += [(item.name, item.seconds) for item in self.items]
        rows.append((f"in all, of {readable_seconds(self.seconds)}", self.total))
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"  {name:<{width}} {seconds:6.0f} s" for name, seconds in rows)

    def longer(self) -> str:
        """What a longer budget would buy, in a sentence."""
        if self.next_rung is None:
            return "a longer budget would buy nothing: it is all that the settings ask for"
        body = (
            f"the training of the body, steps 5 to 8, takes --time-budget {written_duration(self.least_of_body or 0)}"
        )
        if self.next_seconds is None:
            return f"{body} or more; it was not tried"
        found = f"--time-budget {written_duration(self.next_seconds)} would buy {gain(self.rung, self.next_rung)}"
        if self.all_seconds is None:
            return f"{found}; {body} or more, and was not tried"
        return f"{found}; all that the settings ask for takes --time-budget {written_duration(self.all_seconds)}"

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "BudgetPlan":
        """A plan from what `to_dict` gave."""
        rungs = {name: plain[name] and Rung.from_dict(plain[name]) for name in ("rung", "next_rung")}
        return cls(**{**plain, **rungs, "items": tuple(Item(**item) for item in plain["items"])})


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a run stands.

    Attributes:
        seconds: The budget.
        spent: What of it is used.
        done: Number of the last step that was taken; 0 before the first.
        now: The rung that was followed so far: what it has decided stays. None before the first step.
    """

    seconds: float
    spent: float
    done: int = 0
    now: Rung | None = None


def fitting_plan(rungs: Sequence[Rung], costs: Costs, standing: Standing) -> BudgetPlan | None:
    """The highest rung whose cost fits into what is left of a budget.

    Args:
        rungs: The ladder, the least first.
        costs: What each part costs.
        standing: Where the run stands.

    Returns:
        The plan; None where not even the lowest rung fits.
    """
    possible = _possible(rungs, costs, standing)
    fitting = [index for index, rung in enumerate(possible) if _needed(rung, costs, standing) <= standing.seconds]
    return _plan(rungs, possible, fitting[-1], costs, standing) if fitting else None


def least_plan(rungs: Sequence[Rung], costs: Costs, standing: Standing) -> BudgetPlan:
    """The rung that costs least, whether it fits or not; arguments as of `fitting_plan`.

    It need not be the lowest: activations of the full size may lie in the cache.
    """
    possible = _possible(rungs, costs, standing)
    least = min(range(len(possible)), key=lambda index: _needed(possible[index], costs, standing))
    return _plan(rungs, possible, least, costs, standing)


def plan_of(rungs: Sequence[Rung], costs: Costs, reached: Rung, standing: Standing) -> BudgetPlan:
    """The plan of what a run came to, made from the costs as they were seen to be; it says what a longer one would buy.

    Args:
        rungs: The ladder, the least first.
        costs: What each part costs.
        reached: What the run did.
        standing: Where it stood before step 1.

    Returns:
        The plan of the highest rung that the run has reached.
    """
    possible = _possible(rungs, costs, standing)
    within = [index for index, rung in enumerate(possible) if rung.is_within(reached)]
    return _plan(rungs, possible, within[-1] if within else 0, costs, standing)


def budget_for(total: float) -> float:
    """The budget that a run of so many seconds takes.

    >>> budget_for(57.0)
    60.0
    """
    return total / (1 - KEPT_BACK)


def gain(rung: Rung, higher: Rung) -> str:
    """What a higher rung has and a lower one has not, in words."""
    if higher.size_px > rung.size_px:
        return f"squares of {higher.size_px} instead of {rung.size_px} pixels"
    if higher.full_epochs > rung.full_epochs:
        name = "epoch" if higher.full_epochs == 1 else "epochs"
        size = f" on squares of {higher.full_size_px} pixels" if higher.full_size_px else ""
        instead = f" instead of {rung.full_epochs}" if rung.full_epochs else ""
        return f"{higher.full_epochs} {name} of the whole network{size}{instead}"
    if higher.full_size_px != rung.full_size_px:
        return f"training squares of {higher.full_size_px or higher.size_px} instead of {rung.full_size_px} pixels"
    if higher.augmented_cycles > rung.augmented_cycles:
        instead = f" instead of {rung.augmented_cycles}" if rung.augmented_cycles else ""
        return (
            f"{higher.augmented_cycles} cycle{'' if higher.augmented_cycles == 1 else 's'} on augmented views{instead}"
        )
    if higher.tta_views > rung.tta_views:
        return f"{higher.tta_views} views of test-time augmentation"
    return "a learning rate found for the whole network" if higher.steps != rung.steps else "the learning curve"


def _plan(rungs: Sequence[Rung], possible: Sequence[Rung], index: int, costs: Costs, standing: Standing) -> BudgetPlan:
    rung, done = possible[index], standing.done
    untried = costs.body is None and FULL in rungs[-1].steps
    above = possible[index + 1 :]
    longer = (rung for rung in above if _needed(rung, costs, standing) > standing.seconds)
    higher = next(longer, above[-1] if above else None)
    return BudgetPlan(
        seconds=standing.seconds,
        spent=standing.spent,
        done=done,
        rung=rung,
        items=tuple(item for item in items(rung, costs) if item.last_step == END or item.last_step > done),
        next_rung=higher or (rungs[-1] if untried else None),
        next_seconds=_needed(higher, costs, standing) if higher else None,
        all_seconds=None if untried else _needed(possible[-1], costs, standing),
        least_of_body=_needed(possible[-1], costs, standing) + budget_for(costs.body_at_least) if untried else None,
    )


def _needed(rung: Rung, costs: Costs, standing: Standing) -> float:
    """The budget that a rung takes."""
    return budget_for(standing.spent + seconds_after(rung, costs, standing.done))


def _possible(rungs: Sequence[Rung], costs: Costs, standing: Standing) -> list[Rung]:
    """The rungs whose costs are known, as they are with what was decided until now."""
    known = [rung for rung in rungs if costs.body or FULL not in rung.steps]
    if standing.now is None or not standing.done:
        return known
    decided = (_with_decided(rung, standing.now, standing.done) for rung in known)
    return list(dict.fromkeys(rung for rung in decided if rung))


def _with_decided(rung: Rung, now: Rung, done: int) -> Rung | None:
    """A rung with what was done until a step put in; None where one of its steps needs an earlier one left out."""
    before = tuple(step for step in now.steps if step <= done)
    if FULL in rung.steps and any(step in rung.steps and step not in before for step in (5, 6) if step <= done):
        return None
    steps = (*before, *(step for step in rung.steps if step > done))
    cycles = now.augmented_cycles if done >= AUGMENTED else rung.augmented_cycles
    trained = now if done >= FULL else rung
    return replace(
        rung,
        size_px=now.size_px,
        steps=steps,
        augmented_cycles=cycles,
        full_epochs=trained.full_epochs,
        full_size_px=trained.full_size_px,
    )
