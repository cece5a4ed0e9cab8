"""`unfreeze squares`: what crop, squash and pad show of each picture, and which one to take, without loading torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unfreeze.cli.flags import GroupColumn, LabelColumn, LabelSeparator, PathColumn, SplitColumn
from unfreeze.cli.predict import echo
from unfreeze.recipe.settings import TrainSettings

if TYPE_CHECKING:
    from unfreeze.audit.square_trial import SquareTrial
    from unfreeze.audit.squares import SquaresAudit

DEFAULTS = TrainSettings()
PAGE = "squares.html"
DEFAULT_SAMPLE = 1000
"""As in `unfreeze.audit.squares`, which loads numpy."""


def squares_command(
    pictures: Annotated[Path, typer.Argument(help="Pictures as for train: a folder, a CSV file or an archive.")],
    out: Annotated[Path | None, typer.Option(help=f"Write {PAGE} into this folder, with pictures.")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the squares in pixels. [default: the backbone's]")] = None,
    sample: Annotated[int, typer.Option(help="Pictures to compare at most; test pictures never.")] = DEFAULT_SAMPLE,
    compare: Annotated[bool, typer.Option(help="Compare accuracies on stored activations.")] = True,
    path_column: PathColumn = DEFAULTS.path_column,
    label_column: LabelColumn = DEFAULTS.label_column,
    split_column: SplitColumn = DEFAULTS.split_column,
    group_column: GroupColumn = DEFAULTS.group_column,
    label_separator: LabelSeparator = DEFAULTS.label_separator,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Show how much of each picture the network sees, cropped, squashed or padded, and which to take."""
    from unfreeze.audit.squares import audit_squares
    from unfreeze.cli.console import RunConsole
    from unfreeze.images.collection import check_named, collection_name
    from unfreeze.learner.data import ImageData

    check_named(pictures)
    page = _new_page(out, pictures) if out else None
    with RunConsole(quiet=quiet) as console:
        data = ImageData.from_path(
            pictures,
            path_column=path_column,
            label_column=label_column,
            split_column=split_column,
            group_column=group_column,
            label_separator=label_separator,
            size_px=size,
            progress=lambda done, total: console.progress("reading pictures", done, total),
        )
        for note in data.table.notes:
            console.note(note)
        audit = audit_squares(data, sample=sample, compare=compare, limit_bytes=DEFAULTS.cache_size, observer=console)
    if page:
        _write(page, audit, title=collection_name(pictures))
    if not quiet:
        for line in lines(audit):
            echo(line)
        if page:
            echo(f"Sheet: {page}")


def lines(audit: "SquaresAudit") -> list[str]:
    """What the command prints.

    Args:
        audit: What was found.

    Returns:
        Lines.
    """
    size_px = audit.data.transform.size_px
    heading = (
        f"{len(audit.data.table.rows):,} pictures in squares of {size_px} pixels, as validation and prediction see"
    )
    return [f"{heading} them:", "", *_share_lines(audit), "", *_trial_lines(audit.trial), audit.advice.text]


def _share_lines(audit: "SquaresAudit") -> list[str]:
    found = [f"  {'':<8}{'area seen':>11}{'least':>9}{'lose >10 %':>12}{'>25 %':>9}{'>50 %':>9}   shapes and sizes"]
    for square, figures in audit.figures.items():
        shares = (float(figures.seen.mean()), float(figures.seen.min()), *map(figures.losing, (0.1, 0.25, 0.5)))
        columns = "".join(_percent(share, width) for share, width in zip(shares, (11, 9, 12, 9, 9), strict=True))
        remarks = []
        if (most := float(figures.stretch.max())) > 1:
            remarks.append(f"stretched {figures.stretch.mean():.2f} times, at most {most:.2f}")
        if (fill := float(figures.fill.mean())) > 0:
            remarks.append(f"{100 * fill:.0f} % fill")
        remarks.append(f"things {figures.scale.mean():.2f} as long" if square != "crop" else "things 1 long")
        found.append(f"  {square:<8}{columns}   {', '.join(remarks)}")
    return found


def _trial_lines(trial: "SquareTrial | None") -> list[str]:
    from unfreeze.audit.square_advice import in_words

    if not trial:
        return []
    found = [f"Accuracy on the same {len(trial.rows):,} pictures, by heads that did not see them (95 % interval):", ""]
    for square in trial.predicted:
        low, high = trial.interval(square)
        accuracy = f"{100 * trial.accuracy(square):.1f} %"
        found.append(f"  {square:<8}{accuracy:>9}   ({100 * low:.1f} to {100 * high:.1f} %)")
    return [*found, *(f"  {in_words(pair)}" for pair in trial.differences), ""]


def _percent(share: float, width: int) -> str:
    return f"{f'{100 * share:.1f} %':>{width}}"


def _new_page(out: Path, pictures: Path) -> Path:
    """Where the page will be written; checked before anything is computed."""
    from unfreeze.files import there_already
    from unfreeze.images.collection import reject_inside

    reject_inside(out, pictures)
    page = out / PAGE
    if page.exists() or page.is_symlink():
        raise there_already(page, flag="--out")
    return page


def _write(page: Path, audit: "SquaresAudit", *, title: str) -> None:
    from unfreeze.files import make_folder, write_new
    from unfreeze.report.squares import squares_page

    text = squares_page(audit, title=title)
    make_folder(page.parent)
    write_new(page, text.encode("utf-8", errors="backslashreplace"), flag="--out")
