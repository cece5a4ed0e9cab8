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
    from unfreeze.deploy.predictor import Prediction, Predictor

TTA_VIEWS = 4
SHOWN_CLASSES = 3


def predict_command(
    run: Annotated[Path, typer.Argument(help="A run folder, its model folder, or an .unfreeze file.")],
    pictures: Annotated[list[Path], typer.Argument(help="Pictures, and folders of them.")],
    table: Annotated[Path | None, typer.Option("--csv", help="Write all probabilities to this file.")] = None,
    tta: Annotated[bool, typer.Option("--tta", help=f"Average over {TTA_VIEWS} augmented views as well.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Name the class of each picture, with probabilities; files that are no pictures are listed at the end.

    A picture unlike all that the model was trained on is shown as 'none of these'. In the file of --csv, distance
    says how unlike it is, and set which classes it may be: the true one is among them as often as the model promises.

    A model of several labels a picture names all labels whose probability lies above 50 %, or none; in the file of
    --csv they are joined by semicolons.
    """
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
        write_csv(table, predictor, found)
    good = [prediction for prediction in found if not prediction.error]
    if not quiet:
        for prediction in good:
            echo(f"{prediction.path}  {_in_words(predictor, prediction)}")
    if good and not quiet and not predictor.can_refuse:
        echo(f"note: {why_no_refusal(predictor)}", err=True)
    for prediction in found:
        if prediction.error:
            echo(f"{prediction.path}: not predicted: {prediction.error}", err=True)
    if not good:
        raise typer.Exit(1)


def write_csv(path: Path, predictor: "Predictor", predictions: Sequence["Prediction"]) -> None:
    """Writes a row a picture: path, predicted class or labels, error, what the model knows, and all probabilities.

    `distance` and `refused` (yes or no) are empty where the model cannot refuse, `set` where it promises no sets; the
    classes of a set are joined by semicolons.

    Bytes of a name that are no text are escaped, as they are on the console, so that the file is UTF-8 throughout.

    Args:
        path: The file to write.
        predictor: What predicted.
        predictions: What was predicted.

    Raises:
        RunError: If the file cannot be written.
    """
    import numpy as np

    from unfreeze.evaluation.names import joined

    several = predictor.objective.several
    try:
        with path.open("x", encoding="utf-8", errors="backslashreplace", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            known = ("distance", "refused", "set")
            writer.writerow(["path", "predicted", "error", *known, *(f"p:{name}" for name in predictor.classes)])
            for prediction in predictions:
                names = predictor.names(prediction)
                said = joined(names) if several else "".join(names)
                distance = "" if prediction.distance is None else np.float32(prediction.distance)
                refused = {True: "yes", False: "no", None: ""}[prediction.refused]
                known = (str(distance), refused, joined(prediction.candidates))
                writer.writerow([prediction.path, said, prediction.error, *known, *prediction.probabilities])
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror})", subject=path) from error


def _in_words(predictor: "Predictor", prediction: "Prediction") -> str:
    from unfreeze.evaluation.names import in_words

    names, several = predictor.names(prediction), predictor.objective.several
    ranked = sorted(zip(prediction.probabilities, predictor.classes, strict=True), reverse=True)
    shown = ranked[: max(SHOWN_CLASSES, len(names))]
    figures = "  ".join(f"{name} {100 * probability:.1f} %" for probability, name in shown)
    if prediction.refused:
        probability, likest = ranked[0]
        return f"none of these (most like {likest} {100 * probability:.1f} %)"
    return f"[{in_words(names)}]  {figures}" if several else figures


def why_no_refusal(predictor: "Predictor") -> str:
    """Why a model cannot say 'none of these'.

    Args:
        predictor: The model.

    Returns:
        A clause.
    """
    from unfreeze.deploy.description import VERSION_OF_CERTAINTY

    if predictor.settings.format_version < VERSION_OF_CERTAINTY:
        return "this model was made before models could tell pictures that are none of their classes; train it again"
    return "this model had too few validation pictures to tell pictures that are none of its classes"


def echo(text: str, *, err: bool = False) -> None:
    """Prints a line; what the terminal's encoding lacks is escaped.

    Args:
        text: The line.
        err: Whether it goes to standard error.
    """
    stream = sys.stderr if err else sys.stdout
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
