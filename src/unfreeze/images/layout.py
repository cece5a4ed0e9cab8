"""Finds the pictures of a collection and what their folders say of class and split. Opens no file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from unfreeze.errors import CollectionError
from unfreeze.images.class_names import name_notes, one_form
from unfreeze.images.storage import FolderStorage, Storage
from unfreeze.images.table import Split
from unfreeze.images.tree import FolderTree, Tree
from unfreeze.images.walk import Walk, joined

SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
}

NAMED_THEMSELVES = frozenset({".csv", ".tsv", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz"})
"""Suffixes of files that may hold a collection."""


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
        amendments: What manifests changed, one sentence each.
        multilabel: Whether a file may have several labels, or none.
    """

    root: Path
    source: str
    files: tuple[FoundFile, ...]
    storage: Storage
    empty_classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    multilabel: bool = False
    amendments: tuple[str, ...] = ()


def find_layout(root: Path, *, needs_training: bool = True) -> Layout:
    """Walks a collection in class folders: `root/CLASS/*`, `root/train/CLASS/*` or `root/CLASS/train/*`.

    Folders below a class folder belong to that class. Hidden and system files are skipped and counted in the notes; a
    folder that wraps all the others is entered. Class names that look the same are one class, in whatever form Unicode
    has them.

    Args:
        root: The collection's folder.
        needs_training: Whether there must be a training split where there are others; a model that is there is tested
            without one.

    Returns:
        The files found, empty class folders, and notes.

    Raises:
        CollectionError: If the folder is not there or holds no picture in a class folder.
    """
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "there is no such folder"
        raise CollectionError(f"{root}: {what}; name a folder of pictures", subject=root)
    return tree_layout(FolderTree(root), root=root, storage=FolderStorage(root), needs_training=needs_training)


def tree_layout(tree: Tree, *, root: Path, storage: Storage, needs_training: bool = True) -> Layout:
    """Walks a collection in class folders, as `find_layout` does, wherever its names come from.

    Args:
        tree: The names of its files and folders.
        root: The folder or archive, which errors name.
        storage: Where the bytes are.
        needs_training: As for `find_layout`.

    Returns:
        The files found, empty class folders, and notes.

    Raises:
        CollectionError: If there is no picture in a class folder, or it is not clear which folders are the splits.
    """
    walk = Walk(tree)
    walk.enter(unless=SPLIT_NAMES)
    splits = _splits_among(walk.folders(walk.top))
    notes: list[str] = []
    if "train" in splits.values() or (splits and not needs_training):
        _reject_twins(root, splits)
        walk.pass_over(walk.top, keep=splits)
        found = list(_in_split_folders(walk, splits))
    elif splits:
        message = f"{root}: has {' and '.join(sorted(splits))} but no train folder; add one, or rename what is a class"
        raise CollectionError(message, subject=root)
    elif by_class := _splits_within_classes(walk):
        for folder, names in by_class.items():
            _reject_twins(root / folder, names)
        found = list(_in_class_folders(walk, by_class))
        notes.append("the folders within each class say which of its pictures train, validate and test")
    else:
        found = [_Found(path, name, None) for name, paths in walk.classes(walk.top) for path in paths]
    if not found:
        raise CollectionError(_nothing_found(root, walk), subject=root)
    files = sorted((FoundFile(*file) for file in map(_classified, found)), key=lambda file: file.path)
    notes = [*walk.notes(), *notes, *_unused_splits(walk), *name_notes(file.folder for file in found)]
    return Layout(root, str(root), tuple(files), storage, tuple(walk.empty_classes), tuple(notes))


class _Found(NamedTuple):
    """A picture file, with the name of its class folder as that is written."""

    path: str
    folder: str
    split: Split | None


def _classified(found: _Found) -> tuple[str, tuple[str, ...], Split | None]:
    return found.path, (one_form(found.folder),), found.split


def _splits_among(folders: list[str]) -> dict[str, Split]:
    """The folders that are named as splits, and what they mean."""
    return {name: SPLIT_NAMES[name.lower()] for name in folders if name.lower() in SPLIT_NAMES}


def _in_split_folders(walk: Walk, splits: Mapping[str, Split]) -> Iterator[_Found]:
    """The pictures of `train/CLASS/*` and so on."""
    for folder, split in sorted(splits.items()):
        for name, paths in walk.classes(joined(walk.top, folder)):
            yield from (_Found(path, name, split) for path in paths)


def _splits_within_classes(walk: Walk) -> dict[str, dict[str, Split]]:
    """The split folders of each class folder, if every class folder has such and nothing else; empty otherwise."""
    by_class = {}
    for name in walk.folders(walk.top):
        path = joined(walk.top, name)
        folders = walk.folders(path)
        splits = _splits_among(folders)
        if len(splits) < len(folders) or walk.has_pictures(path):
            return {}
        by_class[name] = splits
    return by_class if any("train" in splits.values() for splits in by_class.values()) else {}


def _in_class_folders(walk: Walk, by_class: Mapping[str, Mapping[str, Split]]) -> Iterator[_Found]:
    """The pictures of `CLASS/train/*` and so on."""
    walk.pass_over(walk.top, keep=by_class)
    for name, splits in by_class.items():
        folder = joined(walk.top, name)
        walk.pass_over(folder, keep=splits)
        paths = [(path, split) for inner, split in splits.items() for path in walk.pictures(joined(folder, inner))]
        if not paths:
            walk.empty_classes.append(folder)
        yield from (_Found(path, name, split) for path, split in paths)


def _unused_splits(walk: Walk) -> Iterator[str]:
    """A note on folders that are named as splits, but lie where they cannot mean one."""
    if folders := [path for path in walk.inner_folders if path.rpartition("/")[2].lower() in SPLIT_NAMES]:
        named = ", ".join(folders[:3]) + (f" and {len(folders) - 3} more" if len(folders) > 3 else "")
        yield f"folders within a class that are named as splits say nothing of the split: {named}"


def _reject_twins(folder: Path, splits: Mapping[str, Split]) -> None:
    for split in ("train", "valid", "test"):
        twins = [name for name, meaning in splits.items() if meaning == split]
        if len(twins) > 1:
            message = f"{folder}: {' and '.join(twins)} both mean {split}; keep one of them"
            raise CollectionError(message, subject=folder)


def _nothing_found(root: Path, walk: Walk) -> str:
    found = "; ".join(walk.notes()) or "the folder is empty"
    expected = "expected CLASS/picture.jpg or train/CLASS/picture.jpg"
    if walk.other_suffixes & NAMED_THEMSELVES:
        expected += "; a CSV file or an archive of pictures is named itself, not its folder"
    return f"{root}: no pictures in class folders ({found}); {expected}"
