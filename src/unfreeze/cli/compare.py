"""`unfreeze compare`: two finished runs on the same pictures, and whether they can be told apart."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unfreeze.cli.predict import echo

if TYPE_CHECKING:
    from unfreeze.recipe.compare import ComparedRuns

WORSE = 3
"""The exit code of `--gate` where the second run is worse and chance can be ruled out."""


def compare_command(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or a table of predictions.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Another, which may be better or worse.")],
    out: Annotated[Path | None, typer.Option(help="Write a page of the pictures whose answer changed.")] = None,
    split: Annotated[
        str | None,
        typer.Option(help="Compare these pictures only: test, valid or all. [default: test where both have it]"),
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help=f"Exit with code {WORSE} where the second run is significantly worse.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Tell whether two runs differ on the same pictures by more than chance, and show which answers changed."""
    from unfreeze.recipe.compare import compare_runs

    runs = compare_runs(first, second, split=split)
    if out:
        runs.write_page(out)
    if not quiet:
        for line in in_words(runs):
            echo(line)
        if out:
            echo(f"Page: {out}")
    if gate and runs.comparison.second_is_worse:
        raise typer.Exit(WORSE)


def in_words(runs: "ComparedRuns") -> list[str]:
    """What is printed of a comparison.

    Args:
        runs: Two runs and what changed between them.

    Returns:
        Lines: each run's accuracy, what changed, the difference, the verdict, and what was left out.
    """
    from unfreeze.evaluation.comparison import points, verdict

    found = runs.comparison
    count, (low, high) = len(found.paths), found.interval
    right = (int(answers.sum()) for answers in (found.first_right, found.second_right))
    lines = [
        f"{name}: {k:,} of {count:,} right, {100 * k / count:.1f} %" for name, k in zip(runs.names, right, strict=True)
    ]
    lines += [
        f"Answers that changed: {len(found.gained):,} to right, {len(found.lost):,} to wrong, "
        f"{len(found.otherwise_wrong):,} from wrong to otherwise wrong",
        f"Difference {points(found.difference)} points (95 % interval {points(low)} to {points(high)}); "
        f"McNemar's exact test {found.chance:.3g}",
    ]
    text = verdict(found, runs.names)
    return [*lines, f"Verdict: {text}", *(f"note: {note}" for note in runs.notes)]
