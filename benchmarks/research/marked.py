"""Puts tables that a script made between the sentences that a person wrote."""

import re
from collections.abc import Mapping
from pathlib import Path


def filled(text: str, parts: Mapping[str, str]) -> str:
    r"""The text with what stands between its marks replaced.

    Args:
        text: Markdown in which `<!-- NAME -->` and `<!-- end of NAME -->` mark where each part belongs.
        parts: The parts by name.

    Returns:
        The text.

    Raises:
        SystemExit: If a part has no place.

    >>> filled("a <!-- x --> old <!-- end of x --> b", {"x": "new"})
    'a <!-- x -->\n\nnew\n\n<!-- end of x --> b'
    """
    for name, part in parts.items():
        place = re.compile(rf"<!-- {re.escape(name)} -->.*?<!-- end of {re.escape(name)} -->", re.DOTALL)
        if not place.search(text):
            raise SystemExit(f"there is no place for {name!r}: write <!-- {name} --> <!-- end of {name} -->")
        whole = f"<!-- {name} -->\n\n{part}\n\n<!-- end of {name} -->"
        text = place.sub(lambda _, whole=whole: whole, text)  # type: ignore[misc]
    return text


def fill(path: Path, parts: Mapping[str, str]) -> None:
    """Does so in a file."""
    path.write_text(filled(path.read_text(encoding="utf-8"), parts), encoding="utf-8")
