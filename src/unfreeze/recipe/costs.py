"""What parts of a run cost on this machine, in seconds, and what a rung of the ladder costs in all."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any

from unfreeze.recipe.rungs import AUGMENTED, FINDS_AGAIN, FULL, Rung, shortened

END = 0
"""The number of what comes after the steps."""


@dataclass(frozen=True, kw_only=True)
class BodyCosts:
    """What it costs to train the body, or what else step 8 trains.

    Attributes:
        opened: Step 5, with what has to be stored before the first step of training.
        compared: The end of step 8: the validation pictures under each of the weights that may be kept.
        after: What a trained body makes necessary afterwards: activations anew, exports.
        tta: All views of test-time augmentation, under the trained body.
        sweep: Step 7.
        step: One training step at the full size.
        validation: Validation after an epoch.
        epoch_steps: Steps in an epoch.
    """

    opened: float
    compared: float
    after: float
    tta: float
    sweep: float
    step: float
    validation: float
    epoch_steps: int


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What the parts of a run cost, in seconds.

    Attributes:
        head: Steps 1 to 3, for each side of the squares in pixels.
        cycles: Each cycle of step 4, with the views that it needs.
        curve: Measuring what more pictures would bring.
        tta: All views of test-time augmentation.
        end: Evaluation, report and model, without those two.
        body: Step 5 to 8; None where it was not tried because it cannot fit.
        full_ends: Epochs of step 8 done at the end of each of its cycles.
        sizes_px: Sides of the training squares in these cycles, the last one from then on; empty for the full size.
        smaller: All costs where the squares have a smaller side, for each in pixels.
        body_at_least: What trying and training the body would have taken at least, where it was not tried.
    """

    head: Mapping[int, float]
    cycles: Sequence[float]
    curve: float
    tta: float
    end: float
    body: BodyCosts | None
    full_ends: Sequence[int]
    sizes_px: Sequence[int] = ()
    smaller: Mapping[int, "Costs"] = field(default_factory=dict)
    body_at_least: float = 0.0

    def at(self, size_px: int) -> "Costs":
        """The costs where squares have a side in pixels."""
        return self.smaller.get(size_px, self)

    def slower(self, *, head: float, body: float, end: float) -> "Costs":
        """The same where steps 1 to 4, the training of the body and the end take so many times as long."""
        return replace(
            self,
            head={size: head * seconds for size, seconds in self.head.items()},
            cycles=tuple(head * seconds for seconds in self.cycles),
            curve=end * self.curve,
            tta=end * self.tta,
            end=end * self.end,
            body=self.body and _slower(self.body, body, end),
            smaller={size: costs.slower(head=head, body=body, end=end) for size, costs in self.smaller.items()},
        )

    def with_body_as_it_was(self) -> "Costs":
        """The same where the weights that are kept have the pretrained body: its activations are stored."""
        return replace(
            self,
            body=self.body and replace(self.body, after=0.0, tta=self.tta),
            smaller={size: costs.with_body_as_it_was() for size, costs in self.smaller.items()},
        )

    def to_dict(self) -> dict[str, Any]:
        """The costs as plain values."""
        smaller = {str(size): costs.to_dict() for size, costs in self.smaller.items()}
        head = {str(size): seconds for size, seconds in self.head.items()}
        return {**asdict(self), "head": head, "smaller": smaller}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Costs":
        """Costs from what `to_dict` gave."""
        head = {int(size): seconds for size, seconds in plain["head"].items()}
        smaller = {int(size): cls.from_dict(costs) for size, costs in plain.get("smaller", {}).items()}
        body = plain["body"] and BodyCosts(**plain["body"])
        return cls(**{**plain, "head": head, "body": body, "smaller": smaller})


@dataclass(frozen=True, kw_only=True)
class Item:
    """A line of a plan.

    Attributes:
        last_step: Number of the last step that it is about; 0 for what comes after the steps.
        name: What is done.
        seconds: What it takes.
    """

    last_step: int
    name: str
    seconds: float


