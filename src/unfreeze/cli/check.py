"""`unfreeze check`: what would flatter or break a model, found before training; nothing of the pictures is changed."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unfreeze.errors import RunError

if TYPE_CHECKING:
    from unfreeze.audit.examine import Examination
    from unfreeze.audit.findings import Finding, Kind
    from unfreeze.learner.observer import Observer

FOUND_SOMETHING = 3
"""What --strict returns where something must be mended: neither a mistake, 1, nor wrong usage, 2."""

DEFAULT_PARENT = Path("checks")
FINDINGS_FILE, PAGE_FILE = "findings.csv", "check.html"
NAMED = 3


def check_command(
    pictures: Annotated[Path, typer.Argument(help="Pictures as for train: a folder, a CSV file or an archive.")],
    out: Annotated[Path | None, typer.Option(help="New folder for what is found. [default: checks/PICTURES]")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help=f"Exit with {FOUND_SOMETHING} if something must be mended.")
    ] = False,
    size: Annotated[int | None, typer.Option(help="Side of the squares in pixels. [default: the backbone's]")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Look for broken files, copies, leaks, wrong labels, shortcuts and more; no picture is changed."""
    from unfreeze.audit.findings import must_be_mended
    from unfreeze.cli.console import RunConsole
    from unfreeze.files import free_folder

    folder = out or free_folder(DEFAULT_PARENT, pictures.stem)
    check_free(folder, pictures)
    with RunConsole(quiet=quiet) as console:
        examination = _examined(pictures, size, console)
        _write(folder, examination, title=pictures.stem)
        for line in in_words(examination):
            console.line(line)
        console.line(f"\nPage: {folder / PAGE_FILE}   Table: {folder / FINDINGS_FILE}")
    if strict and must_be_mended(examination.findings):
        raise typer.Exit(FOUND_SOMETHING)


def check_free(folder: Path, pictures: Path) -> None:
    """Makes sure, before anything is examined, that what is found can be written and replaces nothing.

    Args:
        folder: Where it is to go.
        pictures: What is examined.

    Raises:
        RunError: If the folder lies inside the pictures or holds something.
    """
    if folder.resolve().is_relative_to(pictures.resolve()):
        message = f"{folder}: lies inside the pictures, where nothing is ever written; name another folder with --out"
        raise RunError(message, subject=folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder}: holds something already; choose another folder with --out", subject=folder)


def in_words(examination: "Examination") -> Iterator[str]:
    """A summary of what was found, line by line, what must be mended first.

    Args:
        examination: What was found.

    Yields:
        Lines.
    """
    from unfreeze.audit.findings import MEANINGS
    from unfreeze.report.check import GRADES, verdict

    by_kind: dict[Kind, list[Finding]] = {}
    for found in examination.findings:
        by_kind.setdefault(found.kind, []).append(found)
    yield verdict(examination)
    grade = None
    for kind, findings in by_kind.items():
        meaning = MEANINGS[kind]
        if meaning.grade != grade:
            grade = meaning.grade
            yield f"\n{GRADES[grade].capitalize()}:"
        yield f"  {len(findings)} {kind.value}: {meaning.title}. {meaning.advice}"
        yield from _named(findings)
    yield ""
    if examination.leak:
        yield f"The leak: {examination.leak.in_words()}."
    yield from (f"Shortcut probe: {probe.in_words()}." for probe in examination.probes)
    if examination.right is not None:
        yield f"For comparison: {examination.accuracy_in_words()}."


def _named(findings: Sequence["Finding"]) -> Iterator[str]:
    for found in findings[:NAMED]:
        yield "    " + ": ".join(filter(None, (" = ".join(filter(None, (found.path, _picture(found)))), found.detail)))
    if len(findings) > NAMED:
        yield f"    and {len(findings) - NAMED} more"


def _picture(found: "Finding") -> str:
    """The related picture; a related class stands in the detail already."""
    from unfreeze.audit.findings import PAIRED

    return found.related if found.kind in PAIRED else ""


def _examined(pictures: Path, size: int | None, observer: "Observer") -> "Examination":
    from unfreeze.audit.examine import examine
    from unfreeze.images.scan import scan_folder
    from unfreeze.learner.data import ImageData
    from unfreeze.network.backbones import DEFAULT_BACKBONE, preprocessing
    from unfreeze.transforms.transform import Transform

    threads = os.cpu_count() or 1
    table = scan_folder(
        pictures,
        max_broken_share=1.0,
        threads=threads,
        progress=lambda done, total: observer.progress("reading pictures", done, total),
    )
    expected = preprocessing(DEFAULT_BACKBONE)
    transform = Transform(size_px=size or expected.size_px, crop_share=expected.crop_share)
    return examine(ImageData(table=table, transform=transform, threads=threads), observer=observer)


def _write(folder: Path, examination: "Examination", *, title: str) -> None:
    from unfreeze.audit.findings import findings_csv
    from unfreeze.files import make_folder, write_new
    from unfreeze.report.check import check_page

    make_folder(folder)
    write_new(folder / FINDINGS_FILE, findings_csv(examination.findings), flag="--out")
    page = check_page(examination, title=title)
    write_new(folder / PAGE_FILE, page.encode("utf-8", errors="backslashreplace"), flag="--out")
