"""What can go wrong through no fault of ours.

    UnfreezeError            everything a user can mend; carries `subject`, the thing that it concerns
    ├── SettingsError        a setting or flag has a value that cannot be used      (subject: its name)
    ├── CollectionError      a folder or list of pictures cannot be used            (subject: its path)
    ├── PictureError         one file is not a picture that can be decoded          (subject: its path)
    ├── BackboneError        a backbone or its weights cannot be had                (subject: its name or file)
    ├── TrainingError        training cannot go on                                  (subject: what stopped it)
    │   └── LostProcessError another process that trained along has ended
    ├── RunError             a run folder cannot be written or read                 (subject: its path)
    └── BundleError          a saved model is missing, damaged or foreign           (subject: its path)

A mistake of our own is an `assert`, never one of these.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TypeVar


class UnfreezeError(Exception):
    """Root of all errors that a user can mend.

    Args:
        message: What was wrong, what was found and what to do, in one line.
        subject: The path, parameter or class that the error concerns.
    """

    def __init__(self, message: str, *, subject: str | Path) -> None:
        super().__init__(message)
        self.subject = str(subject)


class SettingsError(UnfreezeError):
    """A setting or flag has a value that cannot be used."""


class CollectionError(UnfreezeError):
    """A folder or list of pictures cannot be used as a collection."""


class PictureError(UnfreezeError):
    """A file is not a picture that can be decoded."""


class BackboneError(UnfreezeError):
    """A backbone, or weights for it, cannot be had."""


class TrainingError(UnfreezeError):
    """Training cannot go on."""


class LostProcessError(TrainingError):
    """Another process that trained along has ended, so that none can go on."""


class RunError(UnfreezeError):
    """A run folder cannot be written or read."""


class BundleError(UnfreezeError):
    """A saved model is missing, damaged or foreign."""


Choice = TypeVar("Choice", bound=StrEnum)


def choice(kind: type[Choice], value: str, *, setting: str) -> Choice:
    """The member of an enumeration that a user wrote.

    Args:
        kind: The enumeration.
        value: What the user wrote.
        setting: Name of the setting, for the error.

    Returns:
        The member.

    Raises:
        SettingsError: If there is no such member; the message names them all.
    """
    try:
        return kind(value)
    except ValueError:
        message = f"{setting} is {value!r}; it must be one of {', '.join(kind)}{nearest(value, kind)}"
        raise SettingsError(message, subject=setting) from None


def nearest(name: str, known: Iterable[str], *, count: int = 3) -> str:
    """The end of an error message that names what the user may have meant.

    Args:
        name: What the user wrote.
        known: The names there are.
        count: How many of them to offer at most.

    Returns:
        A clause to append to a message; empty where no known name is near.

    >>> nearest("resnet5O", ["resnet50", "vgg16"])
    '; did you mean resnet50?'
    >>> nearest("zebra", ["resnet50", "vgg16"])
    ''
    """
    matches = get_close_matches(name, list(dict.fromkeys(known)), n=count, cutoff=0.6)
    return f"; did you mean {', '.join(matches)}?" if matches else ""
