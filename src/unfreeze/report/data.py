"""The pictures that a model was made of: how many there are, and what was found amiss in them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unfreeze.audit.findings import MEANINGS, Finding, Kind, Meaning, by_kind
from unfreeze.audit.quick import quick_findings, worth_saying
from unfreeze.images.table import Quarantined
from unfreeze.report.content import ReportContent, once

QUARANTINED_SHOWN = 50
EXAMPLES = 5
SPLITS = ("train", "valid", "test")
SAID_ELSEWHERE = frozenset({Kind.BROKEN, Kind.ODD})
"""Files that were left out and notes stand on their own."""


@dataclass(frozen=True, kw_only=True)
class FoundKind:
    """All findings of a kind.

    Attributes:
        kind: The kind.
        meaning: What it means.
        count: How many there are.
        examples: A few of them.
    """

    kind: Kind
    meaning: Meaning
    count: int
    examples: Sequence[Finding]


@dataclass(frozen=True, kw_only=True)
class DataView:
    """What the page says of the data.

    Attributes:
        splits: The splits that have pictures.
        counts: Pictures of each class in each split, classes in order; a picture of several labels counts for each.
        totals: Pictures in each split.
        notes: What the scan said, without what the findings say again.
        findings: What the cheap part of `unfreeze check` found.
        quarantined: The first files that were left out.
        left_out: How many were.
    """

    splits: Sequence[str]
    counts: Sequence[Sequence[int]]
    totals: Sequence[int]
    notes: Sequence[str]
    findings: Sequence[FoundKind]
    quarantined: Sequence[Quarantined]
    left_out: int


def data_view(content: ReportContent) -> DataView:
    """Counts pictures and findings.

    Args:
        content: What the report shows.

    Returns:
        What there is to say.
    """
    table = content.table
    rows = {split: [row for row in table.rows if row.split == split] for split in SPLITS}
    splits = [split for split in SPLITS if rows[split]]
    counted = {split: Counter(label for row in rows[split] for label in row.labels) for split in splits}
    found = {kind: some for kind, some in findings_of(content).items() if kind not in SAID_ELSEWHERE}
    return DataView(
        splits=splits,
        counts=[[counted[split][label] for split in splits] for label in range(len(table.classes))],
        totals=[len(rows[split]) for split in splits],
        notes=[
            note
            for note in table.notes
            if note not in set(worth_saying([each for some in found.values() for each in some]))
        ],
        findings=[
            FoundKind(kind=kind, meaning=MEANINGS[kind], count=len(some), examples=some[:EXAMPLES])
            for kind, some in found.items()
        ],
        quarantined=table.quarantined[:QUARANTINED_SHOWN],
        left_out=len(table.quarantined),
    )


@once
def findings_of(content: ReportContent) -> Mapping[Kind, Sequence[Finding]]:
    """What the scan alone shows, by kind; a page of new pictures has nothing to compare them with."""
    if content.subject == "new" or not content.table.looks:
        return {}
    return by_kind(quick_findings(content.table, size_px=content.transform.size_px))
