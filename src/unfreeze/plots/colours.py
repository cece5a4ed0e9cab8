"""The colours of layer groups and losses, the same in every plot."""

from collections.abc import Mapping
from types import MappingProxyType

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "early": "#7a5195",
        "late": "#ef8636",
        "head": "#1f77b4",
        "train": "#8a8f98",
        "valid": "#1f77b4",
        "momentum": "#5f6670",
        "kept": "#c1121f",
    }
)
