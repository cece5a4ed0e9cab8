"""A plot as an SVG element that lies inside a page and takes the page's colours."""

import re
from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from unfreeze.plots.colours import COLOURS, INK, PAPER, RULE, SOFT

PAGE_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        INK: "currentColor",
        SOFT: "var(--soft)",
        RULE: "var(--line)",
        PAPER: "none",
        **{colour: f"var(--plot-{name})" for name, colour in COLOURS.items()},
    }
)
"""What stands in a page for the colours of a plot, so that it can be light or dark."""

_TAG = re.compile(r"<[^>]*>")
_COLOUR = re.compile("|".join(map(re.escape, PAGE_COLOURS)))
_LONG = re.compile(r"(-?\d+\.\d\d)\d+")
_FONT = re.compile(r"(font: [\d.]+px|font-family:) [^;\"]*")
_GROUP = re.compile(r'<g id="[^"]*"')
_LEFT_OUT = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<style .*?</style>", re.DOTALL)


def svg_element(text: str, description: str) -> str:
    """Makes a part of a page of an SVG file that matplotlib wrote.

    Names of groups, which come again in every plot, and digits that no screen shows are left out; what is written in
    the plot stays text, in the page's font.

    Args:
        text: The file.
        description: What the plot shows, for who cannot see it.

    Returns:
        An `<svg>` element.
    """
    inner = _LEFT_OUT.sub("", text[text.index("<svg") :])
    inner = _TAG.sub(_in_page, inner)  # text between tags cannot hold one: its angle brackets are escaped
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', inner)[0]
    opened = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(description)}"'
    return f"{opened}>{inner[inner.index('>') + 1 :]}"


def _in_page(tag: re.Match[str]) -> str:
    """A tag with the page's colours and font, and shorter numbers; a data URI is left as it is."""
    text = _GROUP.sub("<g", tag[0]).replace("xlink:href", "href")
    if text.startswith("<image"):
        return text
    text = _FONT.sub(r"\1 var(--sans)", text)
    return _COLOUR.sub(lambda found: PAGE_COLOURS[found[0]], _LONG.sub(r"\1", text))
