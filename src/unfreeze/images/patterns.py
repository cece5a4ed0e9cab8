"""Files that a pattern names: braces as in `train-{000..127}.tar`, and what a shell understands beside them."""

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from unfreeze.errors import CollectionError

BRACES = re.compile(r"\{([^{}]*)\}")
RANGE = re.compile(r"(\d+)\.\.(\d+)")
MOST_FILES = 1_000_000


def is_pattern(name: str) -> bool:
    """Whether a name stands for several files.

    >>> is_pattern("train-{00..11}.tar"), is_pattern("train-*.tar"), is_pattern("train.tar")
    (True, True, False)
    """
    return bool(BRACES.search(name)) or glob.has_magic(name)


def matching(pattern: str) -> list[Path]:
    """The files that a pattern names.

    Args:
        pattern: A path with braces (`{000..127}`, `{a,b}`), `*`, `?` or `[...]`.

    Returns:
        The files, sorted.

    Raises:
        CollectionError: If there is none, or one that braces name is not there.
    """
    names = expanded(pattern)
    found = [Path(name) for each in names for name in (_globbed(each) if glob.has_magic(each) else [each])]
    missing = [path for path in found if not path.is_file()]
    if missing or not found:
        named = ", ".join(map(str, missing[:3]))
        what = f"{len(missing)} of {len(found)} files are not there: {named}" if missing else "no file is named so"
        raise CollectionError(f"{pattern}: {what}; put them there, or name others", subject=pattern)
    return sorted(set(found))


def expanded(pattern: str) -> list[str]:
    """The names that a pattern's braces stand for.

    Args:
        pattern: Text with any number of braces, not within one another.

    Returns:
        The names, in order.

    Raises:
        CollectionError: If there are more than a million.

    >>> expanded("{a,b}-{08..10}.tar")
    ['a-08.tar', 'a-09.tar', 'a-10.tar', 'b-08.tar', 'b-09.tar', 'b-10.tar']
    """
    names = [""]
    end = 0
    for braces in BRACES.finditer(pattern):
        before, end = pattern[end : braces.start()], braces.end()
        choices = _choices(braces[1])
        if len(names) * len(choices) > MOST_FILES:
            raise CollectionError(f"{pattern}: names more than {MOST_FILES:,} files; name fewer", subject=pattern)
        names = [name + before + choice for name in names for choice in choices]
    return [name + pattern[end:] for name in names]


def _globbed(pattern: str) -> list[str]:
    return glob.glob(pattern)  # noqa: PTH207 - Path.glob would find hidden files, too


def _choices(text: str) -> Sequence[str]:
    """What braces leave to choose from: numbers as wide as the first one, or names."""
    if not (numbers := RANGE.fullmatch(text)):
        return text.split(",")
    first, last = int(numbers[1]), int(numbers[2])
    if last - first >= MOST_FILES:
        raise CollectionError(f"{{{text}}}: names more than {MOST_FILES:,} files; name fewer", subject=text)
    return [f"{number:0{len(numbers[1])}}" for number in range(first, last + 1)]
