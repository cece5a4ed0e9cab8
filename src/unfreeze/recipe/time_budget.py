"""Keeps a run to its time budget: plans first, watches what each part really takes, and plans anew from that."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from unfreeze.errors import SettingsError
from unfreeze.recipe.advice import readable_seconds
from unfreeze.recipe.budget_plan import (
    KEPT_BACK,
    BudgetPlan,
    Standing,
    budget_for,
    fitting_plan,
    gain,
    least_plan,
    plan_of,
)
from unfreeze.recipe.clock import Clock
from unfreeze.recipe.costs import END, Costs, items, seconds_after, step_seconds
from unfreeze.recipe.durations import written_duration
from unfreeze.recipe.ends_in_time import EpochTime, ends_in_time
from unfreeze.recipe.rungs import AUGMENTED, FULL, Rung, shortened
from unfreeze.recipe.settings import TrainSettings
from unfreeze.training.schedules import CosineRestarts, Schedule

LEAST_OBSERVED_SECONDS = 0.5
"""Of less, nothing is learned: it is mostly chance."""

NEWEST = 0.5
"""What part the newest observation has in how slow the machine is believed to be."""

AFTER = FULL + 1
"""What comes after the steps, as a number."""

PLANNED_ANEW = (4, 5, 7, FULL, AFTER)
"""Before these steps; between those that a plan takes as one there is nothing to decide."""


@dataclass
class _Slowness:
    """How many times as long as estimated things take.

    Attributes:
        head: Steps 1 to 4.
        body: Training the body.
        end: The last that was seen of either; the end is believed to go on like that.
    """

    head: float = 1.0
    body: float = 1.0
    end: float = 1.0

    def observe(self, kind: str, estimated: float, taken: float) -> None:
        """Learns from a part that was estimated to take some seconds and took others."""
        if estimated < LEAST_OBSERVED_SECONDS:
            return
        believed = (1 - NEWEST) * getattr(self, kind) + NEWEST * taken / estimated
        setattr(self, kind, believed)
        self.end = believed


class TimeBudget:
    """Decides what a run does of what it was asked for.

    Args:
        asked: The run's settings.
        rungs: What it may do, the least first.
        costs: What each part costs.
        first: The plan before step 1.
        clock: Counts the run's seconds, from the start of the command on.

    Attributes:
        first: The plan before step 1.
        plan: The plan that is followed now.
        costs: What each part was estimated to cost.
    """

    def __init__(
        self, asked: TrainSettings, rungs: Sequence[Rung], costs: Costs, *, first: BudgetPlan, clock: Clock
    ) -> None:
        self.first = self.plan = first
        self.costs = costs
        self._asked, self._rungs, self._clock = asked, rungs, clock
        self._seconds = first.seconds
        self._slow = _Slowness()
        self._taken: dict[int, float] = {}
        self._ends: tuple[int, ...] = ()
        self._mark = (clock.total, 0)

    @property
    def curve(self) -> bool:
        """Whether there is time to measure what more pictures would bring."""
        return self.plan.rung.curve

    def settings_before(self, step: int, *, keep: bool = False, body_trained: bool = True) -> tuple[TrainSettings, str]:
        """Plans what is left anew, from what the steps before really took.

        Args:
            step: Number of the step that comes next; one more than the last for what comes after them.
            keep: Whether the plan stays as it is, because a fit goes on that was begun with it.
            body_trained: After the steps: whether the weights that are kept have another body than the pretrained one.

        Returns:
            Settings that ask for no more than fits, and what has changed, in words; empty where nothing has.
        """
        done = min(step, AFTER) - 1
        before = self.plan.rung
        standing = Standing(seconds=self._seconds, spent=self._clock.total, done=done, now=before)
        costs = self._now()
        if step == AFTER and not body_trained:
            costs = costs.with_body_as_it_was()
        if step in PLANNED_ANEW and not keep:
            self.plan = fitting_plan(self._rungs, costs, standing) or least_plan(self._rungs, costs, standing)
        return self.plan.rung.settings(self._asked), _changed(before, self.plan.rung)

    def took(self, step: int, seconds: float) -> None:
        """Learns how long a step took."""
        self._taken[step] = seconds
        rung = self.plan.rung
        costs = self.costs.at(rung.size_px)
        if step == 3:
            self._slow.observe("head", costs.head[rung.size_px], sum(self._taken.get(n, 0.0) for n in (1, 2, 3)))
        if step == AUGMENTED:
            self._slow.observe("head", sum(costs.cycles[: rung.augmented_cycles]), seconds)
        if step == 7 and costs.body:
            self._slow.observe("body", costs.body.sweep, seconds)

    def schedule(self, schedule: Schedule, *, epoch_steps: int, done: int = 0) -> Schedule:
        """The course of step 8's rates, so long as fits now; where a fit goes on that was interrupted, its own.

        Args:
            schedule: All that is asked for.
            epoch_steps: Steps in an epoch.
            done: Steps that an interrupted fit has taken.

        Returns:
            The cosine cycles that fit.
        """
        self._mark = (self._clock.total, done)
        if not self._ends:
            self._ends = shortened(schedule.cycle_ends, self.plan.rung.full_epochs * epoch_steps)
        return CosineRestarts(self._ends)

    def revised(self, wanted: Schedule, done: int, validated: bool) -> Schedule:
        """Plans the cycles of step 8 anew while it is at work.

        Args:
            wanted: All that is asked for.
            done: Steps that it has taken.
            validated: Whether an epoch has ended since it was asked last.

        Returns:
            The cycles that fit into what is left; those that are over where it cut the last epoch short.
        """
        rung = self.plan.rung
        body = self.costs.at(rung.size_px).body
        assert body, "step 8 is at work, so it was planned"
        then, before = self._mark
        now = self._clock.total
        if done > before:
            cycle = sum(end < done for end in self._ends)
            estimated = (done - before) * step_seconds(rung, self.costs, cycle) + validated * body.validation
            self._slow.observe("body", estimated, now - then)
        self._mark = (now, done)
        if validated and done % body.epoch_steps:  # the time ended within the epoch: what is left begins no other
            self._ends = tuple(end for end in self._ends if end <= done)
            return CosineRestarts(self._ends)
        costs = self._now().at(rung.size_px)
        assert costs.body, "as above"
        self._ends = ends_in_time(
            wanted.cycle_ends,
            self._ends,
            done=done,
            seconds=(1 - KEPT_BACK) * self._seconds - now - seconds_after(rung, costs, FULL) - costs.body.compared,
            epoch=EpochTime(
                steps=body.epoch_steps,
                step_seconds=step_seconds(rung, costs, sum(end <= done for end in self._ends)),
                validation_seconds=costs.body.validation,
            ),
        )
        return CosineRestarts(self._ends)

    def full_seconds(self) -> float:
        """What step 8 is planned to take."""
        return sum(item.seconds for item in items(self.plan.rung, self._now()) if item.last_step == FULL)

    def account(self) -> list[tuple[str, float, float | None]]:
        """What was planned first beside what it took: names, planned and taken seconds, None where not yet known."""
        rows: list[tuple[str, float, float | None]] = [
            ("reading pictures, measuring", self.first.spent, self.first.spent)
        ]
        start = 0
        for item in self.first.items:
            last = AFTER if item.last_step == END else item.last_step
            taken = [seconds for step, seconds in self._taken.items() if start < step <= last]
            rows.append((item.name, item.seconds, sum(taken) if taken else None))
            start = last
        return rows

    def in_the_end(self, *, stopped: bool) -> str:
        """How the budget was kept, and what a longer one would buy, in words.

        Args:
            stopped: Whether step 8 ended because the model overfitted.

        Returns:
            Two clauses.
        """
        spent = self._clock.total
        part = f"{100 * spent / self._seconds:.0f} %"
        kept = f"time budget: took {readable_seconds(spent)} of {readable_seconds(self._seconds)} ({part})"
        if stopped:
            return f"{kept}; a longer one would buy nothing: step 8 ended because its validation loss fell no more"
        reached, body = self.plan.rung, self.costs.body
        if FULL in reached.steps and body and self._ends:
            reached = replace(reached, full_epochs=-(-self._ends[-1] // body.epoch_steps))
        plan = plan_of(self._rungs, self._now(), reached, Standing(seconds=self._seconds, spent=self.first.spent))
        return f"{kept}; {plan.longer()}"

    def facts(self) -> dict[str, str]:
        """What was planned and what it took until now, for a table."""
        rows = {
            name: f"planned {planned:.0f} s{'' if taken is None else f', took {taken:.0f} s'}"
            for name, planned, taken in self.account()
        }
        return {"budget": readable_seconds(self._seconds), **rows, "planned in all": f"{self.first.total:.0f} s"}

    def record(self, *, stopped: bool | None = None) -> dict[str, Any]:
        """What the run's folder keeps of the budget: the plan and, once the run is over, what it came to.

        Args:
            stopped: As of `in_the_end`; None while the run goes on.

        Returns:
            Plain values.
        """
        found = {"seconds": self._seconds, "plan": self.first.to_dict(), "costs": self.costs.to_dict()}
        if stopped is None:
            return found
        parts = [{"name": name, "planned": planned, "taken": taken} for name, planned, taken in self.account()]
        return {**found, "taken": self._clock.total, "parts": parts, "words": self.in_the_end(stopped=stopped)}

    def to_dict(self) -> dict[str, Any]:
        """Where the budget stands, as plain values."""
        return {
            "spent": self._clock.total,
            "slow": asdict(self._slow),
            "taken": {str(step): seconds for step, seconds in self._taken.items()},
            "ends": list(self._ends),
            "plan": self.plan.to_dict(),
        }

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Goes on where `to_dict` was taken: what was spent until then counts, the time in between does not."""
        self._clock = Clock(total=plain["spent"] + self._clock.total)
        self._slow = _Slowness(**plain["slow"])
        self._taken = {int(step): seconds for step, seconds in plain["taken"].items()}
        self._ends = tuple(plain["ends"])
        self.plan = BudgetPlan.from_dict(plain["plan"])

    def _now(self) -> Costs:
        """The costs at the speed that was seen last."""
        slow = self._slow
        return self.costs.slower(head=slow.head, body=slow.body, end=max(1.0, slow.end))  # haste is no promise


