"""Names of a network's parts that are known before any network is built."""

GROUP_NAMES = ("early", "late", "head")
"""The layer groups, from input to output."""

DROPOUT = 0.2
"""Part of the features that a head drops in training unless said otherwise."""

HEAD_STAGE = "stages.head."
HEAD_NAMES = (f"{HEAD_STAGE}1.weight", f"{HEAD_STAGE}1.bias")
"""The head's weight and bias, by the names that they have in a network."""

POOLED = "head"
"""The cut behind the pooled features: only the head lies after it."""
