"""The `unfreeze` program. Nothing here loads torch: each command imports what it needs when it runs."""

import logging
import sys
import warnings
from importlib.metadata import version
from typing import Annotated

import typer

from unfreeze.cli.predict import predict_command
from unfreeze.cli.train import train_command
from unfreeze.errors import UnfreezeError

INTERRUPTED = 130
"""What a shell returns for a program that Ctrl-C stopped."""

app = typer.Typer(
    name="unfreeze",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="From a folder of pictures to an image classifier by transfer learning, in eight steps.",
)
app.command("train")(train_command)
app.command("predict")(predict_command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"unfreeze {version('unfreeze')}")
        raise typer.Exit


@app.callback()
def _options(
    show: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """From a folder of pictures to an image classifier by transfer learning, in eight steps."""


def main() -> None:
    """Runs the program: exit code 0 done, 1 a mistake that the message explains, 2 wrong usage, 130 stopped."""
    warnings.filterwarnings("ignore")  # what libraries warn of is for us, not for the user
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    try:
        app(standalone_mode=True)
    except UnfreezeError as error:
        sys.stderr.write(f"error: {error}\n".encode("utf-8", "backslashreplace").decode())
        sys.exit(1)
