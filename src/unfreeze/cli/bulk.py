"""`unfreeze predict --out`: what bulk prediction shows and how it ends."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from unfreeze.cli.exit_codes import UNREAD_CODE
from unfreeze.errors import SettingsError, choice

if TYPE_CHECKING:
    from unfreeze.bulk.answers import Counts
    from unfreeze.bulk.run import Bulk, Engine

STARTING_RAY = "Ray starts its workers, which takes a while, and says nothing before something is done"


class EngineName(StrEnum):
    """What does the parts of a bulk run.

    Attributes:
        LOCAL: This process, on all cores.
        RAY: Ray Data, in processes on this machine or on a cluster's.
    """

    LOCAL = "local"
    RAY = "ray"


@dataclass(frozen=True, kw_only=True)
class BulkFlags:
    """The flags of bulk prediction, as the user wrote them.

    Attributes:
        engine: Name of the engine.
        workers: Cores or processes; None for as many as there are.
        part_size: Files of a part that is no archive.
        tta: Whether augmented views are averaged too.
        strict: Whether bad files change the exit code.
        quiet: Whether nothing is printed.
    """

    engine: str
    workers: int | None
    part_size: int
    tta: bool
    strict: bool
    quiet: bool


def predict_in_bulk(bundle: Path, sources: Sequence[str], out: str, flags: BulkFlags) -> None:
    """Predicts in bulk and tells what was counted.

    Args:
        bundle: A run folder, its model folder, or an `.unfreeze` file.
        sources: What the user named.
        out: The folder of the answers.
        flags: All other flags.

    Raises:
        SettingsError: If there is no such engine, or paths are to come from standard input.
        typer.Exit: With 1 where nothing was predicted, with 3 where files are bad and --strict asks for it.
    """
    from unfreeze.bulk.answers import BAD
    from unfreeze.bulk.run import Bulk, predict_bulk
    from unfreeze.cli.console import RunConsole
    from unfreeze.cli.predict import STANDARD, echo
    from unfreeze.transforms.views import TTA_VIEWS

    if STANDARD in sources:
        message = f"{STANDARD} and --out exclude each other: the same call could not go on; name folders or patterns"
        raise SettingsError(message, subject="--out")
    name = choice(EngineName, flags.engine, setting="--engine")
    bulk = Bulk(
        bundle=bundle,
        sources=tuple(sources),
        out=out,
        tta_views=TTA_VIEWS if flags.tta else 0,
        part_size=flags.part_size,
    )
    started = time.monotonic()
    with RunConsole(quiet=flags.quiet) as console:
        if name is EngineName.RAY:
            console.note(STARTING_RAY)

        def progress(done: int, parts: int, counts: "Counts") -> None:
            del counts
            console.progress("parts", done, parts)

        total = predict_bulk(bulk, _engine(name, bulk, flags.workers), progress=progress)
    if not flags.quiet:
        seconds = time.monotonic() - started
        echo(f"{out}: {total.pictures:,} pictures, {total.predicted:,} predicted, {total.bad:,} bad ({seconds:.0f} s)")
        if total.bad:
            echo(f"Why those are bad: {out}/{BAD}, a row each")
    if not total.predicted or (flags.strict and total.bad):
        raise typer.Exit(UNREAD_CODE if total.predicted else 1)


def reject_beside_out(flags: Mapping[str, object]) -> None:
    """Makes sure that no flag is given that bulk prediction would pass over in silence.

    Args:
        flags: Values by name; None where a flag is not given.

    Raises:
        SettingsError: If one is given.
    """
    for name, value in flags.items():
        if value is not None:
            message = f"{name} and --out exclude each other: bulk prediction writes Parquet; leave one of them away"
            raise SettingsError(message, subject=name)


def _engine(name: EngineName, bulk: "Bulk", workers: int | None) -> "Engine":
    if name is EngineName.RAY:
        from unfreeze.bulk.ray_engine import ray_engine

        return ray_engine(bulk, workers=workers)
    from unfreeze.bulk.local import local_engine

    return local_engine(bulk, threads=workers)
