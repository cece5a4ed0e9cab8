"""A folder for what goes with a learner, removed even where the program was killed."""

import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

from unfreeze.files import write_whole

PREFIX = "unfreeze-"
NOTE_FILE = "scratch.txt"


def scratch_folder(owner: object, noted_in: Path | None) -> tuple[Path, Callable[[], object]]:
    """Makes a temporary folder that is removed with its owner.

    Args:
        owner: The folder goes when this does.
        noted_in: A folder in which the temporary one's path is written down, so that the next owner can remove what a
            killed one left; None writes nothing.

    Returns:
        The temporary folder, and a function that removes it at once.

    Raises:
        RunError: If the path cannot be written down.
    """
    note = noted_in / NOTE_FILE if noted_in else None
    if note:
        _remove_left(note)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    if note:
        write_whole(note, str(folder).encode())
    return folder, weakref.finalize(owner, _remove, folder, note)


def _remove(folder: Path, note: Path | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if note:
        note.unlink(missing_ok=True)


def _remove_left(note: Path) -> None:
    """Removes the folder that a killed learner left; nothing that was not made here."""
    if not note.exists():
        return
    left = Path(note.read_text(encoding="utf-8"))
    if left.name.startswith(PREFIX) and left.parent == Path(tempfile.gettempdir()) and not left.is_symlink():
        shutil.rmtree(left, ignore_errors=True)
