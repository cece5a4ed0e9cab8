"""The flag that gives a run a time budget, and the clock that it is counted by."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from unfreeze.recipe.clock import Clock

TimeBudgetFlag = Annotated[
    str | None,
    typer.Option(
        "--time-budget",
        help="Time for all of it, such as 90s, 10m or 1h: plans from speed measured here what fits. [default: none]",
    ),
]


def command_clock() -> "Clock":
    """A clock that counts from the start of the program."""
    from unfreeze.recipe.clock import Clock, process_seconds

    return Clock(total=process_seconds())
