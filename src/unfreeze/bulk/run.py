"""A bulk run from what was asked to what was counted; stopped anywhere, the same call goes on with it."""

import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from unfreeze.bulk.answers import Counts, counted, done_numbers
from unfreeze.bulk.places import absolute, place
from unfreeze.bulk.plan import PART_SIZE, Asked, Ticket, check_plan, known_plan, tickets, write_plan
from unfreeze.bulk.sources import parts_of
from unfreeze.bulk.work import Done
from unfreeze.deploy.bundle import read_bundle, settings_bytes
from unfreeze.errors import RunError
from unfreeze.images.collection import reject_inside

MOST_FAILURES = 10
"""Parts that may fail before the run stops: whatever keeps so many from being done will keep the others too."""

SUMMARY_FILE = "summary.json"

Results = Generator[Done, None, None]
Engine = Callable[[Iterable[Ticket]], Results]
"""Does parts, in any order; each answer comes as soon as it is there. Closed, it leaves nothing running."""

Progress = Callable[[int, int, Counts], None]


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """What a bulk run predicts, with what, and where to.

    Attributes:
        bundle: A run folder, a bundle's folder, or an `.unfreeze` file.
        sources: Folders, pictures, tar archives and patterns, here or at URLs; paths are made absolute.
        out: The folder of the answers, here or at a URL, likewise.
        tta_views: Augmented views to average with the plain one.
        part_size: Files of a part that is no archive.
    """

    bundle: Path
    sources: Sequence[str]
    out: str
    tta_views: int = 0
    part_size: int = PART_SIZE

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", tuple(map(absolute, self.sources)))
        object.__setattr__(self, "out", absolute(self.out))


def predict_bulk(bulk: Bulk, engine: Engine, *, progress: Progress | None = None) -> Counts:
    """Predicts everything that was not predicted before, and counts all of it.

    Args:
        bulk: What is asked.
        engine: What does the parts.
        progress: Called with the number of parts that are done, that of all parts, and what this call has counted.

    Returns:
        Pictures, rows and bad files of the whole run, as its files say.

    Raises:
        CollectionError: If sources cannot be listed.
        RunError: If the folder holds other work, or parts could not be done; the message says why.
    """
    out = place(bulk.out)
    if out.is_local:
        for source in bulk.sources:
            reject_inside(Path(bulk.out), Path(source))
    asked = Asked(
        model=hashlib.sha256(settings_bytes(read_bundle(bulk.bundle))).hexdigest(),
        sources=tuple(bulk.sources),
        tta_views=bulk.tta_views,
        part_size=bulk.part_size,
    )
    if not known_plan(out, asked):
        write_plan(out, asked, parts_of(bulk.sources, part_size=bulk.part_size))
    check_plan(out)
    parts = sum(1 for _ in tickets(out))
    missing = set(range(parts)) - done_numbers(out)
    if missing:
        todo = (ticket for ticket in tickets(out) if ticket.number in missing)
        with closing(engine(todo)) as results:
            _work(results, parts, parts - len(missing), progress)
        check_plan(out)
    total = sum(counted(out, range(parts)), start=Counts())
    (out / SUMMARY_FILE).write(json.dumps({"parts": parts, **asdict(total)}, indent=2).encode() + b"\n")
    return total


def _work(results: Results, parts: int, before: int, progress: Progress | None) -> None:
    """Takes what comes of the parts; raises RunError where some could not be done."""
    failed: list[Done] = []
    counts, done = Counts(), before
    for result in results:
        if result.error:
            failed.append(result)
            if len(failed) == MOST_FAILURES:
                break
            continue
        counts, done = counts + result.counts, done + 1
        if progress:
            progress(done, parts, counts)
    if done < parts:
        why = f": {failed[0].error}" if failed else ""
        message = f"{parts - done} of {parts} parts are not done{why}; the same command goes on with them"
        raise RunError(message, subject="--out")
