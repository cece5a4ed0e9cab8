"""`unfreeze extract`: what training reads of the pretrained body, computed and stored ahead."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from unfreeze.activations.plan import readable_bytes
from unfreeze.cli.activation_flags import activation_flags
from unfreeze.cli.bulk import STARTING_RAY, EngineName
from unfreeze.cli.exit_codes import INTERRUPTED
from unfreeze.cli.flags import NO_FLAGS, Flags, with_flags
from unfreeze.errors import choice
from unfreeze.recipe.settings import TrainSettings


@with_flags(activation_flags, into="activations")
def extract_command(
    pictures: Annotated[Path, typer.Argument(help="Pictures as for train: a folder, a CSV file or an archive.")],
    activations: Flags = NO_FLAGS,
    engine: Annotated[str, typer.Option(help="local, in this process, or ray, in several.")] = EngineName.LOCAL.value,
    workers: Annotated[int | None, typer.Option(help="Cores, or processes of Ray. [default: all cores]", min=1)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Compute and store what train with these flags reads of the pretrained body: it decodes no picture for that.

    Stored are the plain view and the augmented views of the training pictures, and the views that answers of validation
    and test pictures are averaged over: all that steps 1 to 4 read, before the head. What is stored already is left
    out, so a call that was stopped goes on when it is made again. Views of pictures are stored by their content:
    labels do not matter, which pictures train does.

    --engine ray computes in several processes, on a cluster too (RAY_ADDRESS), which have to reach the pictures under
    the same path. It needs the extra `scale`.
    """
    from unfreeze.cli.console import RunConsole
    from unfreeze.recipe.command_line import train_command_line
    from unfreeze.recipe.extract import extract_ahead

    name, count = choice(EngineName, engine, setting="--engine"), workers or os.cpu_count() or 1
    settings = TrainSettings(**activation_flags(**activations))
    if name is EngineName.RAY:
        import ray  # noqa: F401 - said now where it is missing, and not after all pictures were read
    ray_workers = count if name is EngineName.RAY else None
    here = settings if ray_workers else replace(settings, threads=count)
    with RunConsole(quiet=quiet) as console:
        if ray_workers:
            console.note(STARTING_RAY)
        try:
            found = extract_ahead(pictures, here, console, ray_workers=ray_workers)
        except KeyboardInterrupt:
            console.line("stopped by Ctrl-C; what was stored so far is kept: the same call goes on there")
            raise typer.Exit(INTERRUPTED) from None
        console.line(
            f"{found.wanted:,} activations: {found.stored:,} were stored already, {found.computed:,} computed "
            f"({found.seconds:.0f} s, {readable_bytes(found.size_bytes)})"
        )
        console.line(f"Train: {train_command_line(pictures, settings)}")
