"""The label of a picture in a shard: a name, the number of one, or several names."""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from unfreeze.errors import CollectionError
from unfreeze.images.tar_file import Extent

LABEL_SUFFIXES = (".cls", ".json", ".txt")
"""Files that may hold a picture's label; the first one that is there counts."""

CLASS_FILES = ("classes.txt", "classnames.txt")
BAD_FILE, SUMMARY_FILE = "bad.csv", "shards.json"
"""What `unfreeze shard` writes beside shards, for people."""

UNFINISHED_FILE = "UNFINISHED"
"""Lies beside shards until all of them are there."""

LARGEST_LABEL_BYTES = 2**20

Label = str | tuple[str, ...]
"""A name; or names, where pictures may have several."""


def class_names(folder: Path) -> tuple[str, ...]:
    """The names that labels in the shards of a folder may be numbers of.

    Args:
        folder: Where the shards lie.

    Returns:
        The lines of `classes.txt` or `classnames.txt`, the first one being number 0; empty where there is neither.

    Raises:
        CollectionError: If the file cannot be read.
    """
    for path in (folder / name for name in CLASS_FILES):
        if path.is_file():
            try:
                return tuple(line.strip() for line in path.read_text("utf-8-sig").rstrip().split("\n"))
            except (OSError, UnicodeDecodeError) as error:
                message = f"{path}: cannot be read ({error}); save it as UTF-8, one name a line"
                raise CollectionError(message, subject=path) from error
    return ()


def reject_unfinished(folders: Iterable[str | Path]) -> None:
    """Makes sure that shards are a whole collection.

    Args:
        folders: Where they lie.

    Raises:
        CollectionError: If `unfreeze shard` was stopped while it wrote them.
    """
    for folder in map(Path, sorted(set(map(str, folders)))):
        if (folder / UNFINISHED_FILE).exists():
            raise unfinished(str(folder))


def unfinished(folder: str) -> CollectionError:
    """The error of a folder with a part of a collection.

    Args:
        folder: Its path or URL.

    Returns:
        The error.
    """
    message = f"{folder}: unfreeze shard was stopped, or still writes; remove the folder, and write the shards again"
    return CollectionError(message, subject=folder)


def read_label(name: str, extent: Extent, names: Sequence[str]) -> tuple[Label, str]:
    """Reads the label that a file in a shard holds, and the group.

    Args:
        name: The file: KEY.cls or KEY.txt with the label as text, or KEY.json with it under `label`, and perhaps a
            group under `group`.
        extent: Where its bytes lie.
        names: Names by number; empty where numbers are names themselves.

    Returns:
        The label, and the picture's group; empty for a picture on its own.

    Raises:
        ValueError: If the file holds no label, or a group that is none.
        OSError: If it cannot be read.
    """
    name = name.rpartition("/")[2]
    if extent.size_bytes > LARGEST_LABEL_BYTES:
        raise ValueError(f"{name} has {extent.size_bytes:,} bytes, too many for a label")
    with extent.file.open("rb") as file:
        file.seek(extent.offset)
        data = file.read(extent.size_bytes)
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ValueError(f"{name} is not UTF-8") from None
    if os.path.splitext(name)[1] != ".json":
        return _named(text, name, names), ""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{name} is no JSON") from None
    if not isinstance(found, dict) or "label" not in found:
        keys = f"it has {', '.join(found) or 'nothing'}" if isinstance(found, dict) else "it is no object"
        raise ValueError(f"{name} has no 'label'; {keys}")
    label, group = found["label"], _group(found.get("group"), name)
    if isinstance(label, list):
        return tuple(_named(each, name, names) for each in label), group
    return _named(label, name, names), group


def _group(found: object, file: str) -> str:
    if found is None:
        return ""
    if isinstance(found, bool) or not isinstance(found, (str, int)):
        raise ValueError(f"{file} has a group of type {type(found).__name__}; a group is text or a whole number")
    return str(found).strip()


def _named(label: object, file: str, names: Sequence[str]) -> str:
    """The name that a label is, or is the number of."""
    if isinstance(label, bool) or not isinstance(label, (str, int)):
        raise ValueError(f"{file} has a label of type {type(label).__name__}; a label is text or a whole number")
    text = str(label).strip()
    if not text or "\n" in text:
        raise ValueError(f"{file} holds several lines; a label is one" if text else f"{file} is empty")
    if not (names and text.isdecimal()):
        return text
    if int(text) >= len(names) or not names[int(text)]:
        raise ValueError(
            f"{file} has the label {text}, for which the {len(names)} lines of the class names have no name"
        )
    return names[int(text)]
