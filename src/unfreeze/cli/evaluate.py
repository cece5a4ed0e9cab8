"""`unfreeze evaluate`: how good a model is, on its run's own predictions or on new labelled pictures; without torch."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unfreeze.cli.flags import GroupColumn, LabelColumn, LabelSeparator, PathColumn, SplitColumn
from unfreeze.errors import SettingsError
from unfreeze.recipe.settings import TrainSettings

if TYPE_CHECKING:
    from unfreeze.recipe.evaluate import Evaluation

DEFAULTS = TrainSettings()
DEFAULT_PARENT = Path("evaluations")
FIGURES_FILE, TABLE_FILE, PAGE_FILE = "figures.json", "predictions.csv", "evaluation.html"


def evaluate_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or a model.")],
    pictures: Annotated[
        Path | None, typer.Argument(metavar="PICTURES", help="Labelled pictures to predict: a folder, a list, ...")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="New folder for the figures. [default: evaluations/PICTURES, where given]")
    ] = None,
    split: Annotated[str | None, typer.Option(help="These pictures only, such as test.")] = None,
    tta: Annotated[bool, typer.Option("--tta", help="Predict with test-time augmentation as well.")] = False,
    path_column: PathColumn = DEFAULTS.path_column,
    label_column: LabelColumn = DEFAULTS.label_column,
    split_column: SplitColumn = DEFAULTS.split_column,
    group_column: GroupColumn = DEFAULTS.group_column,
    label_separator: LabelSeparator = DEFAULTS.label_separator,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Tell how good a model is, each figure with its 95 % interval.

    Without PICTURES all figures are computed again from the run's own table of predictions; with them, the pictures are
    predicted first. Their classes have to be among the model's; a folder of class folders will do.
    """
    from unfreeze.cli.console import RunConsole
    from unfreeze.cli.figures import in_words
    from unfreeze.images.columns import Columns
    from unfreeze.recipe.evaluate import evaluate_pictures, evaluate_run

    folder = _folder(out, pictures)
    with RunConsole(quiet=quiet) as console:
        if pictures is None:
            _refuse_flags_of_pictures(context)
            evaluation = evaluate_run(run, split=split)
        else:
            columns = Columns(
                path=path_column,
                label=label_column,
                split=split_column,
                group=group_column,
                label_separator=label_separator,
            )
            evaluation = evaluate_pictures(
                run, pictures, columns=columns, split=split, tta=tta, progress=console.progress
            )
        for note in evaluation.notes:
            console.note(note)
        plain = evaluation.plain()
        if folder:
            _write(folder, evaluation, plain)
        for line in in_words(plain):
            console.line(line)
        if folder:
            page = f"Page: {folder / PAGE_FILE}   " if evaluation.page else ""
            console.line(f"\n{page}Figures: {folder / FIGURES_FILE}")


def _folder(out: Path | None, pictures: Path | None) -> Path | None:
    """Where the figures go, which is free; None where they are only shown."""
    from unfreeze.cli.check import check_free
    from unfreeze.files import free_folder
    from unfreeze.images.collection import check_named, collection_name

    if pictures is not None:
        check_named(pictures)
        out = out or free_folder(DEFAULT_PARENT, collection_name(pictures))
    if out is not None:
        check_free(out, pictures)
    return out


def _refuse_flags_of_pictures(context: typer.Context) -> None:
    """What says how pictures are read or predicted would be passed over in silence where there are none."""
    names = ("tta", "path_column", "label_column", "split_column", "group_column", "label_separator")
    for name in names:
        source = context.get_parameter_source(name)
        if source and source.name == "COMMANDLINE":
            flag = name.replace("_", "-")
            message = f"--{flag}: is about pictures to predict, and none are named; name them after the run"
            raise SettingsError(message, subject=flag)


def _write(folder: Path, evaluation: "Evaluation", plain: dict[str, object]) -> None:
    from unfreeze.files import make_folder, write_new

    make_folder(folder)
    if evaluation.pictures is not None:
        evaluation.table.write(folder / TABLE_FILE)
    if evaluation.page is not None:
        page = evaluation.page.encode("utf-8", errors="backslashreplace")
        write_new(folder / PAGE_FILE, page, flag="--out")
    data = (json.dumps(plain, indent=2, allow_nan=False) + "\n").encode("utf-8", errors="surrogateescape")
    write_new(folder / FIGURES_FILE, data, flag="--out")
