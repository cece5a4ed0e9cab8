"""`unfreeze export`: a trained model as one file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from unfreeze.errors import choice

MAX_LOSS_POINTS = 0.5


class Quantize(StrEnum):
    """In what a model's graph is computed.

    Attributes:
        INT8: In whole numbers of eight bits.
    """

    INT8 = "int8"


def export_command(
    run: Annotated[Path, typer.Argument(help="A run folder, or its model folder.")],
    out: Annotated[
        Path | None, typer.Option(help="New file for the model. [default: the run's name, ending in .unfreeze]")
    ] = None,
    probes: Annotated[
        bool,
        typer.Option(help="Take the probe pictures along: squares of 16 validation pictures, for unfreeze verify."),
    ] = True,
    quantize: Annotated[
        str | None, typer.Option(help="int8: weights and activations in eight bits, calibrated on training pictures.")
    ] = None,
    max_loss: Annotated[
        float,
        typer.Option(help="With --quantize: points of validation accuracy that may be lost.", min=0),
    ] = MAX_LOSS_POINTS,
) -> None:
    """Write a trained model as one file that predicts, explains and verifies itself wherever unfreeze is installed.

    It holds weights, graph, classes, how a picture becomes a square, temperature, what tells strange pictures, where
    the model comes from, and 16 of the validation pictures as the network sees them. No code is in it.

    --quantize int8 needs the run's own pictures: it calibrates on the training pictures, says what the validation
    pictures lose, and writes nothing where that is more than --max-loss.
    """
    from unfreeze.cli.predict import echo
    from unfreeze.deploy.packing import pack_bundle

    if quantize is not None:
        choice(Quantize, quantize, setting="--quantize")
        file = _quantized(run, out, max_loss, probes)
    else:
        file = pack_bundle(run, out, probes=probes)
    megabytes = file.stat().st_size / 1e6
    echo(f"{file}: {megabytes:.1f} MB")
    echo(f"Predict: unfreeze predict {file} PICTURE...")


def _quantized(run: Path, out: Path | None, max_loss: float, probes: bool) -> Path:
    """Writes the model in eight bits, and says what that costs and brings."""
    from unfreeze.cli.console import RunConsole
    from unfreeze.cli.predict import echo
    from unfreeze.recipe.quantized import quantize_run

    with RunConsole() as console:
        file, found = quantize_run(run, out, max_loss_points=max_loss, watcher=console, probes=probes)
    for line in found.in_words():
        echo(line)
    return file
