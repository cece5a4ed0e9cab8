"""Activation maps as pictures that lie inside the page."""

from unfreeze.evaluation.activation_maps import ActivationMaps
from unfreeze.evaluation.explanations import shares, spread
from unfreeze.plots.heat import overlay
from unfreeze.report.pictures import data_uri


def overlay_uris(found: ActivationMaps, *, whole: float | None = None) -> list[str]:
    """Each picture's evidence over the square that the network saw: orange for its class, blue against it.

    Args:
        found: The maps.
        whole: The evidence, in logits, that is drawn strongest; each picture's own largest unless said otherwise.

    Returns:
        Data URIs in the order of the pictures.
    """
    drawn = shares(spread(found.evidence, found.squares.shape[-1]), whole=whole)
    return [data_uri(overlay(square, share)) for square, share in zip(found.squares, drawn, strict=True)]
