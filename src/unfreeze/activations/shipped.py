"""Where the graphs without weights lie that come with the program, and what sizes they hold for."""

from importlib.resources import files
from importlib.resources.abc import Traversable

SHIPPED_STRIDE = 32
"""A shipped graph holds for every size that this divides: padding that depends on the size is the same for them."""


def shipped(name: str) -> Traversable:
    """A file beside the shipped graphs, whether or not there is one of that name."""
    return files("unfreeze.activations") / "graphs" / name
