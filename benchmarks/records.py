"""What was measured, as plain records, and the arithmetic on them."""

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Record:
    """One process that was run once.

    Attributes:
        run: Which of the runs of `runs.py`.
        round: In which round, counted from 0.
        seconds: The whole process.
        peak_mib: The most memory that it held.
        accuracy: On the validation pictures, where it trained.
        valid_loss: On the same pictures.
        phases: Seconds by phase, as the program itself says.
        more: What else it says.
        error: Why there is nothing, where it failed.
    """

    run: str
    round: int
    seconds: float
    peak_mib: float
    accuracy: float | None = None
    valid_loss: float | None = None
    phases: dict[str, float] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Some numbers: their median, least and most, and how many they were."""

    median: float
    least: float
    most: float
    count: int


SAME = ("pictures", "processor", "cores", "commit", "memory_counts")
"""What sessions must have in common to stand on one page."""

Measure = Callable[[Record], float | None]


def whole(record: Record) -> float | None:
    """Seconds of the whole process."""
    return record.seconds


def spread(values: Iterable[float | None]) -> Spread | None:
    """Median, least and most; None of no values.

    >>> spread([3.0, 1.0, None, 8.0])
    Spread(median=3.0, least=1.0, most=8.0, count=3)
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Spread(median=statistics.median(known), least=min(known), most=max(known), count=len(known))


def of_run(records: Sequence[Record], run: str) -> list[Record]:
    """The records of one run that did not fail."""
    return [record for record in records if record.run == run and not record.error]


def ratio(
    records: Sequence[Record], above: str, below: str, measure: Measure = whole, other: Measure | None = None
) -> Spread | None:
    """How many times a measure of one run is that of another, round by round.

    Args:
        records: Of all runs.
        above: The run whose measure is divided.
        below: The run that it is divided by; only rounds that both have count.
        measure: What is taken of `above`.
        other: What is taken of `below`; the same unless said otherwise.

    Returns:
        Median, least and most of the ratios; None where a run is missing.
    """
    tops = {record.round: measure(record) for record in of_run(records, above)}
    bottoms = {record.round: (other or measure)(record) for record in of_run(records, below)}
    pairs = [(tops[number], bottoms[number]) for number in tops if number in bottoms]
    return spread(top / bottom for top, bottom in pairs if top is not None and bottom)


def write_records(path: Path, about: dict[str, Any], records: Sequence[Record]) -> None:
    """Writes raw rounds as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"about": about, "records": [asdict(record) for record in records]}, indent=1))


def read_records(paths: Sequence[Path]) -> tuple[dict[str, Any], list[Record]]:
    """Reads raw rounds of one or several sessions; what was said about the last one is returned.

    A later session's records of a run replace an earlier one's of the same run.
    Sessions that differ in what `SAME` names are refused.
    """
    about: dict[str, Any] = {}
    records: list[Record] = []
    for path in paths:
        found = json.loads(path.read_text())
        differing = [name for name in SAME if about and about.get(name) != found["about"].get(name)]
        if differing:
            raise SystemExit(
                f"{path}: {', '.join(differing)} differ from the sessions before; no figures can be joined"
            )
        about = found["about"]
        fresh = [Record(**record) for record in found["records"]]
        again = {record.run for record in fresh}
        records = [record for record in records if record.run not in again] + fresh
    return about, records
