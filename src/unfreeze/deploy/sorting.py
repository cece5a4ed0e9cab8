"""Sorts predicted pictures into a folder a class, by link or copy. No picture is changed, and no file replaced."""

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from unfreeze.errors import RunError
from unfreeze.files import make_folder

if TYPE_CHECKING:
    from unfreeze.deploy.predictor import Prediction, Predictor

REFUSED, UNREAD, UNLABELLED = "none of these", "not predicted", "no label"
"""Folders of pictures that are of no class, cannot be read, or have no label; a class of that name has its own."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


class By(StrEnum):
    """How a picture gets into its class's folder.

    Attributes:
        LINK: As a second name of the same file where the file system allows that, else as a symbolic link.
        COPY: As a copy, with its time of change.
    """

    LINK = "link"
    COPY = "copy"


class Sorter:
    """Puts pictures into the folders of what a model says of them.

    Args:
        folder: Where the folders of the classes go.
        predictor: What predicts.
        by: How a picture gets there.
        inputs: What was named to be predicted, none of which may hold the folder: the next call would find the
            pictures twice.

    Raises:
        RunError: If the folder lies within an input.
    """

    def __init__(self, folder: Path, predictor: "Predictor", *, by: By = By.LINK, inputs: Iterable[Path] = ()) -> None:
        for start in inputs:
            if start.is_dir() and folder.resolve().is_relative_to(start.resolve()):
                message = f"{folder}: lies within {start}, whose pictures are predicted; choose a folder outside"
                raise RunError(f"{message} for --sort-into", subject=folder)
        self._predictor, self._by = predictor, by
        names = folder_names([*predictor.classes, REFUSED, UNREAD, UNLABELLED])
        self._classes = {name: folder / own for name, own in zip(predictor.classes, names, strict=False)}
        self._refused, self._unread, self._unlabelled = (folder / name for name in names[-3:])

    def __call__(self, prediction: "Prediction") -> list[Path]:
        """Puts a picture where it belongs; one of several labels into each one's folder.

        Args:
            prediction: What the model says of a file.

        Returns:
            The new paths; empty where there is no such file, or one that can neither be predicted nor copied.

        Raises:
            RunError: If that cannot be done.
        """
        source = Path(prediction.path)
        if not source.is_file():
            return []
        folders = [make_folder(folder) for folder in self._folders(prediction)]
        try:
            return [self._put(source, folder) for folder in folders]
        except RunError:
            if prediction.error:  # the file cannot be read, which the user is told by that
                return []
            raise

    def _folders(self, prediction: "Prediction") -> list[Path]:
        if prediction.error:
            return [self._unread]
        if prediction.refused:
            return [self._refused]
        return [self._classes[name] for name in self._predictor.names(prediction)] or [self._unlabelled]

    def _put(self, source: Path, folder: Path) -> Path:
        """Gives the picture the first of its name's numbers that is free."""
        for number in count(1):
            target = folder / (source.name if number == 1 else f"{source.stem}-{number}{source.suffix}")
            try:
                _copy(source, target) if self._by is By.COPY else _link(source, target)
            except FileExistsError:
                continue
            except OSError as error:
                advice = "" if self._by is By.COPY else "; --by copy may do it"
                raise RunError(f"{target}: cannot be made ({error.strerror}){advice}", subject=target) from error
            return target
        raise AssertionError("there is always a next number")


def folder_names(names: Sequence[str]) -> list[str]:
    """Names that every file system takes for a folder, and that differ on all of them.

    Args:
        names: Any texts.

    Returns:
        As many names. What some system forbids is an underscore; one that is taken already, whatever the case of its
        letters, gets a number.

    >>> folder_names(["cat", "CAT", "red/blue", ".."])
    ['cat', 'CAT-2', 'red_blue', '_']
    """
    taken: set[str] = set()
    found = []
    for name in names:
        safe = _FORBIDDEN.sub("_", name).rstrip(". ") or "_"
        safe = f"_{safe}" if _DEVICES.fullmatch(safe) else safe
        numbered = (safe if number == 1 else f"{safe}-{number}" for number in count(1))
        own = next(each for each in numbered if each.casefold() not in taken)
        taken.add(own.casefold())
        found.append(own)
    return found


def _link(source: Path, target: Path) -> None:
    """A second name of the file itself, even where the source is a link to it; across file systems a symbolic link."""
    whole = source.resolve()
    try:
        os.link(whole, target)
    except FileExistsError:
        raise
    except OSError:  # another file system, or one without such links
        target.symlink_to(whole)


def _copy(source: Path, target: Path) -> None:
    with target.open("xb") as copy:
        try:
            with source.open("rb") as file:
                shutil.copyfileobj(file, copy)
        except OSError:
            target.unlink()
            raise
    with suppress(OSError):  # some file systems keep no times or rights
        shutil.copystat(source, target)
