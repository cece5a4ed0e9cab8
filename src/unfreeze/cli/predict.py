"""`unfreeze predict`: classes and probabilities of pictures, without loading torch."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from unfreeze.bulk.plan import PART_SIZE
from unfreeze.cli.exit_codes import UNREAD_CODE
from unfreeze.errors import CollectionError, RunError, SettingsError, choice
from unfreeze.files import there_already
from unfreeze.transforms.views import TTA_VIEWS

if TYPE_CHECKING:
    from unfreeze.deploy.inputs import Source
    from unfreeze.deploy.predictor import Prediction, Predictor
    from unfreeze.deploy.rows import WriteRow
    from unfreeze.deploy.sorting import Sorter

SHOWN_CLASSES = 3
STANDARD = "-"
"""Stands for standard input among pictures, and for standard output among files."""

Bulk = Annotated[
    str | None,
    typer.Option("--out", help="Predict in bulk into this folder, or URL: Parquet files; the same call goes on."),
]


def predict_command(
    run: Annotated[Path, typer.Argument(help="A run folder, its model folder, or an .unfreeze file.")],
    pictures: Annotated[
        list[str],
        typer.Argument(
            help="Pictures, folders, patterns ('new/**/*.jpg'); - reads paths from standard input. With --out "
            "tar archives and URLs (s3://bucket/folder) as well."
        ),
    ],
    csv: Annotated[
        str | None, typer.Option("--csv", help="Write all probabilities to this file; - prints them.")
    ] = None,
    json: Annotated[
        str | None, typer.Option("--json", help="Write a JSON object a line to this file; - prints them.")
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option(help=f"Most probable classes to show ({SHOWN_CLASSES}), and to write as JSON (all of them)."),
    ] = None,
    tta: Annotated[bool, typer.Option("--tta", help=f"Average over {TTA_VIEWS} augmented views as well.")] = False,
    sort_into: Annotated[
        Path | None, typer.Option(help="Put the pictures into a folder a class below this one.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="How --sort-into does it: link (a second name of the file) or copy. [default: link]"),
    ] = None,
    out: Bulk = None,
    engine: Annotated[str, typer.Option(help="With --out: local, in this process, or ray, in several.")] = "local",
    workers: Annotated[
        int | None, typer.Option(help="With --out: cores, or processes of Ray. [default: all cores]", min=1)
    ] = None,
    part_size: Annotated[
        int | None,
        typer.Option(
            help=f"With --out: pictures of a part, where they are files; an archive is one. [default: {PART_SIZE}]",
            min=1,
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 3 where a file could not be read.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Name the class of each picture, with probabilities; files that are no pictures are listed at the end.

    A picture unlike all that the model was trained on is shown as 'none of these'. In the files of --csv and --json,
    distance says how unlike it is, and set which classes it may be: the true one is among them as often as the model
    promises; the set of a picture that is none of these is empty.

    A model of several labels a picture names all labels whose probability lies above 50 %, or none; in the file of
    --csv they are joined by semicolons.

    --sort-into puts each picture into the folder of its class, of 'none of these' or of 'not predicted'; a name that
    is taken gets a number, no file is replaced, and the pictures themselves stay as they are.

    --out predicts in bulk, any number of pictures in the same memory: the answers are Parquet files, a part of the
    pictures in each, in the folder `predictions`, and files that cannot be read are rows in the folder `bad`. A call
    that was stopped goes on where it was when it is made again. --engine ray does parts in several processes, on a
    cluster too (RAY_ADDRESS). It needs the extra `scale`.

    The exit code is 0 where at least one picture was predicted, 1 where none was or something was wrong, and with
    --strict 3 where a file could not be read.
    """
    if out is not None:
        from unfreeze.cli.bulk import BulkFlags, predict_in_bulk, reject_beside_out

        reject_beside_out({"--csv": csv, "--json": json, "--top-k": top_k, "--sort-into": sort_into, "--by": by})
        flags = BulkFlags(
            engine=engine, workers=workers, part_size=part_size or PART_SIZE, tta=tta, strict=strict, quiet=quiet
        )
        predict_in_bulk(run, pictures, out, flags)
        return
    _reject_without_out(
        {"--engine": None if engine == "local" else engine, "--workers": workers, "--part-size": part_size}
    )
    if top_k is not None and top_k < 1:
        raise SettingsError(f"--top-k is {top_k}; show at least one class", subject="--top-k")
    predictor, found, sorter = _opened_all(run, pictures, sort_into, by)
    with ExitStack() as stack:
        takers = _writers(stack, predictor, csv=csv, json=json, top_k=top_k)
        if sorter:
            takers.append(sorter)
        if not (quiet or STANDARD in (csv, json)):
            takers.append(lambda prediction: _show(predictor, prediction, top_k or SHOWN_CLASSES))
        good, bad = _predicted(predictor.each(found, tta_views=TTA_VIEWS if tta else 0), takers)
    _end(predictor, good, bad, strict=strict, quiet=quiet)


