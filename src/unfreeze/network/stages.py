"""Cuts a timm model into an ordered list of named stages.

Between two stages one tensor flows, so the network may be cut there. A model of a family that has no rule here becomes
one stage and its pooling: it can be cut at the pooled features only.
"""

from collections.abc import Callable

from torch import Tensor, nn

Stages = list[tuple[str, nn.Module]]


class PixelScale(nn.Module):
    """Brings grey levels to the range that a body was pretrained on: (x - mean) / std for each channel.

    Args:
        mean: Subtracted from each channel, in grey levels.
        std: Each channel is divided by it afterwards, in grey levels.
    """

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        import torch

        self.pixel_mean: Tensor
        self.pixel_std: Tensor
        self.register_buffer("pixel_mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("pixel_std", torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, squares: Tensor) -> Tensor:
        """Scales squares of shape (N, 3, S, S), uint8 or float in 0..255."""
        return (squares.float() - self.pixel_mean) / self.pixel_std


class WholeBody(nn.Module):
    """A body that no rule cuts, up to its last feature map or tokens."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, scaled: Tensor) -> Tensor:
        """Features of scaled squares (N, 3, S, S), in the shape that the model's own head takes."""
        features: Tensor = self.model.forward_features(scaled)  # type: ignore[operator]  # timm's convention
        return features


class WholePool(nn.Module):
    """The pooling of a body that no rule cuts. Shares the body, so it registers no parameters of its own."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self._model = [model]  # a list hides the module from registration: its parameters belong to the body

    def forward(self, features: Tensor) -> Tensor:
        """Pooled features (N, D) of what the body put out."""
        pooled: Tensor = self._model[0].forward_head(features, pre_logits=True)  # type: ignore[operator]
        return pooled


def body_stages(model: nn.Module) -> Stages:
    """The stages of a timm model that was built with `num_classes=0`, from its stem to its pooled features.

    Args:
        model: The model.

    Returns:
        Names and modules in the order in which data flows; run one after the other they equal the model.
    """
    rule = CUTS.get(type(model).__name__, _whole)
    return rule(model)


def _efficientnet(model: nn.Module) -> Stages:
    """EfficientNet and its kin: stem, blocks, neck, pool."""
    blocks = [(f"block{index}", block) for index, block in enumerate(_children(model, "blocks"))]
    stem, neck = nn.Sequential(model.conv_stem, model.bn1), nn.Sequential(model.conv_head, model.bn2)  # type: ignore[arg-type]
    return [("stem", stem), *blocks, ("neck", neck), ("pool", _child(model, "global_pool"))]


def _resnet(model: nn.Module) -> Stages:
    """ResNet and its kin: stem, four layers, pool."""
    stem = nn.Sequential(*(_child(model, name) for name in ("conv1", "bn1", "act1", "maxpool")))
    layers = [(f"layer{index}", _child(model, f"layer{index}")) for index in range(1, 5)]
    return [("stem", stem), *layers, ("pool", _child(model, "global_pool"))]


def _whole(model: nn.Module) -> Stages:
    return [("body", WholeBody(model)), ("pool", WholePool(model))]


CUTS: dict[str, Callable[[nn.Module], Stages]] = {"EfficientNet": _efficientnet, "ResNet": _resnet}
"""How a model of a family is cut, by the name of its class in timm."""


def _child(model: nn.Module, name: str) -> nn.Module:
    child = getattr(model, name)
    assert isinstance(child, nn.Module), f"{type(model).__name__}.{name} is not a module"
    return child


def _children(model: nn.Module, name: str) -> list[nn.Module]:
    return list(_child(model, name).children())
