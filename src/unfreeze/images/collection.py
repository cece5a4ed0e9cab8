"""A collection, whatever it is named by: a folder, a CSV file, an archive, or shards of WebDataset."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from unfreeze.errors import CollectionError, RunError, SettingsError
from unfreeze.images.archive import TAR_SUFFIXES, ZIP_SUFFIXES, archive_layout
from unfreeze.images.columns import Columns
from unfreeze.images.csv_file import DEFAULT_COLUMNS, csv_layout
from unfreeze.images.formats import is_hidden
from unfreeze.images.layout import SPLIT_NAMES, Layout, find_layout
from unfreeze.images.patterns import is_pattern, matching
from unfreeze.images.shard_labels import BAD_FILE, CLASS_FILES, SUMMARY_FILE
from unfreeze.images.tree import FolderTree
from unfreeze.images.webdataset import shard_layout

TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
SUFFIXES = (*TABLE_SUFFIXES, *ZIP_SUFFIXES, *TAR_SUFFIXES)
EXPECTED = "a folder of pictures, a CSV or TSV file, a zip or tar archive, or shards of WebDataset"


def collection_layout(
    path: str | Path,
    *,
    root: str | Path | None = None,
    columns: Columns = DEFAULT_COLUMNS,
    relabels: bool = False,
    needs_training: bool = True,
) -> Layout:
    """Takes a collection from whatever names it.

    Args:
        path: A folder of class folders, of shards, or of split folders of shards; a CSV or TSV file; a zip archive; a
            tar archive, compressed or not, of class folders or a shard; or a pattern that names shards, with braces
            (`train-{000..127}.tar`) or stars.
        root: The folder that relative paths of a CSV file start from; the file's own unless said otherwise.
        columns: Names of a CSV file's columns, and how its labels are read.
        relabels: Whether manifests give other labels: what parts these may be said for any collection whose pictures
            have several.
        needs_training: Whether a class must have training pictures; a model that is there is tested without any.

    Returns:
        The files, each once.

    Raises:
        CollectionError: If there is no such collection, or it cannot be used.
        SettingsError: If a root or columns are named for what is no CSV file.
    """
    path = Path(path)
    check_named(path)
    if _is_table(path):
        return csv_layout(path, root=root, columns=columns, needs_training=needs_training)
    of_table = replace(columns, label_separator="") if relabels else columns
    _reject_table_settings(path, root, of_table)
    layout = _untold_layout(path, needs_training=needs_training)
    if not layout.multilabel:
        _reject_table_settings(path, root, columns)
    return layout


def _untold_layout(path: Path, *, needs_training: bool) -> Layout:
    """The layout of what is no table."""
    if path.is_dir():
        shards, beside = _shards_in(path)
        if not shards:
            return find_layout(path, needs_training=needs_training)
        layout = shard_layout(shards, source=str(path))
        return replace(layout, notes=(*_beside_note(beside), *layout.notes))
    if path.is_file():
        return archive_layout(path, needs_training=needs_training)
    return shard_layout(matching(str(path)), source=str(path))


def check_named(path: Path) -> None:
    """Makes sure that a path can name a collection, without looking into it.

    Args:
        path: What the user named.

    Raises:
        CollectionError: If there is nothing there, or something that is no collection.
    """
    if path.is_dir() or (path.is_file() and path.name.lower().endswith(SUFFIXES)):
        return
    if path.is_file():
        what = f"is none of those that hold pictures; name {EXPECTED} ({', '.join(SUFFIXES)})"
    elif path.exists():
        what = f"is neither a folder nor a file; name {EXPECTED}"
    elif is_pattern(str(path)):
        matching(str(path))
        return
    else:
        what = f"is not there; name {EXPECTED}"
    raise CollectionError(f"{path}: {what}", subject=path)


def collection_name(path: Path) -> str:
    """What a collection is called: a folder's name, a file's without its suffix, the beginning of a pattern.

    >>> [collection_name(Path(path)) for path in ("a/pets.v2.tar.gz", "pets.csv", "a/train-{00..11}.tar", "a/*.tar")]
    ['pets.v2', 'pets', 'train', 'a']
    """
    if path.is_dir():
        return path.resolve().name
    if is_pattern(path.name) and not path.is_file():
        start = path.name[: min(path.name.find(sign) for sign in "{*?[" if sign in path.name)]
        return start.rstrip("-_.") or path.absolute().parent.name
    endings = [suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)]
    return path.name[: -len(max(endings, key=len))] if endings else path.name


def absolute_name(path: Path) -> Path:
    """A path that names the same collection from any folder; a list that is a link keeps the folder that it lies in."""
    return path.resolve() if path.is_dir() else path.parent.resolve() / path.name


def lies_inside(path: Path, collection: Path) -> bool:
    """Whether a path lies where a collection's pictures are: within its folder; an archive or a list has no inside."""
    return collection.is_dir() and path.resolve().is_relative_to(collection.resolve())


def reject_inside(path: Path, collection: Path) -> None:
    """Makes sure that what is to be written lies outside of the pictures; raises RunError where it would not."""
    if lies_inside(path, collection):
        message = f"{path}: lies inside the pictures, where nothing is ever written; name another folder with --out"
        raise RunError(message, subject=path)


def list_hash(path: Path) -> str | None:
    """Hash of the list that a collection is: BLAKE2b of 16 bytes as 32 hexadecimal digits; None for what is no list.

    An archive is none: its pictures have hashes of their own, and to read all of it again may take minutes.
    """
    if not _is_table(path):
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _is_table(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(TABLE_SUFFIXES)


def _reject_table_settings(path: Path, root: str | Path | None, columns: Columns) -> None:
    """What says how a table is read would be passed over in silence for anything else."""
    if root is None and columns == DEFAULT_COLUMNS:
        return
    flag = "root" if root is not None else "label-separator" if columns.label_separator else "path-column and the like"
    message = f"--{flag}: says how a CSV file is read, and {path} is none; leave it away, or name a CSV file"
    raise SettingsError(message, subject=flag)


def _shards_in(folder: Path) -> tuple[list[Path], list[str]]:
    """The tar archives of a folder without pictures and folders, or of its split folders; and what lies beside them."""
    tree = FolderTree(folder)
    entries = [("", entry) for entry in tree.entries("") if not is_hidden(entry.name)]
    inner = [entry.name for _, entry in entries if entry.kind == "folder"]
    if inner and all(name.lower() in SPLIT_NAMES for name in inner):
        entries = [(below, entry) for below in inner for entry in tree.entries(below) if not is_hidden(entry.name)]
    if any(entry.kind == "folder" or entry.is_picture for _, entry in entries):
        return [], []
    shards = [entry for entry in entries if entry[1].kind == "file" and entry[1].name.lower().endswith(TAR_SUFFIXES)]
    beside = [entry.name for below, entry in entries if (below, entry) not in shards]
    return [folder / below / entry.name for below, entry in shards], beside


def _beside_note(names: Sequence[str]) -> Iterator[str]:
    if others := [name for name in names if name not in (*CLASS_FILES, BAD_FILE, SUMMARY_FILE)]:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        yield f"files beside the shards are not read: {', '.join(others[:3])}{more}"
