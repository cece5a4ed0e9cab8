"""`unfreeze check`: what would flatter or break a model, found before training; nothing of the pictures is changed."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, cast

import typer

from unfreeze.cli.flags import NO_FLAGS, Flags, with_flags
from unfreeze.cli.table_flags import table_flags
from unfreeze.errors import RunError
from unfreeze.recipe.settings import TrainSettings

if TYPE_CHECKING:
    from unfreeze.audit.examine import Examination
    from unfreeze.audit.findings import Finding, Meaning
    from unfreeze.audit.squares import SquaresAudit
    from unfreeze.cli.console import RunConsole
    from unfreeze.learner.data import TableOptions

DEFAULTS = TrainSettings()
FOUND_SOMETHING = 3
"""What --strict returns where something must be mended: neither a mistake, 1, nor wrong usage, 2."""

DEFAULT_PARENT = Path("checks")
FINDINGS_FILE, CORRECTIONS_FILE, PAGE_FILE = "findings.csv", "corrections.csv", "check.html"
NAMED = 3


@with_flags(table_flags, into="table")
def check_command(
    pictures: Annotated[Path, typer.Argument(help="Pictures as for train: a folder, a CSV file or an archive.")],
    out: Annotated[Path | None, typer.Option(help="New folder for what is found. [default: checks/PICTURES]")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help=f"Exit with {FOUND_SOMETHING} if something must be mended.")
    ] = False,
    size: Annotated[int | None, typer.Option(help="Side of the squares in pixels. [default: the backbone's]")] = None,
    squares: Annotated[bool, typer.Option(help="Compare crop, squash and pad as well.")] = True,
    seed: Annotated[int, typer.Option(help="Decides the split, as for train.")] = DEFAULTS.seed,
    table: Flags = NO_FLAGS,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Look for broken files, copies, leaks, wrong labels, shortcuts and more; no picture is changed."""
    from unfreeze.audit.findings import must_be_mended
    from unfreeze.cli.console import RunConsole
    from unfreeze.files import free_folder
    from unfreeze.images.collection import check_named, collection_name

    check_named(pictures)
    folder = out or free_folder(DEFAULT_PARENT, collection_name(pictures))
    check_free(folder, pictures)
    options = cast("TableOptions", {**table_flags(**table), "size_px": size, "seed": seed})
    with RunConsole(quiet=quiet) as console:
        examination = _checked(pictures, folder, options, console, squares=squares)
    if strict and must_be_mended(examination.findings):
        raise typer.Exit(FOUND_SOMETHING)


def _checked(
    pictures: Path, folder: Path, options: "TableOptions", console: "RunConsole", *, squares: bool
) -> "Examination":
    """Examines, writes and prints."""
    from unfreeze.audit.examine import examine
    from unfreeze.audit.squares import audit_squares
    from unfreeze.images.collection import collection_name
    from unfreeze.learner.data import ImageData
    from unfreeze.learner.learner import Learner

    def progress(done: int, total: int) -> None:
        console.progress("reading pictures", done, total)

    # however many are broken, the others are examined
    options = {**options, "max_broken_share": 1.0, "progress": progress}
    data = ImageData.from_path(pictures, **options)
    for note in data.table.notes:
        console.note(note)
    with closing(Learner(data, observer=console, limit_bytes=DEFAULTS.cache_size)) as learner:
        examination = examine(learner, observer=console)
        audit = audit_squares(data, observer=console, learner=learner) if squares else None
    _write(folder, examination, audit, title=collection_name(pictures))
    for line in in_words(examination, folder / FINDINGS_FILE):
        console.line(line)
    if audit:
        console.line(f"Squares: {audit.advice.text}")
    console.line(f"\nPage: {folder / PAGE_FILE}   Table: {folder / FINDINGS_FILE}")
    return examination


def check_free(folder: Path, pictures: Path | None) -> None:
    """Makes sure, before anything is examined, that what is found can be written and replaces nothing.

    Args:
        folder: Where it is to go.
        pictures: What is examined; None where that is no collection.

    Raises:
        RunError: If the folder lies inside the pictures or holds something.
    """
    from unfreeze.images.collection import reject_inside

    if pictures is not None:
        reject_inside(folder, pictures)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder}: holds something already; choose another folder with --out", subject=folder)


def in_words(examination: "Examination", table: Path) -> Iterator[str]:
    """A summary of what was found, line by line, what must be mended first.

    Args:
        examination: What was found.
        table: Where the findings are written, for the advice.

    Yields:
        Lines.
    """
    from unfreeze.audit.findings import MEANINGS, Kind, by_kind

    yield examination.verdict()
    grade = None
    for kind, findings in by_kind(examination.findings).items():
        meaning = MEANINGS[kind]
        if meaning.grade != grade:
            grade = meaning.grade
            yield f"\n{grade.heading.capitalize()}:"
        yield f"  {len(findings)} {kind.value}: {meaning.title}. {_advice(meaning, table)}"
        yield from _named(findings)
    yield ""
    if examination.leak:
        yield f"The leak: {examination.leak.in_words()}."
    yield from (f"Shortcut probe: {probe.in_words()}." for probe in examination.probes)
    if examination.doubted and not any(found.kind is Kind.LABEL for found in examination.findings):
        yield f"No label is suspected. A single wrong one among {examination.judged:,} may be missed; the least likely:"
        yield from _named(examination.doubted)
    if examination.judged:
        yield f"For comparison: {examination.accuracy_in_words()}."


def _advice(meaning: "Meaning", table: Path) -> str:
    """What to do, with the files where they lie, so that it can be copied."""
    advice = meaning.advice.replace(FINDINGS_FILE, quote(str(table)))
    return advice.replace(f"--exclude {CORRECTIONS_FILE}", f"--exclude {quote(str(table.with_name(CORRECTIONS_FILE)))}")


def _named(findings: Sequence["Finding"]) -> Iterator[str]:
    for found in findings[:NAMED]:
        yield "    " + ": ".join(filter(None, (" = ".join(filter(None, (found.path, _picture(found)))), found.detail)))
    if len(findings) > NAMED:
        yield f"    and {len(findings) - NAMED} more"


def _picture(found: "Finding") -> str:
    """The related picture; a related class stands in the detail already."""
    from unfreeze.audit.findings import PAIRED

    return found.related if found.kind in PAIRED else ""


def _write(folder: Path, examination: "Examination", squares: "SquaresAudit | None", *, title: str) -> None:
    from unfreeze.audit.findings import corrections_csv, findings_csv
    from unfreeze.files import make_folder, write_new
    from unfreeze.report.check import check_page
    from unfreeze.report.squares import squares_section

    make_folder(folder)
    write_new(folder / FINDINGS_FILE, findings_csv(examination.findings), flag="--out")
    write_new(folder / CORRECTIONS_FILE, corrections_csv(examination.findings), flag="--out")
    page = check_page(examination, title=title, squares=squares_section(squares) if squares else "")
    write_new(folder / PAGE_FILE, page.encode("utf-8", errors="backslashreplace"), flag="--out")
