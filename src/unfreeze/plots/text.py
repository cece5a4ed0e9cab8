"""Names as plots can show them."""

import math
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


def power_of_ten(value: float) -> str:
    """A power of ten as the tick of an axis, without matplotlib's formulas, which take longer than all else.

    >>> power_of_ten(0.001), power_of_ten(10)
    ('10⁻³', '10¹')
    """
    return "10" + str(round(math.log10(value))).translate(_RAISED)


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
