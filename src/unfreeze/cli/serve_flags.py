"""Flags of `unfreeze serve`, and the limits that they come to."""

from pathlib import Path
from typing import Annotated

import typer

from unfreeze.serve.limits import MIB, ServeLimits

DEFAULTS = ServeLimits()
PICTURE_MB, REQUEST_MB, MEMORY_MB = (
    size // MIB for size in (DEFAULTS.picture_bytes, DEFAULTS.request_bytes, DEFAULTS.held_bytes)
)
MEGAPIXELS = DEFAULTS.pixels / 1e6

KEY_VARIABLE = "UNFREEZE_SERVE_KEY"

Models = Annotated[
    list[str],
    typer.Argument(metavar="[NAME=]MODEL...", help="Run folders and bundles; the first one answers who names none."),
]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 for a free one.", min=0, max=65535)]
Key = Annotated[
    str,
    typer.Option(envvar=KEY_VARIABLE, help=f"Ask clients for this key; safer in {KEY_VARIABLE}.", show_default=False),
]
AllowHost = Annotated[list[str] | None, typer.Option(help="Answer under this name too, such as behind a proxy.")]
Cores = Annotated[int | None, typer.Option(help="Cores to use. [default: all]", min=1)]
BatchSize = Annotated[
    int, typer.Option(help="Squares in one call of the engine at most; 0 for what is cheapest here.", min=0)
]
BatchWait = Annotated[
    float, typer.Option(help="How long a picture waits for others although an engine is free.", min=0)
]
MaxPictures = Annotated[int, typer.Option(help="Pictures in a request.", min=1)]
MaxPictureMb = Annotated[int, typer.Option(help="MiB of a picture's file.", min=1)]
MaxRequestMb = Annotated[int, typer.Option(help="MiB of a request.", min=1)]
MaxMemoryMb = Annotated[int, typer.Option(help="MiB of files that are held at a time, of all requests.", min=1)]
MaxMegapixels = Annotated[float, typer.Option(help="Pixels of a picture, in millions.", min=0.01)]
Queue = Annotated[int, typer.Option(help="Pictures that wait or are in work at a time.", min=1)]
Rate = Annotated[int, typer.Option(help="Requests a minute of one address; 0 for any number.", min=0)]
Timeout = Annotated[float, typer.Option(help="Seconds within which a request is answered.", min=0.1)]
BodyTimeout = Annotated[float, typer.Option(help="Seconds within which a request has to arrive.", min=0.1)]
Review = Annotated[
    bool, typer.Option("--review", help="Go through what is doubtful about the first run's pictures, at /review.")
]
Findings = Annotated[
    Path | None, typer.Option(help="With --review: the folder that unfreeze check wrote of the pictures.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
