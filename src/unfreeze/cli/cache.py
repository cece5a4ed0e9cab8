"""`unfreeze cache`: what lies in the cache, and removing it, without loading torch."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from unfreeze.cache import CACHE_VARIABLE, Part, cache_folder
from unfreeze.cli.predict import echo

if TYPE_CHECKING:
    from unfreeze.activations.inventory import Cleared, PartContent

THINGS: dict[str, str] = {Part.ACTIVATIONS: "array", Part.SCANS: "picture"}
"""What is counted in a part that is one file."""


def cache_command(
    parts: Annotated[
        list[Part] | None, typer.Argument(metavar="PART", help=f"Which: {', '.join(Part)}. [default: all]")
    ] = None,
    wanted: Annotated[bool, typer.Option("--clear", help="Remove them; they are computed again when needed.")] = False,
) -> None:
    """Show what lies in the cache, or remove it with --clear."""
    from unfreeze.activations.inventory import clear, content, inventory

    root = cache_folder()
    if wanted:
        for part in parts or Part:
            echo(_cleared(clear(root, part)))
        return
    found = [content(root, part) for part in parts] if parts else inventory(root)
    echo(f"Cache: {root}   (set {CACHE_VARIABLE} for another folder)\n")
    for line in _table(found):
        echo(line)
    echo(f"\n`unfreeze cache --clear` removes {_listed(list(Part))}; they are computed again when needed.")


def _table(found: list["PartContent"]) -> list[str]:
    from unfreeze.activations.plan import readable_bytes

    lines = []
    for part in found:
        size = readable_bytes(part.size_bytes)
        lines.append(f"  {part.name:<12}{_counted(part.name, part.entries):>18}{size:>10}{_times(part)}")
    total = readable_bytes(sum(part.size_bytes for part in found))
    return [*lines, f"  {'in all':<12}{'':>18}{total:>10}"]


def _cleared(outcome: "Cleared") -> str:
    from unfreeze.activations.plan import readable_bytes

    if outcome.entries or outcome.freed_bytes:
        counted = _counted(outcome.part, outcome.entries)
        text = f"{outcome.part}: {counted} removed, {readable_bytes(outcome.freed_bytes)} freed"
    else:
        text = f"{outcome.part}: nothing to remove"
    return f"{text}; not ours and left alone: {', '.join(outcome.left)}" if outcome.left else text


def _counted(part: str, entries: int) -> str:
    thing = THINGS.get(part, "file")
    return f"{entries:,} {thing}{'' if entries == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _times(part: "PartContent") -> str:
    if not part.usage or part.usage.oldest is None or part.usage.latest is None:
        return ""
    oldest, latest = (time.strftime("%Y-%m-%d", time.localtime(at)) for at in (part.usage.oldest, part.usage.latest))
    return f"   last used on {latest}" if oldest == latest else f"   last used from {oldest} to {latest}"
