"""`unfreeze predict`: classes and probabilities of pictures, without loading torch."""

import csv
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unfreeze.errors import RunError

if TYPE_CHECKING:
    from unfreeze.deploy.predictor import Prediction

TTA_VIEWS = 4
SHOWN_CLASSES = 3


def predict_command(
    run: Annotated[Path, typer.Argument(help="A run folder, or its model folder.")],
    pictures: Annotated[list[Path], typer.Argument(help="Pictures, and folders of them.")],
    table: Annotated[Path | None, typer.Option("--csv", help="Write all probabilities to this file.")] = None,
    tta: Annotated[bool, typer.Option("--tta", help=f"Average over {TTA_VIEWS} augmented views as well.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Name the class of each picture, with probabilities; files that are no pictures are listed at the end."""
    from unfreeze.cli.console import RunConsole
    from unfreeze.deploy.predictor import Predictor, picture_paths

    if table and table.exists():
        raise RunError(f"{table}: is there already; choose another file for --csv", subject=table)
    predictor = Predictor(run, threads=os.cpu_count() or 1)
    paths = picture_paths(pictures)
    with RunConsole(quiet=quiet) as console:
        found = predictor.predict(
            paths,
            tta_views=TTA_VIEWS if tta else 0,
            progress=lambda done, total: console.progress("predicting", done, total),
        )
    if table:
        write_csv(table, predictor.classes, found)
    good = [prediction for prediction in found if not prediction.error]
    if not quiet:
        for prediction in good:
            echo(f"{prediction.path}  {_in_words(predictor.classes, prediction)}")
    for prediction in found:
        if prediction.error:
            echo(f"{prediction.path}: not predicted: {prediction.error}", err=True)
    if not good:
        raise typer.Exit(1)


def write_csv(path: Path, classes: Sequence[str], predictions: Sequence["Prediction"]) -> None:
    """Writes a row a picture: path, predicted class, error, and a probability for each class.

    Args:
        path: The file to write.
        classes: The class names.
        predictions: What was predicted.

    Raises:
        RunError: If the file cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8", errors="surrogateescape", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["path", "predicted", "error", *(f"p:{name}" for name in classes)])
            for prediction in predictions:
                best = classes[_best(prediction)] if prediction.probabilities else ""
                writer.writerow([prediction.path, best, prediction.error, *prediction.probabilities])
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror})", subject=path) from error


def _best(prediction: "Prediction") -> int:
    return max(range(len(prediction.probabilities)), key=prediction.probabilities.__getitem__)


def _in_words(classes: Sequence[str], prediction: "Prediction") -> str:
    ranked = sorted(zip(prediction.probabilities, classes, strict=True), reverse=True)[:SHOWN_CLASSES]
    return "  ".join(f"{name} {100 * probability:.1f} %" for probability, name in ranked)


def echo(text: str, *, err: bool = False) -> None:
    """Prints a line; what the terminal's encoding lacks is escaped.

    Args:
        text: The line.
        err: Whether it goes to standard error.
    """
    stream = sys.stderr if err else sys.stdout
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
