"""`unfreeze explain`: what in pictures spoke for what the model says of them."""

from pathlib import Path
from typing import Annotated

import typer

from unfreeze.cli.predict import echo


def explain_command(
    run: Annotated[Path, typer.Argument(help="A run folder, its model folder, or an .unfreeze file.")],
    pictures: Annotated[list[Path], typer.Argument(help="Pictures, and folders of them.")],
    class_name: Annotated[
        str | None, typer.Option("--class", help="Show what speaks for this class. [default: the most probable one]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The new folder for page and pictures. [default: explanations/RUN]")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Show where in pictures the model saw what it says: a page, and a PNG file a picture.

    Orange speaks for the class and blue against it, drawn over the square that the network saw.
    """
    from unfreeze.cli.console import RunConsole
    from unfreeze.recipe.explain import explain_pictures

    with RunConsole(quiet=quiet) as console:
        found = explain_pictures(
            run,
            pictures,
            out=out,
            class_name=class_name,
            progress=lambda done, total: console.progress("explaining", done, total),
        )
    if not quiet:
        for picture in found.pictures:
            shown = "" if picture.is_said else f"  (shown: {picture.asked} {100 * picture.sure:.1f} %)"
            echo(f"{picture.path}  {picture.said}{shown}")
    for path, reason in found.unread:
        echo(f"{path}: not explained: {reason}", err=True)
    if not found.pictures:
        raise typer.Exit(1)
    if not quiet:
        if not found.exact:
            echo("note: this network does not read averages over positions; the maps are estimates by gradients")
        echo(f"Page: {found.page}")
