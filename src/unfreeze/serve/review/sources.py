"""Where findings come from: what `unfreeze check` wrote, or what is cheap to find now."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unfreeze.activations.engines import Floats
from unfreeze.audit.copies import unit_names
from unfreeze.audit.findings import Finding
from unfreeze.audit.judged import label_suspects
from unfreeze.audit.quick import quick_findings, quick_pairs
from unfreeze.audit.stored_findings import read_findings
from unfreeze.errors import CollectionError
from unfreeze.serve.review.opened import OpenedRun

CHECKS = Path("checks")
FINDINGS_FILE = "findings.csv"


@dataclass(frozen=True, kw_only=True)
class Found:
    """Findings, and where they come from.

    Attributes:
        findings: The findings.
        source: Where they come from, in a sentence.
    """

    findings: tuple[Finding, ...]
    source: str


def find_findings(run: OpenedRun, folder: Path | None, *, features: Callable[[], Floats]) -> Found:
    """What is known of a run's pictures.

    Args:
        run: The run.
        folder: What `unfreeze check` wrote; `checks/NAME` unless said otherwise, where it lies there and is about
            these pictures.
        features: Gives pooled activations (N, D) of the pictures, where something has to be found now.

    Returns:
        Findings and their source.

    Raises:
        CollectionError: If a folder was named that holds no findings, or findings about other pictures.
    """
    if folder:
        return _stored(run, folder)
    usual = CHECKS / run.name
    note = ""
    if (usual / FINDINGS_FILE).is_file():
        try:
            return _stored(run, usual)
        except CollectionError as error:
            note = f" ({error})"
    findings = [*quick_findings(run.table, size_px=run.data.transform.size_px)]
    if not run.table.multilabel:
        units = unit_names(run.table, quick_pairs(run.table))
        findings += label_suspects(run.table, features(), units)
    source = "Labels were looked through just now, and copies as the scan saw them; unfreeze check finds more"
    return Found(findings=tuple(findings), source=f"{source}{note}: name its folder with --findings.")


def _stored(run: OpenedRun, folder: Path) -> Found:
    path = folder / FINDINGS_FILE
    findings = read_findings(path)
    known = {row.path for row in run.table.rows}
    about = [found.path for found in findings if found.path]
    there = sum(name in known for name in about)
    broken = {left.path for left in run.table.quarantined}
    if about and not there and not broken.intersection(about):
        message = f"{path}: names none of the run's pictures; name the findings of {run.pictures}"
        raise CollectionError(message, subject=path)
    return Found(findings=findings, source=f"Findings of unfreeze check in {folder}.")
