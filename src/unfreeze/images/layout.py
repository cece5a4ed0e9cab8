"""Finds the pictures of a collection and what their folders say of class and split. Opens no file."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unfreeze.errors import CollectionError
from unfreeze.images.formats import PICTURE_SUFFIXES, SUFFIXES_BY_PLUGIN, is_hidden
from unfreeze.images.storage import FolderStorage, Storage
from unfreeze.images.table import Split

SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
}


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that is to be read as a picture of a class.

    Attributes:
        path: Path below the collection's root, with forward slashes.
        class_names: Name of its class folder, or its labels in a list; exactly one unless the layout is multilabel.
        split: What the folder above or the list says it is for; None where the collection is still to be split.
        group: Pictures of a group never lie on two sides of a split; empty for a picture on its own.
    """

    path: str
    class_names: tuple[str, ...]
    split: Split | None
    group: str = ""


@dataclass(frozen=True)
class Layout:
    """The files of a collection, before any of them is opened: what a walk through a folder or a list gave.

    Attributes:
        root: The folder or archive that the files' paths are relative to.
        source: What an error about the collection names: its folder, its CSV file, or its lists.
        files: All files to be read, each once, sorted by path.
        empty_classes: Class folders without a file that is named like a picture, as paths below the root.
        notes: What was skipped and why, one sentence each.
        multilabel: Whether a file may have several labels, or none.
    """

    root: Path
    source: str
    files: tuple[FoundFile, ...]
    storage: Storage
    empty_classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    multilabel: bool = False


def find_layout(root: Path) -> Layout:
    """Walks a collection laid out as `root/CLASS/*` or as `root/train/CLASS/*` beside `root/valid/CLASS/*`.

    Folders below a class folder belong to that class. Hidden and system files are skipped and counted in the notes.

    Args:
        root: The collection's folder.

    Returns:
        The files found, empty class folders, and notes.

    Raises:
        CollectionError: If the folder is not there or holds no picture in a class folder.
    """
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "there is no such folder"
        raise CollectionError(f"{root}: {what}; name a folder of pictures", subject=root)
    walk = _Walk(root)
    splits = {name: SPLIT_NAMES[name.lower()] for name in walk.folders("") if name.lower() in SPLIT_NAMES}
    if "train" in splits.values():
        _reject_twins(root, splits)
        walk.note_left_out(keep=splits)
        files = [file for name, split in sorted(splits.items()) for file in walk.class_files(name, split)]
    elif splits:
        message = f"{root}: has {' and '.join(sorted(splits))} but no train folder; add one, or rename what is a class"
        raise CollectionError(message, subject=root)
    else:
        files = list(walk.class_files("", None))
    if not files:
        raise CollectionError(_nothing_found(root, walk), subject=root)
    files.sort(key=lambda file: file.path)
    return Layout(root, str(root), tuple(files), FolderStorage(root), tuple(walk.empty_classes), tuple(walk.notes()))


class _Walk:
    """One walk through a collection, counting what it passes over."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.empty_classes: list[str] = []
        self.hidden: Counter[str] = Counter()
        self.other: Counter[str] = Counter()
        self.loose: Counter[str] = Counter()
        self.left_out: list[str] = []

    def folders(self, below: str) -> list[str]:
        """Names of the visible folders directly below a path."""
        entries = _entries(self.root / below)
        return [entry.name for entry in entries if _is_folder(entry) and not is_hidden(entry.name)]

    def class_files(self, below: str, split: Split | None) -> Iterator[FoundFile]:
        """The picture files of all class folders directly below a path."""
        above = (os.path.realpath(self.root), os.path.realpath(self.root / below))
        for entry in _entries(self.root / below):
            relative = f"{below}/{entry.name}".lstrip("/")
            if is_hidden(entry.name):
                self.hidden[entry.name] += 1
            elif not _is_folder(entry):
                self._count_loose(entry.name, below)
            else:
                paths = list(self._pictures(relative, above))
                if not paths:
                    self.empty_classes.append(relative)
                yield from (FoundFile(path, (entry.name,), split) for path in paths)

    def note_left_out(self, keep: dict[str, Split]) -> None:
        """Remembers what lies beside the split folders, which is no part of the collection."""
        self.left_out = [name for name in self.folders("") if name not in keep]
        for entry in os.scandir(self.root):
            if is_hidden(entry.name):
                self.hidden[entry.name] += 1
            elif not _is_folder(entry):
                self._count_loose(entry.name, "")

    def notes(self) -> Iterator[str]:
        """A sentence for each kind of thing that was passed over."""
        if self.hidden:
            names = ", ".join(sorted(self.hidden)[:3])
            yield f"{sum(self.hidden.values())} hidden or system files and folders skipped ({names})"
        for suffix, count in sorted(self.other.items()):
            plugin = SUFFIXES_BY_PLUGIN.get(suffix)
            advice = f"install {plugin} and convert them, or leave them out" if plugin else "not a picture's suffix"
            yield f"{count} {suffix or 'suffix-less'} files skipped: {advice}"
        for folder, count in sorted(self.loose.items()):
            yield f"{count} pictures skipped in {folder or 'the top folder'}: they lie in no class folder"
        if self.left_out:
            yield f"folders beside the splits left out: {', '.join(self.left_out)}"
        for folder in self.empty_classes:
            yield f"class folder {folder} holds no picture"

    def _count_loose(self, name: str, below: str) -> None:
        suffix = os.path.splitext(name)[1].lower()
        if suffix in PICTURE_SUFFIXES:
            self.loose[below] += 1
        else:
            self.other[suffix] += 1

    def _pictures(self, folder: str, above: tuple[str, ...]) -> Iterator[str]:
        """Paths of the picture files anywhere below a class folder; a link back to a folder above is not followed."""
        real = os.path.realpath(self.root / folder)
        if real in above:
            return
        for entry in _entries(self.root / folder):
            if is_hidden(entry.name):
                self.hidden[entry.name] += 1
            elif _is_folder(entry):
                yield from self._pictures(f"{folder}/{entry.name}", (*above, real))
            elif (suffix := os.path.splitext(entry.name)[1].lower()) in PICTURE_SUFFIXES:
                yield f"{folder}/{entry.name}"
            else:
                self.other[suffix] += 1


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or a link to one; a link that leads in a circle is neither."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _reject_twins(root: Path, splits: dict[str, Split]) -> None:
    for split in ("train", "valid", "test"):
        twins = [name for name, meaning in splits.items() if meaning == split]
        if len(twins) > 1:
            message = f"{root}: {' and '.join(twins)} both mean {split}; keep one of them"
            raise CollectionError(message, subject=root)


def _nothing_found(root: Path, walk: _Walk) -> str:
    found = "; ".join(walk.notes()) or "the folder is empty"
    return f"{root}: no pictures in class folders ({found}); expected CLASS/picture.jpg or train/CLASS/picture.jpg"


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    """What lies in a folder, sorted by name."""
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        message = f"{folder}: cannot be read ({error.strerror}); make it readable, or move it out of the collection"
        raise CollectionError(message, subject=folder) from error
