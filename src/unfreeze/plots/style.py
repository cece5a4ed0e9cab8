"""How plots look in files and pages; in a notebook they look as the notebook's own settings say."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from unfreeze.plots.colours import INK, PAPER, RULE, SOFT

STYLE: Mapping[str, Any] = MappingProxyType(
    {
        "axes.axisbelow": True,
        "axes.edgecolor": SOFT,
        "axes.facecolor": "none",
        "axes.grid": True,
        "axes.labelcolor": INK,
        "axes.labelsize": 10,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "figure.facecolor": PAPER,
        "font.family": "sans-serif",
        "font.size": 10,
        "grid.color": RULE,
        "grid.linewidth": 0.6,
        "legend.fontsize": 9,
        "legend.frameon": False,
        "savefig.facecolor": PAPER,
        "svg.fonttype": "none",
        "text.color": INK,
        "xtick.color": SOFT,
        "xtick.labelcolor": INK,
        "xtick.labelsize": 9,
        "ytick.color": SOFT,
        "ytick.labelcolor": INK,
        "ytick.labelsize": 9,
    }
)
