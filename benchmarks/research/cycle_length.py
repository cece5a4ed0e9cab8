"""What a too short cycle costs, and when restarts help: docs/research/cycle-length.md is made of these rows.

    python -m benchmarks.research.cycle_length [--part head|rates|full] [--seeds 5]
    python -m benchmarks.research.page

The first appends rows to `docs/research/data/cycles-PART.jsonl`; those that are there are not trained again, so that it
can be stopped and gone on with. The second trains nothing and writes tables and pictures. Photographs are those of the
folder that UNFREEZE_PHOTOS names.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.research.comparisons import Pair
from benchmarks.research.cycle_plans import FULL_PLANS, HEAD_PLANS, CyclePlan, with_references
from benchmarks.research.datasets import (
    ANTS_BEES,
    DIGITS,
    DOGS_CATS,
    FEW_PX,
    FOUR,
    Dataset,
    read_digits,
    read_four,
    read_photographs,
)
from benchmarks.research.rows import Row, Task
from benchmarks.research.studied import asked_for, study
from benchmarks.research.training import FULL_RATE, HEAD_RATE, train_default_head, train_full, train_head, trained_row
from unfreeze.learner.data import ImageData

RESEARCH = Path("docs/research")
WRONG_LABELS = "the same cats and dogs, a fifth of the training labels wrong"
OTHER_FACTORS = (1 / 3, 3.0)
"""On the default rate: a plan may suit a higher rate than another."""


def datasets(dogscats: int, ants_bees: int, digits: int, *, batch_size: int) -> tuple[Dataset, ...]:
    """Three collections, with so many training pictures of each class."""
    return (
        Dataset(
            name="dogscats", about=DOGS_CATS, read=read_photographs("dogscats"), train=dogscats, batch_size=batch_size
        ),
        Dataset(
            name="ants-bees",
            about=ANTS_BEES,
            read=read_photographs("ants-bees"),
            train=ants_bees,
            batch_size=batch_size,
        ),
        Dataset(name="digits", about=DIGITS, read=read_digits, train=digits, batch_size=batch_size),
    )


# The number of steps in an epoch divides by 4 in all of them: a quarter of an epoch is a whole number of steps.
HEAD_SETS = (
    *(
        replace(each, batch_size=16 if each.name == "ants-bees" else 32)
        for each in datasets(192, 96, 76, batch_size=32)
    ),
    Dataset(name="four classes, few", about=FOUR, read=read_four, train=24, valid=70, batch_size=8),
    Dataset(
        name="dogscats, wrong labels",
        about=WRONG_LABELS,
        read=read_photographs("dogscats"),
        train=192,
        wrong_labels=0.2,
    ),
)
FULL_SETS = tuple(
    replace(each, valid=140 // (10 if each.name == "digits" else 2)) for each in datasets(48, 48, 9, batch_size=32)
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is trained, on what, in which ways.

    Attributes:
        name: Of its file of rows.
        sets: Its data sets.
        plans: What is compared.
        factors: On the rate.
        rate: The highest rate of the head.
    """

    name: str
    sets: Sequence[Dataset]
    plans: Sequence[CyclePlan]
    factors: Sequence[float]
    rate: float

    @property
    def file(self) -> Path:
        """Where its rows lie."""
        return RESEARCH / "data" / f"cycles-{self.name}.jsonl"

    @property
    def variants(self) -> dict[str, tuple[CyclePlan, float]]:
        """Plan and highest rate of each variant by its name; the default rate's first."""
        plans = with_references(tuple(self.plans))
        return {f"{p.name}, rate {self.rate * f:.2g}": (p, self.rate * f) for f in self.factors for p in plans}

    @property
    def pairs(self) -> list[Pair]:
        """Each variant that is not one cycle, with one cycle of as many epochs at the same rate."""
        names = {(plan.name, rate): name for name, (plan, rate) in self.variants.items()}
        return [
            (name, names[plan.reference.name, rate])
            for name, (plan, rate) in self.variants.items()
            if plan != plan.reference
        ]


EIGHT_EPOCHS = tuple(plan for plan in HEAD_PLANS if plan.epochs == 8)
HEAD = Part(name="head", sets=HEAD_SETS, plans=HEAD_PLANS, factors=(1.0,), rate=HEAD_RATE)
RATES = replace(HEAD, name="rates", plans=EIGHT_EPOCHS, factors=OTHER_FACTORS)
FULL = Part(name="full", sets=FULL_SETS, plans=FULL_PLANS, factors=(1.0,), rate=FULL_RATE)
PARTS = {part.name: part for part in (HEAD, RATES, FULL)}


def main() -> None:
    """Trains what is missing."""
    part, seeds = asked_for(PARTS, about=__doc__, seeds=5)
    run(part, seeds=seeds)


def run(part: Part, *, seeds: int) -> None:
    """Trains what the part's file does not hold.

    Args:
        part: Head or whole network.
        seeds: How many seeds.
    """
    size_px, variants = FEW_PX if part is FULL else None, part.variants

    def trained(task: Task, data: ImageData) -> Row:
        plan, rate = variants[task[1]]
        if part is FULL:
            return trained_row(task, data, lambda learner: train_full(learner, plan, rate), prepare=train_default_head)
        return trained_row(task, data, lambda learner: train_head(learner, plan, rate))

    study(part.file, sets=part.sets, variants=variants, seeds=seeds, size_px=size_px, trained=trained)


if __name__ == "__main__":
    main()
