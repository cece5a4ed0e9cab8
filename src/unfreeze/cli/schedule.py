"""`unfreeze schedule`: draws the learning rate of each step, or prints it, without training or loading torch."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unfreeze.cli.predict import echo
from unfreeze.errors import SettingsError
from unfreeze.files import there_already, write_new

if TYPE_CHECKING:
    from unfreeze.training.schedules import Schedule

DEFAULT_PICTURE = Path("schedule.svg")
STANDARD_OUTPUT = "-"
DEFAULT_CYCLES, DEFAULT_EPOCHS = 3, 3
MOST_CYCLES, MOST_STEPS = 1_000, 1_000_000
"""No picture shows more."""

HIGHEST = 1e100
"""Of a rate or a ratio: products of such numbers stay finite."""

ENDS_SHOWN = 10


class Kind(StrEnum):
    """Kinds of schedules."""

    COSINE = "cosine"
    CONSTANT = "constant"
    ONE_CYCLE = "one-cycle"
    FLAT_COSINE = "flat-cosine"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be drawn; what is None was not given.

    Attributes:
        kind: Which schedule.
        lr: The highest rate, of the last layer group where there are several.
        cycles: Number of cycles, of a cosine schedule only.
        cycle_len: Length of the first cycle in epochs, likewise.
        cycle_mult: How many times as long as the one before each cycle is, likewise.
        epochs: Number of epochs of all other schedules.
        epoch_steps: Steps in an epoch.
        warmup_steps: Steps of a linear ramp before the schedule.
        rate_ratio: How many times lower each earlier layer group's rate is; None draws one rate.
    """

    kind: Kind
    lr: float
    cycles: int | None
    cycle_len: float | None
    cycle_mult: float | None
    epochs: int | None
    epoch_steps: int
    warmup_steps: int
    rate_ratio: float | None

    def __post_init__(self) -> None:
        faults = [*self._contradictions(), *self._numbers()]
        if faults:
            raise SettingsError("; ".join(faults), subject=faults[0].split()[0])

    def schedule(self) -> "Schedule":
        """The schedule; raises SettingsError where a cycle would end between two steps, or no picture could show it."""
        from unfreeze.training.schedules import WarmUp

        plain = self._without_warm_up()
        schedule = WarmUp(self.warmup_steps, plain) if self.warmup_steps else plain
        if schedule.cycle_ends[-1] > MOST_STEPS:
            raise SettingsError(f"the schedule has more than {MOST_STEPS:,} steps; shorten it", subject="--epoch-steps")
        return schedule

    def rates(self) -> Mapping[str, float]:
        """The highest rate of each layer group, or `lr` alone."""
        if self.rate_ratio is None:
            return {"lr": self.lr}
        from unfreeze.network.groups import GROUP_NAMES
        from unfreeze.training.rates import lowered_rates

        return dict(zip(GROUP_NAMES, lowered_rates(self.lr, self.rate_ratio, len(GROUP_NAMES)), strict=True))

    def _without_warm_up(self) -> "Schedule":
        from unfreeze.training.schedules import FlatCosine, OneCycle, schedule_for

        epochs = self.epochs or DEFAULT_EPOCHS
        if self.kind is Kind.CONSTANT:
            return schedule_for(epochs, epoch_steps=self.epoch_steps)
        if self.kind is Kind.ONE_CYCLE:
            return OneCycle(epochs * self.epoch_steps)
        if self.kind is Kind.FLAT_COSINE:
            return FlatCosine(epochs * self.epoch_steps)
        cycles, length, mult = self.cycles or DEFAULT_CYCLES, self.cycle_len or 1, self.cycle_mult or 1
        try:
            return schedule_for(cycles, cycle_len=length, cycle_mult=mult, epoch_steps=self.epoch_steps)
        except SettingsError as error:
            message = str(error).replace("cycle_len", "--cycle-len").replace("cycle_mult", "--cycle-mult")
            raise SettingsError(message, subject="--cycle-len") from error

    def _contradictions(self) -> list[str]:
        if self.kind is Kind.COSINE:
            told = "its length is that of --cycles, --cycle-len and --cycle-mult"
            return [] if self.epochs is None else [f"--epochs is not for --kind cosine: {told}"]
        given = {"--cycles": self.cycles, "--cycle-len": self.cycle_len, "--cycle-mult": self.cycle_mult}
        told = f"is for --kind cosine; the length of {self.kind} is that of --epochs"
        return [f"{flag} {told}" for flag, value in given.items() if value is not None]

    def _numbers(self) -> list[str]:
        positive = {"--lr": self.lr, "--cycle-len": self.cycle_len, "--cycle-mult": self.cycle_mult}
        whole = {
            "--cycles": (self.cycles, 1, MOST_CYCLES),
            "--epochs": (self.epochs, 1, MOST_STEPS),
            "--epoch-steps": (self.epoch_steps, 1, MOST_STEPS),
            "--warmup-steps": (self.warmup_steps, 0, MOST_STEPS),
        }
        faults = [
            f"{flag} is {value}; it must be above 0 and at most {HIGHEST:g}"
            for flag, value in positive.items()
            if value is not None and not 0 < value <= HIGHEST
        ]
        faults += [
            f"{flag} is {value}; it must be a number from {least} to {most:,}"
            for flag, (value, least, most) in whole.items()
            if value is not None and not least <= value <= most
        ]
        if self.rate_ratio is not None and not 1 <= self.rate_ratio <= HIGHEST:
            faults.append(f"--rate-ratio is {self.rate_ratio}; it must be a number from 1 to {HIGHEST:g}")
        return faults


