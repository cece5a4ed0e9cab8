"""Reads the findings that `unfreeze check` wrote."""

from collections.abc import Mapping
from pathlib import Path

from unfreeze.audit.findings import COLUMNS, Finding, Kind
from unfreeze.errors import CollectionError
from unfreeze.images.csv_file import records


def read_findings(path: Path) -> tuple[Finding, ...]:
    """Reads `findings.csv`.

    Args:
        path: The file.

    Returns:
        Its findings, in its order.

    Raises:
        CollectionError: If there is no such file, or it is not as `unfreeze check` writes it.
    """
    found = records(path, any_bytes=True)
    _, header = next(found, (1, []))
    if tuple(header) != COLUMNS:
        raise _foreign(path, f"its columns are {', '.join(header) or 'none'}")
    findings = []
    for line, fields in found:
        try:
            findings.append(_finding(dict(zip(COLUMNS, fields, strict=True))))
        except ValueError as error:
            raise _foreign(path, f"line {line}: {error}") from error
    return tuple(findings)


def _finding(row: Mapping[str, str]) -> Finding:
    score = float(row["score"]) if row["score"] else None
    return Finding(Kind(row["kind"]), row["path"], row["split"], row["related"], score, row["detail"])


def _foreign(path: Path, found: str) -> CollectionError:
    message = f"{path}: not the findings of unfreeze check ({found}); name a folder that unfreeze check wrote"
    return CollectionError(message, subject=path)
