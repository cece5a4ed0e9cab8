"""Fills the templates of pages: whatever comes from outside is text and never markup."""

import base64
import hashlib
import math
import re
from typing import Any

NO_BREAK = "\u00a0"
"""A space at which no line breaks."""

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Signs that are not seen and turn the direction of writing, or that no page may hold."""


def rendered(template: str, **values: Any) -> str:
    """Fills a template of this package.

    Args:
        template: Its file's name.
        **values: What it shows; text is escaped, signs that would turn the direction of writing are named, and a value
            that the template names and that is missing is a mistake.

    Returns:
        HTML.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("unfreeze.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["policy"] = policy()
    environment.filters["percent"] = _percent
    environment.filters["whole_percent"] = _whole_percent
    environment.filters["shade"] = lambda share: f"{max(100 * share, 12 if share else 0):.0f}%"
    return environment.get_template(template).render(**values)


def seen(text: str) -> str:
    r"""Text with the signs in it named that are not seen.

    >>> seen("a\u202eb")
    'a[U+202E]b'
    """
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def template_text(name: str) -> str:
    """The text of a file beside the templates."""
    from importlib.resources import files

    return files("unfreeze.report").joinpath("templates", name).read_text(encoding="utf-8")


def policy(script: str = "") -> str:
    """What a page may do: show the pictures and follow the styles that it holds, run this one script, and nothing else.

    Args:
        script: What stands between `<script>` and its end, to the letter.

    Returns:
        A content security policy.
    """
    found = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    if not script:
        return found
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"{found}; script-src 'sha256-{digest}'"


def _percent(share: float | None) -> str:
    """A share in per cent; a dash for one that is not defined.

    >>> [_percent(share).replace(NO_BREAK, " ") for share in (0.995, float("nan"), None)]
    ['99.5 %', '–', '–']
    """
    return "–" if share is None or math.isnan(share) else f"{100 * share:.1f}{NO_BREAK}%"


def _whole_percent(share: float) -> str:
    """Percent without digits; what is not quite nothing or all is not said to be.

    >>> [_whole_percent(share).replace(NO_BREAK, " ") for share in (0.4, 0.001, 0.999)]
    ['40 %', '<1 %', '>99 %']
    """
    if 0 < share < 0.005:
        return f"<1{NO_BREAK}%"
    return f">99{NO_BREAK}%" if 0.995 <= share < 1 else f"{100 * share:.0f}{NO_BREAK}%"


def _seen(value: Any) -> Any:
    """Text with what is not seen in it named; safe markup and other values as they are."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return seen(value)