def new_budget(asked: TrainSettings, rungs: Sequence[Rung], costs: Costs, clock: Clock) -> TimeBudget:
    """Plans a run.

    Args:
        asked: The run's settings.
        rungs: What it may do, the least first.
        costs: What each part costs.
        clock: Counts the run's seconds, from the start of the command on.

    Returns:
        The budget with its first plan.

    Raises:
        SettingsError: If not even the least fits; the message says what would.
    """
    assert asked.time_budget, "made for a run that has one"
    seconds, spent = asked.time_budget, clock.total
    standing = Standing(seconds=seconds, spent=spent)
    first = fitting_plan(rungs, costs, standing)
    if first:
        return TimeBudget(asked, rungs, costs, first=first, clock=clock)
    least = least_plan(rungs, costs, standing)
    parts = ", ".join(f"{item.name} {readable_seconds(item.seconds)}" for item in least.items)
    message = (
        f"--time-budget {written_duration(seconds)} is too short: the least that can be done takes "
        f"{readable_seconds(least.total)} here ({readable_seconds(spent)} until now, {parts}); "
        f"give it --time-budget {written_duration(budget_for(least.total))} or more"
    )
    raise SettingsError(message, subject="time_budget")


def _changed(before: Rung, now: Rung) -> str:
    """What another plan means, in words; empty where it means nothing."""
    if now == before:
        return ""
    if before.is_within(now):
        return f"time budget: there is time for {gain(before, now)}"
    return f"time budget: the machine is slower than it was, so there is no time for {gain(now, before)}"
