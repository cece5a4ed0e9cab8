"""Names of a network's parts that are known before any network is built."""

GROUP_NAMES = ("early", "late", "head")
"""The layer groups, from input to output."""

DROPOUT = 0.2
"""Part of the features that a head drops in training unless said otherwise."""

POOLED = "head"
"""The cut behind the pooled features: only the head lies after it."""
