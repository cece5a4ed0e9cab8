"""Looks through the class folders of a collection and counts what it passes over. Opens no file."""

from collections import Counter
from collections.abc import Container, Iterator

from unfreeze.images.formats import PICTURE_SUFFIXES, SUFFIXES_BY_PLUGIN, is_hidden
from unfreeze.images.tree import Entry, Tree


class Walk:
    """One walk through a collection.

    Args:
        tree: Its names.

    Attributes:
        tree: Its names.
        empty_classes: Paths of class folders without a file that is named like a picture.
        inner_folders: Paths of the folders within class folders, as far as they were looked through.
        top: Path of the folder that holds the class or split folders.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.empty_classes: list[str] = []
        self.inner_folders: list[str] = []
        self.top = ""
        self._hidden: Counter[str] = Counter()
        self._other: Counter[str] = Counter()
        self._loose: Counter[str] = Counter()
        self._special: list[str] = []
        self._left_out: list[str] = []

    @property
    def other_suffixes(self) -> set[str]:
        """Suffixes of the files that are no pictures, as far as the walk went."""
        return set(self._other)

    def folders(self, below: str) -> list[str]:
        """Names of the visible folders directly below a path."""
        return [entry.name for entry in self.tree.entries(below) if entry.is_class_folder]

    def has_pictures(self, below: str) -> bool:
        """Whether a file directly below a path is named like a picture."""
        return any(entry.is_picture for entry in self.tree.entries(below))

    def enter(self, *, unless: Container[str]) -> None:
        """Goes into a folder that wraps the whole collection, as most archives have one.

        Such a folder lies alone beside no picture, and holds folders but no picture itself.

        Args:
            unless: Names, in lower case, of folders that mean something and are never entered.
        """
        while not self.has_pictures(self.top):
            inner = self.folders(self.top)
            if len(inner) != 1 or inner[0].lower() in unless:
                return
            path = joined(self.top, inner[0])
            if self.has_pictures(path) or not self.folders(path):
                return
            self.pass_over(self.top, keep=inner)
            self.top = path

    def pass_over(self, below: str, *, keep: Container[str]) -> None:
        """Counts what lies directly in a folder and is no part of the collection, but for the folders to keep."""
        for entry in self.tree.entries(below):
            if entry.is_class_folder and entry.name not in keep:
                self._left_out.append(joined(below, entry.name))
            elif not entry.is_class_folder:
                self._count(entry, below)

    def classes(self, below: str) -> Iterator[tuple[str, list[str]]]:
        """The class folders directly below a path.

        Args:
            below: The path.

        Yields:
            Name of each class folder, and the paths of the picture files anywhere below it.
        """
        above = (self.tree.identity(""), self.tree.identity(below))
        for entry in self.tree.entries(below):
            path = joined(below, entry.name)
            if not entry.is_class_folder:
                self._count(entry, below)
                continue
            paths = list(self.pictures(path, above))
            if not paths:
                self.empty_classes.append(path)
            yield entry.name, paths

    def pictures(self, folder: str, above: tuple[str, ...] = ()) -> Iterator[str]:
        """Paths of the picture files anywhere below a folder; a link back to a folder above is not followed.

        Args:
            folder: The folder.
            above: Identities of the folders above it.

        Yields:
            The paths.
        """
        waiting = [(folder, above)]
        while waiting:
            folder, above = waiting.pop()
            identity = self.tree.identity(folder)
            if identity in above:
                continue
            for entry in self.tree.entries(folder):
                path = joined(folder, entry.name)
                if entry.is_class_folder:
                    self.inner_folders.append(path)
                    waiting.append((path, (*above, identity)))
                elif entry.is_picture:
                    yield path
                else:
                    self._count(entry, folder)

    def notes(self) -> Iterator[str]:
        """A sentence for each kind of thing that was passed over."""
        if self.top:
            yield f"the classes are those in {self.top}, the only folder that there is"
        if self._hidden:
            names = ", ".join(sorted(self._hidden)[:3])
            yield f"{sum(self._hidden.values())} hidden or system files and folders skipped ({names})"
        for suffix, count in sorted(self._other.items()):
            plugin = SUFFIXES_BY_PLUGIN.get(suffix)
            advice = f"install {plugin} and convert them, or leave them out" if plugin else "not a picture's suffix"
            yield f"{count} {suffix or 'suffix-less'} files skipped: {advice}"
        if self._special:
            names = ", ".join(sorted(self._special)[:3])
            yield f"{len(self._special)} links, pipes, sockets or devices skipped ({names}): only files are opened"
        for folder, count in sorted(self._loose.items()):
            yield f"{count} pictures skipped in {folder or 'the top folder'}: they lie in no class folder"
        if self._left_out:
            yield f"folders beside the splits left out: {', '.join(self._left_out)}"
        for folder in self.empty_classes:
            yield f"class folder {folder} holds no picture"

    def _count(self, entry: Entry, below: str) -> None:
        if is_hidden(entry.name):
            self._hidden[entry.name] += 1
        elif entry.kind == "special":
            self._special.append(joined(below, entry.name))
        elif entry.suffix in PICTURE_SUFFIXES:
            self._loose[below] += 1
        else:
            self._other[entry.suffix] += 1


def joined(folder: str, name: str) -> str:
    """The path of what lies in a folder; the topmost folder is the empty path."""
    return f"{folder}/{name}" if folder else name
