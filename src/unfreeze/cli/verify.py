"""`unfreeze verify`: does a model say here what it said where it was made?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unfreeze.deploy.probes import Probed

DIFFERS = 3


def verify_command(
    model: Annotated[Path, typer.Argument(help="A run folder, its model folder, or an .unfreeze file.")],
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Run a model's own probe pictures, and compare what it says of them with what it said where it was made.

    Exit code 0: no probability and no distance differs by more than 0.0001. Exit code 3: one does.
    """
    from unfreeze.cli.predict import echo
    from unfreeze.deploy.probes import TOLERANCE, verify_bundle

    found = verify_bundle(model)
    differ = [probed for probed in found if not probed.agrees]
    if not quiet:
        for line in probe_lines(found):
            echo(line)
    most = max(probed.difference for probed in found)
    said = (
        f"{len(found) - len(differ)} of {len(found)} probes agree within {TOLERANCE:g}; largest difference {most:.1e}"
    )
    if differ:
        echo(f"error: {model}: {said}", err=True)
        raise typer.Exit(DIFFERS)
    if not quiet:
        echo(said)


def probe_lines(found: "Sequence[Probed]") -> list[str]:
    """A table of what the probes came to.

    Args:
        found: The probes.

    Returns:
        Its lines, a heading first.
    """
    wide = max(len("expected"), *(len(probed.expected) for probed in found))
    lines = [f"{'probe':<13}  {'expected':<{wide}}  {'here':<{wide}}  difference  of distance"]
    for probed in found:
        far = "-" if probed.distance_difference is None else f"{probed.distance_difference:.1e}"
        mark = "" if probed.agrees else "  DIFFERS"
        names = f"{probed.expected:<{wide}}  {probed.found:<{wide}}"
        lines.append(f"{probed.file:<13}  {names}  {probed.difference:<10.1e}  {far}{mark}")
    return lines
