"""The folder of a run's review: what was decided, kept whole from one start of the server to the next."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from unfreeze.errors import RunError
from unfreeze.files import make_folder, write_together, write_whole
from unfreeze.serve.problems import Problem
from unfreeze.serve.review.corrections import Told, corrections_file
from unfreeze.serve.review.decisions import Event

FOLDER = "review"
DECISIONS_FILE, CORRECTIONS_FILE, LOCK_FILE = "decisions.json", "corrections.csv", "lock"
FORMAT = 1


class ReviewFolder:
    """Where decisions are kept, which this process alone writes to: see `open_review_folder`.

    `decisions.json` holds every event; `corrections.csv` is made of it, for `unfreeze train` to read.

    Args:
        path: The folder.
        told: What the run's own manifests said of pictures.
    """

    def __init__(self, path: Path, told: Mapping[str, Told]) -> None:
        self.path = path
        self._told = told
        self._written: bytes | None = None

    @property
    def corrections(self) -> Path:
        """The file for --relabel and --exclude."""
        return self.path / CORRECTIONS_FILE

    def read(self) -> list[Event]:
        """Reads what was decided; `corrections.csv` is what that makes of it afterwards.

        Returns:
            All events so far.

        Raises:
            RunError: If what is there is damaged, or `corrections.csv` was changed by someone else.
        """
        events = self._events()
        wanted, found = corrections_file(events, self._told), self._corrections()
        # A server that is killed may have written down the last event and not yet the file.
        if found not in (None, wanted, corrections_file(events[:-1], self._told)):
            advice = f"move it away together with {DECISIONS_FILE} to begin a new review, or put it back as it was"
            message = f"{self.corrections}: was changed by something else than the review page; {advice}"
            raise RunError(message, subject=self.corrections)
        if events and found != wanted:
            write_whole(self.corrections, wanted)
        self._written = wanted
        return events

    def write(self, events: Sequence[Event]) -> None:
        """Writes all events, and what they make of `corrections.csv`: both files or none.

        Args:
            events: All events.

        Raises:
            Problem: If someone else changed `corrections.csv` since it was written here.
            RunError: If they cannot be written.
        """
        if self._corrections() not in (None, self._written):
            advice = "put it back as it was, or stop the server and move it away"
            message = f"{self.corrections}: was changed by something else than the review page; {advice}"
            raise Problem(409, "changed-elsewhere", message)
        plain = {"format": FORMAT, "events": [event.to_dict() for event in events]}
        wanted = corrections_file(events, self._told)
        write_together({self.path / DECISIONS_FILE: (json.dumps(plain) + "\n").encode(), self.corrections: wanted})
        self._written = wanted

    def _events(self) -> list[Event]:
        path = self.path / DECISIONS_FILE
        try:
            plain = json.loads(path.read_bytes())
            if plain["format"] != FORMAT:
                raise ValueError(f"it has format {plain['format']}, and this version reads {FORMAT}")
            return [Event.from_dict(event) for event in plain["events"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RunError) as error:
            message = f"{path}: cannot be read ({error}); move the folder away to begin a new review"
            raise RunError(message, subject=path) from error

    def _corrections(self) -> bytes | None:
        try:
            return self.corrections.read_bytes()
        except FileNotFoundError:
            return None


@contextmanager
def open_review_folder(run: Path, told: Mapping[str, Told]) -> Iterator[ReviewFolder]:
    """The folder of a run's review; no other process can open it meanwhile.

    Args:
        run: The run's folder.
        told: What the run's own manifests said of pictures.

    Yields:
        The folder, which is made if it is not there.

    Raises:
        RunError: If it cannot be made, or another process has it open.
    """
    path = make_folder(run / FOLDER)
    try:
        with FileLock(path / LOCK_FILE, timeout=0):
            yield ReviewFolder(path, told)
    except Timeout:
        message = f"{path}: another server has this review open; use its page, or stop it first"
        raise RunError(message, subject=path) from None
