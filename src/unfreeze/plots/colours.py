"""The colours of layer groups, losses and marks, the same in every plot.

Blue, orange and purple are told apart by those who confuse red and green; each has a contrast of at least 3 to white,
and no plot tells two curves apart by colour alone.
"""

from collections.abc import Mapping
from types import MappingProxyType

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "early": "#7a5195",
        "late": "#d95f02",
        "head": "#1f6fb0",
        "train": "#737b86",
        "valid": "#1f6fb1",
        "momentum": "#5f6670",
        "kept": "#c1121f",
    }
)

LINES: Mapping[str, str] = MappingProxyType({"early": ":", "late": "--", "head": "-"})
"""How the curve of each layer group is drawn."""

INK, SOFT, RULE, PAPER = "#1b1f24", "#5b6570", "#d7dce1", "#fffffe"
"""Text, axes, grid and background."""
