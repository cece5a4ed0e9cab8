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
        "axes.labelsize": 11,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "figure.facecolor": PAPER,
        "font.family": "sans-serif",
        "font.size": 11,
        "grid.color": RULE,
        "grid.linewidth": 0.6,
        "legend.fontsize": 10,
        "legend.borderaxespad": 0.4,
        "legend.frameon": False,
        "legend.handlelength": 1.8,
        "legend.labelspacing": 0.3,
        "savefig.facecolor": PAPER,
        "svg.fonttype": "none",
        "text.color": INK,
        "xtick.color": SOFT,
        "xtick.labelcolor": INK,
        "xtick.labelsize": 10,
        "ytick.color": SOFT,
        "ytick.labelcolor": INK,
        "ytick.labelsize": 10,
    }
)
