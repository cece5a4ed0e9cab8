"""Builds a network: a named backbone with its weights, cut into stages, with a new head."""

from pathlib import Path

import torch
from torch import nn

from unfreeze.errors import BackboneError
from unfreeze.network.backbones import DEFAULT_BACKBONE, PACKAGED, Preprocessing, preprocessing, timm_name
from unfreeze.network.network import Network
from unfreeze.network.packaged import read_packaged
from unfreeze.network.stages import PixelScale, body_stages
from unfreeze.network.weights import load_by_name, load_in_order, read_weights


def build_network(
    backbone: str = DEFAULT_BACKBONE, *, classes: int, weights: Path | None = None, pretrained: bool = True
) -> Network:
    """Builds a network with a new head on a pretrained body.

    Args:
        backbone: `efficientnet_lite0`, `_lite1` or `_lite2`, whose weights install with pip, or a name of timm's,
            whose weights are downloaded from its hub unless a file is given.
        classes: Number of classes.
        weights: A safetensors or state-dict file to use instead.
        pretrained: False leaves the body at its random start, for tests of shapes.

    Returns:
        The network, frozen up to its head, in eval mode, with its head at zero.

    Raises:
        BackboneError: If there is no such backbone, or its weights cannot be had or do not fit.
    """
    expected = preprocessing(backbone)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = _model(backbone, weights, pretrained)
        stages = [("pixels", _pixels(expected)), *body_stages(model)]
        features = int(model.num_features)  # type: ignore[arg-type]  # timm's convention
        hidden = int(getattr(model, "head_hidden_size", features) or features)
        return Network(backbone=backbone, stages=stages, features=hidden, classes=classes).eval()


def check_size(network: Network, size_px: int) -> None:
    """Makes sure that a network takes squares of a size, because some bodies take one size only.

    Args:
        network: The network.
        size_px: Side of the squares in pixels.

    Raises:
        BackboneError: If it does not.
    """
    try:
        with torch.no_grad():
            network(torch.zeros(1, 3, size_px, size_px, dtype=torch.uint8))
    except (AssertionError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = f"{network.backbone} does not take squares of {size_px} pixels ({reason}); choose another --size"
        raise BackboneError(message, subject=network.backbone) from error


def packaged_classifier(backbone: str) -> nn.Module:
    """A packaged backbone with its own 1,000-class head, to check it against its publisher's model.

    Args:
        backbone: One of the packaged names.

    Returns:
        The timm model in eval mode; it takes scaled squares, not grey levels.
    """
    model = _create(PACKAGED[backbone].timm_name)
    tensors = {name: torch.from_numpy(array) for name, array in read_packaged(PACKAGED[backbone]).items()}
    load_in_order(model, tensors, source=PACKAGED[backbone].file)
    return model.eval()


def _pixels(expected: Preprocessing) -> nn.Module:
    return PixelScale(expected.mean, expected.std)


def _model(backbone: str, weights: Path | None, pretrained: bool) -> nn.Module:
    """The body without classifier, with the weights that were asked for."""
    name = timm_name(backbone)
    if weights is not None:
        model = _create(name, num_classes=0)
        load_by_name(model, read_weights(weights), source=str(weights))
        return model
    if not pretrained:
        return _create(name, num_classes=0)
    if backbone in PACKAGED:
        model = packaged_classifier(backbone)
        model.reset_classifier(0)  # type: ignore[operator]  # timm's convention
        return model
    return _download(backbone, name)


def _create(name: str, *, pretrained: bool = False, **options: int) -> nn.Module:
    import timm

    model: nn.Module = timm.create_model(name, pretrained=pretrained, **options)  # type: ignore[arg-type]  # its options
    return model


def _download(backbone: str, name: str) -> nn.Module:
    """Fetches a model with weights from timm's hub; the only place that uses the network."""
    try:
        return _create(name, pretrained=True, num_classes=0)
    except Exception as error:  # The hub's client raises its own, requests' and the system's errors.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        packaged = ", ".join(PACKAGED)
        message = (
            f"weights of {backbone} could not be downloaded ({reason}); give a file with --weights, "
            f"or use a backbone whose weights are installed: {packaged}"
        )
        raise BackboneError(message, subject=backbone) from error
