"""The files of an archive by their names. Names are only names: nothing is ever written where one points to."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from unfreeze.images.tree import NameTree

Member = TypeVar("Member")

LONGEST_NAME = 4096
"""No system opens a longer path; archives that are made to do harm have some."""


class Members(Generic[Member]):
    """What an archive holds, as its index is read.

    Attributes:
        files: What is known of each file, by its path with forward slashes.
    """

    def __init__(self) -> None:
        self.files: dict[str, Member] = {}
        self._folders: list[str] = []
        self._special: list[str] = []
        self._repeated = self._too_long = 0

    def add(self, name: str, member: Member | None) -> None:
        """Adds a member; one that is added under the same name again takes the place of the first.

        Args:
            name: Its name as the archive has it.
            member: What is to be known of it; None for what is no file: a link that leads nowhere, a device.
        """
        path = clean_name(name)
        if len(path) > LONGEST_NAME:
            self._too_long += 1
        elif member is None:
            self._special.append(path)
        elif path:
            self._repeated += path in self.files
            self.files[path] = member

    def add_folder(self, name: str) -> None:
        """Adds a folder, which may be empty."""
        if 0 < len(path := clean_name(name)) <= LONGEST_NAME:
            self._folders.append(path)

    def tree(self) -> NameTree:
        """The names as folders and files."""
        return NameTree(self.files, folders=self._folders, special=self._special)

    def notes(self) -> Iterator[str]:
        """A sentence for each oddity of the index."""
        if self._repeated:
            yield f"{self._repeated} names are in the archive more than once: the last file of a name counts"
        if self._too_long:
            yield f"{self._too_long} files skipped whose names have more than {LONGEST_NAME} characters"


def clean_name(name: str) -> str:
    """A member's name as a path below the archive.

    Args:
        name: The name as the archive has it, perhaps absolute.

    Returns:
        The path; a step up (`..`) stays and hides what lies behind it, as all names that begin with a dot do.

    >>> clean_name("./cats//1.jpg"), clean_name("/etc/1.jpg"), clean_name("a/../1.jpg"), clean_name("./")
    ('cats/1.jpg', 'etc/1.jpg', 'a/../1.jpg', '')
    """
    return "/".join(part for part in name.split("/") if part not in ("", "."))
