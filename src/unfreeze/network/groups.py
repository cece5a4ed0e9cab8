"""Names of a network's parts that are known before any network is built."""

GROUP_NAMES = ("early", "late", "head")
"""The layer groups, from input to output."""

POOLED = "head"
"""The cut behind the pooled features: only the head lies after it."""
