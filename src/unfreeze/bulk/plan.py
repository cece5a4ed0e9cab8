"""What a bulk run has to do: numbered parts, written down once, so that who goes on later means the same pictures."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from unfreeze.bulk.places import Place
from unfreeze.errors import RunError

FORMAT = 1
PART_SIZE = 4096
"""Files of a part, unless said otherwise."""

ASKED_FILE, PLAN_FILE = "bulk.json", "plan.jsonl"


@dataclass(frozen=True, slots=True)
class Part:
    """Pictures whose answers lie in one file.

    Attributes:
        number: Its place in the plan.
        archive: The tar archive that holds its pictures; empty where they are files.
        files: Their names.
    """

    number: int
    archive: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where in the plan a part is written down: whoever does the part reads it there.

    Attributes:
        number: The part's.
        start: First byte of its line.
        end: The first byte behind it.
    """

    number: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What decides the answers and their division into parts.

    Attributes:
        model: Hash of all that the bundle says of itself.
        sources: What the user named.
        tta_views: Augmented views beside the plain one.
        part_size: Pictures of a part that is no archive.
    """

    model: str
    sources: tuple[str, ...]
    tta_views: int
    part_size: int


def write_plan(out: Place, asked: Asked, parts: Iterator[Part]) -> int:
    """Writes the parts down, and then what was asked, which completes the plan.

    Args:
        out: The run's folder.
        asked: What decides the answers.
        parts: All parts, in order.

    Returns:
        Their number.

    Raises:
        RunError: If that cannot be written.
    """
    count = 0
    with TemporaryDirectory(prefix="unfreeze-") as folder:
        work = Path(folder) / PLAN_FILE
        with work.open("wb") as file:
            for part in parts:
                said = {"archive": part.archive} if part.archive else {"files": part.files}
                file.write(json.dumps(said).encode() + b"\n")
                count += 1
        if known_plan(out, asked):  # another call has listed the same meanwhile, and may be at work
            return count
        (out / PLAN_FILE).take(work)
        with work.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    said = {"format": FORMAT, **asdict(asked), "parts": count, "plan": digest}
    (out / ASKED_FILE).write(json.dumps(said, indent=2).encode() + b"\n")
    return count


def known_plan(out: Place, asked: Asked) -> bool:
    """Whether a folder holds the plan of the same work, to be gone on with.

    Args:
        out: The run's folder.
        asked: What is asked now.

    Returns:
        True where it does; False where the folder is empty or not there.

    Raises:
        RunError: If the folder holds other work, or something else.
    """
    names = {name for name in out.names_in() if not name.startswith(".")}
    if ASKED_FILE not in names:
        if names - {PLAN_FILE}:
            message = f"{out.name}: holds other files ({min(names)}); choose a new folder for --out"
            raise RunError(message, subject=out.name)
        return False
    try:
        found = json.loads((out / ASKED_FILE).read())
        other = [name for name, value in json.loads(json.dumps(asdict(asked))).items() if found[name] != value]
    except (ValueError, KeyError, TypeError) as error:
        message = f"{out.name}: {ASKED_FILE} is damaged; choose a new folder for --out"
        raise RunError(message, subject=out.name) from error
    if other:
        words = {"model": "another model", "sources": "other pictures", "tta_views": "another --tta"}
        what = " and ".join(words.get(name, f"another --{name.replace('_', '-')}") for name in other)
        message = f"{out.name}: holds the answers of {what}; choose a new folder for --out, or ask as before"
        raise RunError(message, subject=out.name)
    return True


def check_plan(out: Place) -> None:
    """Makes sure that the plan is the one that was completed: two first calls at once may both have written one.

    Args:
        out: The run's folder.

    Raises:
        RunError: If it is not.
    """
    said = json.loads((out / ASKED_FILE).read()).get("plan")
    with (out / PLAN_FILE).open() as file:
        found = hashlib.sha256()
        while data := file.read(2**20):
            found.update(data)
    if said != found.hexdigest():
        message = f"{out.name}: {PLAN_FILE} is not the plan of {ASKED_FILE}; another call wrote one at the same time"
        raise RunError(f"{message}; remove the folder, or choose a new one for --out", subject=out.name)


def tickets(out: Place) -> Iterator[Ticket]:
    """The parts of a run's plan, in order, without what they hold."""
    start = 0
    with (out / PLAN_FILE).open() as file:
        for number, line in enumerate(file):
            yield Ticket(number, start, start + len(line))
            start += len(line)


def read_part(out: Place, ticket: Ticket) -> Part:
    """The part of a ticket.

    Args:
        out: The run's folder.
        ticket: Where its line is.

    Returns:
        The part.
    """
    found = json.loads((out / PLAN_FILE).read(ticket.start, ticket.end))
    return Part(ticket.number, archive=found.get("archive", ""), files=tuple(found.get("files", ())))
