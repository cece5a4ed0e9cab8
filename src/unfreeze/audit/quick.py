"""The cheap part of the doctor's work, which every run begins with: what the scan alone shows."""

from collections.abc import Sequence

from unfreeze.audit.copies import copy_findings
from unfreeze.audit.duplicates import DuplicatePair
from unfreeze.audit.findings import MEANINGS, PAIRED, Finding, Grade, Kind, by_kind
from unfreeze.audit.pictures import picture_findings
from unfreeze.images.table import ImageTable

SAID_BY_THE_SCAN = frozenset({Kind.BROKEN, Kind.ODD, Kind.LEAK})
WORTH_A_LINE = frozenset({Kind.IMBALANCE, Kind.TINY, Kind.SHAPE})
"""Notes that change what a user would do before training; the others wait for `unfreeze check`."""


def quick_findings(table: ImageTable, *, size_px: int) -> list[Finding]:
    """What the scan of a collection shows, near-duplicates by their thumbnails included.

    Args:
        table: The pictures, with what the scan saw of each.
        size_px: Side of the squares that a network will see, in pixels.

    Returns:
        Findings, in no order that matters.
    """
    return [*picture_findings(table, size_px=size_px), *copy_findings(table, quick_pairs(table))]


def quick_pairs(table: ImageTable) -> list[DuplicatePair]:
    """Pictures that the scan found alike, each with the first of its kind."""
    first: dict[str, str] = {}
    return [
        DuplicatePair(first[name], path, "alike", 1.0)
        for path, name in table.copies.items()
        if first.setdefault(name, path) != path
    ]


def worth_saying(findings: Sequence[Finding]) -> list[str]:
    """What a user should know before training, a sentence a kind.

    Args:
        findings: As `quick_findings` gives them.

    Returns:
        Sentences; empty where there is nothing to say that the scan did not say.
    """
    said = []
    for kind, found in by_kind(findings).items():
        graver = MEANINGS[kind].grade is not Grade.NOTE or kind in WORTH_A_LINE
        if graver and kind not in SAID_BY_THE_SCAN:
            said.append(f"{MEANINGS[kind].title}: {len(found)}, such as {_named(found[0])}. {MEANINGS[kind].advice}")
    return [*said, "unfreeze check writes them all to its findings.csv, and looks for more"] if said else []


def _named(found: Finding) -> str:
    paths = [found.path, found.related] if found.kind in PAIRED else [found.path]
    return ": ".join(filter(None, (" and ".join(filter(None, paths)), found.detail)))
