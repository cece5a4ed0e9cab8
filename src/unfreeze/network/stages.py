"""Cuts a timm model into an ordered list of named stages.

Between two stages one tensor flows, so the network may be cut there. A model that no rule in `families.py` fits becomes
one stage and its pooling: it can be cut at the pooled features only, and says why.
"""

from torch import Tensor, nn

from unfreeze.network.families import CUTS, Misfit, Stages
from unfreeze.network.proof import prove


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
    """A body that no rule cuts, up to its last feature map or tokens.

    Args:
        model: The body and its pooling.
        reason: Why it is not cut.
    """

    def __init__(self, model: nn.Module, reason: str) -> None:
        super().__init__()
        self.model = model
        self.reason = reason

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
        model: The model; it is left in eval mode.

    Returns:
        Names and modules in the order in which data flows; run one after the other they equal the model.
    """
    family = type(model).__name__
    if family not in CUTS:
        return _whole(model, f"no rule says how {family} is cut")
    try:
        stages = CUTS[family](model)
        prove(model, stages)
    except Misfit as misfit:
        return _whole(model, f"the rule for {family} does not fit it, {misfit}")
    return stages


def _whole(model: nn.Module, reason: str) -> Stages:
    return [("body", WholeBody(model, reason)), ("pool", WholePool(model))]
