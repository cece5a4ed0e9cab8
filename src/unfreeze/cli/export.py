"""`unfreeze export`: a trained model as one file."""

from pathlib import Path
from typing import Annotated

import typer


def export_command(
    run: Annotated[Path, typer.Argument(help="A run folder, or its model folder.")],
    out: Annotated[
        Path | None, typer.Option(help="New file for the model. [default: the run's name, ending in .unfreeze]")
    ] = None,
    probes: Annotated[
        bool,
        typer.Option(help="Take the probe pictures along: squares of 16 validation pictures, for unfreeze verify."),
    ] = True,
) -> None:
    """Write a trained model as one file that predicts, explains and verifies itself wherever unfreeze is installed.

    It holds weights, graph, classes, how a picture becomes a square, temperature, what tells strange pictures, where
    the model comes from, and 16 of the validation pictures as the network sees them. No code is in it.
    """
    from unfreeze.cli.predict import echo
    from unfreeze.deploy.packing import pack_bundle

    file = pack_bundle(run, out, probes=probes)
    megabytes = file.stat().st_size / 1e6
    echo(f"{file}: {megabytes:.1f} MB")
    echo(f"Predict: unfreeze predict {file} PICTURE...")