def items(rung: Rung, costs: Costs) -> list[Item]:
    """What a rung consists of.

    Args:
        rung: What is done.
        costs: What each part costs. Those of the body must be known if the rung trains it.

    Returns:
        The parts in the order in which they are done.
    """
    costs = costs.at(rung.size_px)
    found = [_head(rung, costs)] if set(rung.steps) & {1, 2, 3} else []
    if AUGMENTED in rung.steps:
        count = rung.augmented_cycles
        name = f"step 4: {count} cycle{'' if count == 1 else 's'} on augmented views"
        found.append(Item(last_step=AUGMENTED, name=name, seconds=sum(costs.cycles[:count])))
    if FULL in rung.steps:
        found += _full(rung, costs)
    extras = [name for name, done in (("learning curve", rung.curve), ("augmented views", rung.tta_views)) if done]
    seconds = costs.end + rung.curve * costs.curve + bool(rung.tta_views) * costs.tta
    if FULL in rung.steps and costs.body:
        seconds += costs.body.after + bool(rung.tta_views) * (costs.body.tta - costs.tta)
    with_them = f", with {' and '.join(extras)}" if extras else ""
    return [*found, Item(last_step=END, name=f"evaluation, report and model{with_them}", seconds=seconds)]


def seconds_after(rung: Rung, costs: Costs, done: int) -> float:
    """What is left of a rung after a step.

    Args:
        rung: What is done.
        costs: What each part costs.
        done: Number of the last step that was taken; 0 before the first.

    Returns:
        Seconds.
    """
    return sum(item.seconds for item in items(rung, costs) if item.last_step == END or item.last_step > done)


def step_seconds(rung: Rung, costs: Costs, cycle: int) -> float:
    """What a training step takes in a cycle of step 8: in proportion to the pixels of its squares.

    Args:
        rung: What is done.
        costs: What each part costs; those of the body are known.
        cycle: Number of the cycle, from 0.

    Returns:
        Seconds.
    """
    costs = costs.at(rung.size_px)
    assert costs.body, "asked about rungs that train it alone"
    sizes = [rung.full_size_px] if rung.full_size_px else costs.sizes_px or [rung.size_px]
    return costs.body.step * (sizes[min(cycle, len(sizes) - 1)] / rung.size_px) ** 2


def _head(rung: Rung, costs: Costs) -> Item:
    steps = [step for step in rung.steps if step <= 3]
    numbers = f"steps {steps[0]} to {steps[-1]}" if len(steps) > 1 else f"step {steps[0]}"
    name = f"{numbers}: the head on squares of {rung.size_px} pixels"
    return Item(last_step=steps[-1], name=name, seconds=costs.head[rung.size_px])


def _full(rung: Rung, costs: Costs) -> list[Item]:
    body = costs.body
    assert body, "a rung that trains the body is not asked about unless it was tried"
    found = []
    if body.opened:
        found.append(Item(last_step=6, name="steps 5 and 6: layers unfrozen, rates lowered", seconds=body.opened))
    if FINDS_AGAIN in rung.steps:
        found.append(Item(last_step=FINDS_AGAIN, name="step 7: the learning rate found again", seconds=body.sweep))
    ends = shortened(costs.full_ends, rung.full_epochs)
    lengths = ", ".join(str(end - start) for start, end in pairwise((0, *ends)))
    size = f" on squares of {rung.full_size_px} pixels" if rung.full_size_px else ""
    seconds = sum(
        (end - start) * (body.epoch_steps * step_seconds(rung, costs, cycle) + body.validation)
        for cycle, (start, end) in enumerate(pairwise((0, *ends)))
    )
    seconds += body.compared
    cycles = f"cycle{'' if len(ends) == 1 else 's'} of {lengths} epoch{'' if rung.full_epochs == 1 else 's'}"
    return [*found, Item(last_step=FULL, name=f"step 8: {cycles}{size}", seconds=seconds)]


def _slower(body: BodyCosts, factor: float, end: float) -> BodyCosts:
    return replace(
        body,
        opened=factor * body.opened,
        compared=factor * body.compared,
        after=end * body.after,
        tta=end * body.tta,
        sweep=factor * body.sweep,
        step=factor * body.step,
        validation=factor * body.validation,
    )