def schedule_command(
    lr: Annotated[float, typer.Option(help="Highest rate; the head's with --rate-ratio.")] = 0.01,
    kind: Annotated[Kind, typer.Option(help="Which schedule.")] = Kind.COSINE,
    cycles: Annotated[int | None, typer.Option(help=f"cosine: cycles. [default: {DEFAULT_CYCLES}]")] = None,
    cycle_len: Annotated[float | None, typer.Option(help="cosine: epochs of the first cycle. [default: 1]")] = None,
    cycle_mult: Annotated[
        float | None, typer.Option(help="cosine: each cycle is this many times longer. [default: 1]")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help=f"Other kinds: epochs. [default: {DEFAULT_EPOCHS}]")] = None,
    epoch_steps: Annotated[int, typer.Option(help="Steps in an epoch: training pictures by batch size.")] = 100,
    warmup_steps: Annotated[int, typer.Option(help="Steps of a linear ramp before the schedule.")] = 0,
    rate_ratio: Annotated[
        float | None, typer.Option(help="A rate for each layer group: each earlier one's is this many times lower.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help=f"Picture: .svg, .png or .pdf. [default: {DEFAULT_PICTURE}; none with --csv]"),
    ] = None,
    table: Annotated[str | None, typer.Option("--csv", help="Write step and rate to this file, or print: -.")] = None,
) -> None:
    """Draw the learning rate of each step, without training."""
    plan = Plan(
        kind=kind,
        lr=lr,
        cycles=cycles,
        cycle_len=cycle_len,
        cycle_mult=cycle_mult,
        epochs=epochs,
        epoch_steps=epoch_steps,
        warmup_steps=warmup_steps,
        rate_ratio=rate_ratio,
    )
    picture = out or (None if table else DEFAULT_PICTURE)
    file = Path(table) if table and table != STANDARD_OUTPUT else None
    _check_files(picture, file)
    schedule = plan.schedule()
    drawn = picture_of(plan, schedule, picture.suffix) if picture else b""
    lines = csv_lines(schedule, plan.rates()) if table else ""
    if picture:
        write_new(picture, drawn, flag="--out")
    if file:
        write_new(file, lines.encode(), flag="--csv")
    if table == STANDARD_OUTPUT:
        sys.stdout.write(lines)
        sys.stdout.flush()
    else:
        echo(f"{in_words(schedule, plan.epoch_steps)}: {' and '.join(str(path) for path in (picture, file) if path)}")


def picture_of(plan: Plan, schedule: "Schedule", suffix: str) -> bytes:
    """Draws a schedule.

    Args:
        plan: Its rates, and the length of its epochs.
        schedule: What is drawn.
        suffix: How the picture's file ends, such as ".svg".

    Returns:
        What the file holds.
    """
    from unfreeze.plots.picture import picture_bytes
    from unfreeze.plots.schedule import plot_planned

    rates = plan.lr if plan.rate_ratio is None else plan.rates()
    draw = partial(plot_planned, schedule, rates, epoch_steps=plan.epoch_steps)
    return picture_bytes(draw, file_format=suffix.lower().removeprefix("."), height=4.0)


def csv_lines(schedule: "Schedule", rates: Mapping[str, float]) -> str:
    """The rates at each step, written so that reading them gives the same floating-point numbers.

    Args:
        schedule: The factor at each step.
        rates: The highest rates by name.

    Returns:
        A heading, and a line a step.
    """
    rows = [",".join(["step", *rates])]
    for step in range(schedule.cycle_ends[-1]):
        factor = schedule.factor(step)
        rows.append(",".join([str(step), *(repr(rate * factor) for rate in rates.values())]))
    return "\n".join(rows) + "\n"


def in_words(schedule: "Schedule", epoch_steps: int) -> str:
    """How long a schedule is and where its cycles end; the middle ones of many are left out.

    Args:
        schedule: The schedule.
        epoch_steps: Steps in an epoch.

    Returns:
        One line.
    """
    ends = schedule.cycle_ends
    shown = [*map(str, ends)] if len(ends) <= ENDS_SHOWN else [*map(str, ends[: ENDS_SHOWN - 2]), "...", str(ends[-1])]
    epochs = f"{ends[-1] / epoch_steps:,.2f}".rstrip("0").rstrip(".")
    return (
        f"{epochs} epoch{'' if epochs == '1' else 's'}, {ends[-1]} steps, "
        f"{'cycles end after steps' if len(ends) > 1 else 'the cycle ends after step'} {', '.join(shown)}"
    )


def _check_files(picture: Path | None, table: Path | None) -> None:
    """Raises before anything is computed for a file that cannot be written."""
    from unfreeze.plots.picture import FORMATS

    if picture and picture.suffix.lower().removeprefix(".") not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise SettingsError(f"--out is {picture}; a picture's name ends in one of {known}", subject="--out")
    if picture and picture == table:
        raise SettingsError(f"--out and --csv both name {picture}; choose two files", subject="--out")
    for path, flag in ((picture, "--out"), (table, "--csv")):
        if path and path.exists():
            raise there_already(path, flag=flag)