def _opened_all(
    run: Path, pictures: Sequence[str], sort_into: Path | None, by: str | None
) -> "tuple[Predictor, list[Source], Sorter | None]":
    """The model, the pictures, and what sorts them; a mistake in a flag is told before anything is read."""
    from unfreeze.deploy.predictor import Predictor
    from unfreeze.deploy.sorting import By, Sorter

    way = choice(By, by or By.LINK, setting="--by")
    predictor = Predictor(run)
    found = _named(pictures)
    return predictor, found, Sorter(sort_into, predictor, by=way, inputs=map(Path, pictures)) if sort_into else None


def _reject_without_out(flags: Mapping[str, object]) -> None:
    """Raises SettingsError for a flag that is given, and of bulk prediction alone."""
    for name, value in flags.items():
        if value is not None:
            raise SettingsError(f"{name} belongs to bulk prediction; name a folder with --out", subject=name)


def _end(predictor: "Predictor", good: int, bad: "Sequence[Prediction]", *, strict: bool, quiet: bool) -> None:
    """Tells what was not predicted, and ends with the exit code that says so."""
    if good and not quiet and not predictor.can_refuse:
        echo(f"note: {why_no_refusal(predictor)}", err=True)
    for prediction in bad:
        echo(f"{prediction.path}: not predicted: {prediction.error}", err=True)
    if not good or (strict and bad):
        raise typer.Exit(UNREAD_CODE if good else 1)


def _named(pictures: Sequence[str]) -> "list[Source]":
    """The pictures that are meant; a name in a list on standard input that is not there costs its own row alone."""
    from unfreeze.deploy.inputs import Source, listed, picture_paths

    paths = picture_paths([name for name in pictures if name != STANDARD]) if set(pictures) - {STANDARD} else []
    if STANDARD in pictures:
        paths += map(Path, listed(sys.stdin.buffer.read()))
    if not paths:
        message = "standard input: names no picture; give a path a line, such as find prints them"
        raise CollectionError(message, subject=STANDARD)
    return [Source(str(path), path) for path in paths]


def _predicted(predictions: "Iterable[Prediction]", takers: "Sequence[WriteRow]") -> "tuple[int, list[Prediction]]":
    """Hands each prediction to all that want it; how many were good, and the others."""
    good, bad = 0, []
    for prediction in predictions:
        for take in takers:
            take(prediction)
        if prediction.error:
            bad.append(prediction)
        else:
            good += 1
    return good, bad


def _writers(
    stack: ExitStack, predictor: "Predictor", *, csv: str | None, json: str | None, top_k: int | None
) -> "list[WriteRow]":
    """What writes the files that were asked for; they are closed with the stack."""
    from unfreeze.deploy.rows import csv_rows, json_rows

    if csv == json == STANDARD:
        raise SettingsError("--csv and --json both print; give one of them a file", subject="--json")
    found: list[WriteRow] = []
    if csv:
        found.append(csv_rows(stack.enter_context(_opened(csv, "--csv")), predictor))
    if json:
        found.append(json_rows(stack.enter_context(_opened(json, "--json")), predictor, top_k=top_k))
    return found


def _opened(name: str, flag: str) -> TextIO:
    """A new file, or standard output, in UTF-8; bytes of a name that are no text are escaped, as on the console."""
    printed = name == STANDARD
    path = Path(name)
    try:
        target = sys.stdout.fileno() if printed else path
        mode = "w" if printed else "x"
        return open(target, mode, encoding="utf-8", errors="backslashreplace", newline="", closefd=not printed)  # type: ignore[return-value]
    except FileExistsError as error:
        raise there_already(path, flag=flag) from error
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror})", subject=path) from error


def _show(predictor: "Predictor", prediction: "Prediction", count: int) -> None:
    """A line on the console; those that cannot be read come at the end."""
    if not prediction.error:
        echo(f"{prediction.path}  {_in_words(predictor, prediction, count)}")


def _in_words(predictor: "Predictor", prediction: "Prediction", count: int) -> str:
    from unfreeze.deploy.rows import ranked
    from unfreeze.evaluation.names import in_words

    names, several = predictor.names(prediction), predictor.objective.several
    order = ranked(predictor, prediction)
    figures = "  ".join(f"{name} {100 * probability:.1f} %" for name, probability in order[: max(count, len(names))])
    if prediction.refused:
        likest, probability = order[0]
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
