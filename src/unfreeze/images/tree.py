"""What lies where in a collection: names of files and folders, on disk or in an archive. Opens no file."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from unfreeze.errors import CollectionError
from unfreeze.images.formats import PICTURE_SUFFIXES, is_hidden

Kind = Literal["folder", "file", "special"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What lies directly in a folder.

    Attributes:
        name: Its name.
        kind: A folder, a file, or what is neither and is never opened: a pipe, a socket, a device.
    """

    name: str
    kind: Kind

    @property
    def suffix(self) -> str:
        """What the name ends in from its last dot on, in lower case."""
        return os.path.splitext(self.name)[1].lower()

    @property
    def is_class_folder(self) -> bool:
        """Whether it is a folder that is neither a system's nor a tool's."""
        return self.kind == "folder" and not is_hidden(self.name)

    @property
    def is_picture(self) -> bool:
        """Whether it is a file that is named like a picture."""
        return self.kind == "file" and self.suffix in PICTURE_SUFFIXES and not is_hidden(self.name)


class Tree(Protocol):
    """Folders by their paths, which are relative and have forward slashes; the topmost one is the empty path."""

    def entries(self, folder: str) -> list[Entry]:
        """What lies directly in a folder, sorted by name."""
        ...

    def identity(self, folder: str) -> str:
        """The same for two paths if they lead to the same folder."""
        ...


class FolderTree:
    """What lies below a folder on disk; links are followed.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def entries(self, folder: str) -> list[Entry]:
        """What lies directly in a folder, sorted by name; raises CollectionError where it cannot be read."""
        path = self.root / folder
        try:
            found = [Entry(entry.name, _kind(entry)) for entry in os.scandir(path)]
        except OSError as error:
            message = f"{path}: cannot be read ({error.strerror}); make it readable, or move it out of the collection"
            raise CollectionError(message, subject=path) from error
        return sorted(found, key=lambda entry: entry.name)

    def identity(self, folder: str) -> str:
        """The folder's path without links."""
        return os.path.realpath(self.root / folder)


class NameTree:
    """What lies in an archive, by the names of its members.

    Args:
        files: Paths of files.
        folders: Paths of folders, of which only empty ones need be named.
        special: Paths of what is neither a file nor a folder.
    """

    def __init__(self, files: Iterable[str], *, folders: Iterable[str] = (), special: Iterable[str] = ()) -> None:
        self._entries: dict[str, set[Entry]] = {"": set()}
        kinds: dict[Kind, Iterable[str]] = {"file": files, "folder": folders, "special": special}
        for kind, paths in kinds.items():
            for path in paths:
                self._add(path, kind)

    def entries(self, folder: str) -> list[Entry]:
        """What lies directly in a folder, sorted by name."""
        return sorted(self._entries.get(folder, ()), key=lambda entry: (entry.name, entry.kind))

    def identity(self, folder: str) -> str:
        """The path itself: archives have no links to folders."""
        return folder

    def _add(self, path: str, kind: Kind) -> None:
        """Adds an entry, and the folders above it that are not known yet."""
        while path:
            folder, _, name = path.rpartition("/")
            is_known = folder in self._entries
            self._entries.setdefault(folder, set()).add(Entry(name, kind))
            if is_known:
                return
            path, kind = folder, "folder"


def _kind(entry: os.DirEntry[str]) -> Kind:
    """What an entry is, or what a link leads to; a link that leads nowhere is a file, which will be named as broken."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
        if entry.is_symlink():
            entry.stat()
    except OSError:
        return "file"
    return "special"
