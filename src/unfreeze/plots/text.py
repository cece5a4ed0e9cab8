"""Names as plots can show them."""

import unicodedata

LONGEST = 24


def plain_text(name: str) -> str:
    r"""A name as matplotlib should show it.

    Dollar signs are no formulas, what cannot be encoded is escaped, and signs that would break a line or turn the
    direction of writing become spaces.

    >>> plain_text("a$b\nc")
    'a\\$b c'
    """
    encoded = name.encode("utf-8", errors="backslashreplace").decode().replace("$", r"\$")
    return "".join(" " if unicodedata.category(sign) in {"Cc", "Cf", "Zl", "Zp"} else sign for sign in encoded)


def shortened(name: str) -> str:
    """A name of at most 24 signs, its end cut off."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 2]}…"
