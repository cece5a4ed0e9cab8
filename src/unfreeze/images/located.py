"""Where the pictures of a list lie on disk, and which pictures beside them it does not name."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from unfreeze.errors import CollectionError
from unfreeze.images.formats import PICTURE_SUFFIXES, is_hidden

MOST_ENTRIES = 200_000
"""What is looked at for pictures without a row: a list may lie in a folder that holds much else."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a listed picture lies.

    Attributes:
        file: Its absolute path; the file itself may be a link and keeps its name.
        fault: Why it cannot be read; empty for a file.
        identity: Device and number of the file.
        turned: Whether backslashes of the list had to be read as slashes.
        missing: Whether that is all that is wrong: there is nothing of that name.
    """

    file: str
    fault: str = ""
    identity: tuple[int, int] = (0, 0)
    turned: bool = False
    missing: bool = False


def locate(paths: Sequence[str], start: Path) -> list[Located]:
    """Finds the files that a list names.

    Args:
        paths: Paths as they are written there.
        start: The absolute folder that relative ones start from.

    Returns:
        Where each lies, whether it is there or not.
    """
    folders: dict[str, str] = {}
    return [_located(path, str(start), folders) for path in paths]


def plain(folder: Path) -> Path:
    """A folder's absolute path; `..` is resolved as the system does, links are otherwise left as they are named."""
    return folder.resolve() if ".." in folder.parts else folder.absolute()


def common_root(files: Sequence[str], source: str, root: Path | None) -> tuple[Path, tuple[str, ...]]:
    """The folder that all files lie below.

    Args:
        files: Absolute paths.
        source: The list, which errors name.
        root: The folder to take if all files lie below it.

    Returns:
        The folder, and a note where it is not the one that was given.

    Raises:
        CollectionError: If the files lie on several drives.
    """
    if root is not None:
        start = _with_separator(plain(root))
        if all(os.path.normcase(file).startswith(start) for file in files):
            return root, ()
    try:
        common = Path(os.path.commonpath({os.path.dirname(file) for file in files}))
    except ValueError as error:
        message = f"{source}: the pictures lie on several drives; move them below one folder"
        raise CollectionError(message, subject=source) from error
    return common, () if root is None else (f"not all pictures lie below {root}: paths are given below {common}",)


def below(file: str, base: Path) -> str:
    """The path of a file below a folder above it, with forward slashes."""
    return file[len(_with_separator(base)) :].replace(os.sep, "/")


def unlisted_note(root: Path, located: Sequence[Located]) -> Iterator[str]:
    """What to say of the pictures below a folder that a list does not name.

    Args:
        root: The folder.
        located: What the list names.

    Yields:
        A sentence with their number and the first few of them, if there are any.
    """
    base = plain(root)
    named = {found.file for found in located}
    identities = {found.identity for found in located}
    missing, complete = [], True
    for count, path in enumerate(_files_below(base), 1):
        if count > MOST_ENTRIES:
            complete = False
            break
        if (
            os.path.splitext(path)[1].lower() in PICTURE_SUFFIXES
            and path not in named
            and _is_another(path, identities)
        ):
            missing.append(path)
    if missing:
        names = ", ".join(below(path, base) for path in sorted(missing)[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        seen = "" if complete else f", among the first {MOST_ENTRIES:,} files and folders below {root}"
        yield f"{len(missing)} pictures are named by no row and left out{seen}: {names}{more}"


def _located(path: str, start: str, folders: dict[str, str]) -> Located:
    """Looks a path up; `folders` remembers the plain paths of the folders, of which there are few."""
    file = _plain_file(os.path.join(start, path), folders)
    fault, identity, missing = _looked_up(file)
    if fault and "\\" in path and os.sep == "/":  # as Windows writes paths
        turned = _plain_file(os.path.join(start, path.replace("\\", "/")), folders)
        if not (found := _looked_up(turned))[0]:
            return Located(turned, "", found[1], turned=True)
    return Located(file, fault, identity, missing=missing)


def _plain_file(path: str, folders: dict[str, str]) -> str:
    folder, name = os.path.split(path)
    if name in ("", ".", ".."):
        folder, name = str(Path(path).parent), Path(path).name
    if folder not in folders:
        try:
            folders[folder] = str(plain(Path(folder)))
        except (RuntimeError, ValueError, OSError):  # a circle of links, or a zero byte: found to be no file next
            folders[folder] = folder
    return os.path.join(folders[folder], name)


def _looked_up(file: str) -> tuple[str, tuple[int, int], bool]:
    """What is wrong with a file, its device and number, and whether there is nothing of that name."""
    try:
        found = os.stat(file)
    except (OSError, ValueError) as error:  # a ValueError is a zero byte in the name
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        return f"{file!r}: {getattr(error, 'strerror', None) or error}", (0, 0), missing
    fault = "" if stat.S_ISREG(found.st_mode) else f"{file!r} is not a file"
    return fault, (found.st_dev, found.st_ino), False


def _with_separator(folder: Path) -> str:
    path = os.path.normcase(folder)
    return path if path.endswith(os.sep) else path + os.sep


def _files_below(folder: Path) -> Iterator[str]:
    """Everything visible below a folder, folders included, links to folders not followed."""
    waiting = [str(folder)]
    while waiting:
        try:
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError:  # no part of the list
            continue
        for entry in entries:
            if is_hidden(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            yield entry.path


def _is_another(path: str, identities: set[tuple[int, int]]) -> bool:
    """Whether a path leads to a file that is not listed under another path."""
    fault, identity, _ = _looked_up(path)
    return not fault and identity not in identities
