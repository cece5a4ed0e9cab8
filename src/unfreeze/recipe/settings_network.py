"""The network that a run begins with, as its settings have it."""

from typing import TYPE_CHECKING

from unfreeze.recipe.settings import TrainSettings

if TYPE_CHECKING:
    from unfreeze.network.network import Network


def settings_network(settings: TrainSettings, *, classes: int) -> "str | Network":
    """The backbone's name, or a network where the weights come from a file.

    Args:
        settings: The run's settings.
        classes: Number of classes.

    Returns:
        What a learner is made with.

    Raises:
        BackboneError: If there is no such backbone, or the file holds no weights for it.
    """
    if settings.weights is None:
        return settings.backbone
    from unfreeze.network.build import build_network

    return build_network(settings.backbone, classes=classes, weights=settings.weights)
