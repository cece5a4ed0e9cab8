"""How the models of timm's families are cut: one rule a family, by the name of its class.

A rule lists a model's parts in the order in which data flows, so that one tensor passes from each to the next. A rule
only says what is expected of a family; `proof.py` shows that it is so for the model at hand.
"""

import copy
from collections.abc import Callable

from torch import Tensor, nn

Stages = list[tuple[str, nn.Module]]


class Misfit(Exception):  # noqa: N818 - says what happened; it is no fault of the user
    """A rule does not fit a model of its family."""


class TokenEmbedding(nn.Module):
    """A vision transformer up to its first block: patches, class token, positions."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = _share(model, "patch_embed", "pos_drop", "patch_drop", "norm_pre", tokens=True)

    def forward(self, scaled: Tensor) -> Tensor:
        """Tokens (N, L, D) of scaled squares (N, 3, S, S)."""
        model = self.model
        tokens: Tensor = model.norm_pre(model.patch_drop(model._pos_embed(model.patch_embed(scaled))))  # type: ignore[operator]
        return tokens


class TokenPool(nn.Module):
    """The pooling of a vision transformer, as its own head does it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = _share(model, "attn_pool", "fc_norm", "head_drop", "head", "head_dist")

    def forward(self, tokens: Tensor) -> Tensor:
        """Pooled features (N, D) of tokens (N, L, D)."""
        pooled: Tensor = self.model.forward_head(tokens, pre_logits=True)  # type: ignore[operator]  # timm's convention
        return pooled


def _efficientnet(model: nn.Module) -> Stages:
    """EfficientNet, MobileNetV1 and V2, MNASNet, FBNet-C, MixNet."""
    stem, neck = _row(model, "conv_stem", "bn1"), _row(model, "conv_head", "bn2")
    return [("stem", stem), *_numbered("block", model, "blocks"), ("neck", neck), ("pool", _part(model, "global_pool"))]


def _mobilenetv3(model: nn.Module) -> Stages:
    """MobileNetV3 and V4, FBNetV3, LCNet: the last convolution follows the pooling, where it costs little."""
    stem, neck = _row(model, "conv_stem", "bn1"), _row(model, "conv_head", "norm_head", "act2", "flatten")
    return [("stem", stem), *_numbered("block", model, "blocks"), ("pool", _part(model, "global_pool")), ("neck", neck)]


def _ghostnet(model: nn.Module) -> Stages:
    """GhostNet: as MobileNetV3, but its dropout is on unless it is switched off."""
    stem, neck = _row(model, "conv_stem", "bn1", "act1"), _row(model, "conv_head", "act2", "flatten")
    neck.append(nn.Dropout(float(model.drop_rate)))  # type: ignore[arg-type]
    return [("stem", stem), *_numbered("block", model, "blocks"), ("pool", _part(model, "global_pool")), ("neck", neck)]


def _resnet(model: nn.Module) -> Stages:
    """ResNet, ResNeXt, Wide ResNet, SE- and ECA-ResNet, with any stem."""
    stem = _row(model, "conv1", "bn1", "act1", "maxpool")
    return [("stem", stem), *_layers(model, "layer"), ("pool", _part(model, "global_pool"))]


def _senet(model: nn.Module) -> Stages:
    """The older SE-ResNets, whose names begin with `legacy`."""
    return [("stem", _row(model, "layer0", "pool0")), *_layers(model, "layer"), ("pool", _part(model, "global_pool"))]


def _regnet(model: nn.Module) -> Stages:
    """RegNet X, Y, Z and V."""
    return [("stem", _part(model, "stem")), *_layers(model, "s"), *_neck(model, "final_conv"), _head(model)]


def _convnext(model: nn.Module) -> Stages:
    """ConvNeXt and V2; most of them normalise after the pooling, in their head."""
    return [
        ("stem", _part(model, "stem")),
        *_numbered("stage", model, "stages"),
        *_neck(model, "norm_pre"),
        _head(model),
    ]


def _resnetv2(model: nn.Module) -> Stages:
    """ResNetV2 and BiT, which normalise before each convolution and so once more at the end."""
    return [("stem", _part(model, "stem")), *_numbered("stage", model, "stages"), *_neck(model, "norm"), _head(model)]


def _byobnet(model: nn.Module) -> Stages:
    """RepVGG, MobileOne, GENet and the ResNets and RegNets that are built like them."""
    stem = ("stem", _part(model, "stem"))
    return [stem, *_numbered("stage", model, "stages"), *_neck(model, "final_conv"), _head(model)]


def _densenet(model: nn.Module) -> Stages:
    """DenseNet: a block adds to its input channel by channel, inside; between blocks one tensor flows."""
    parts = list(_part(model, "features").named_children())
    names = [name for name, _ in parts]
    first, last = names.index("denseblock1"), names.index("norm5")
    stem, neck = nn.Sequential(*(part for _, part in parts[:first])), parts[last][1]
    return [("stem", stem), *parts[first:last], ("neck", neck), ("pool", _row(model, "global_pool", "head_drop"))]


def _vgg(model: nn.Module) -> Stages:
    """VGG: blocks that end in a pooling, then its two hidden layers as convolutions."""
    blocks = [nn.Sequential()]
    for layer in _part(model, "features").children():
        if len(blocks[-1]) and isinstance(blocks[-1][-1], nn.MaxPool2d):
            blocks.append(nn.Sequential())
        blocks[-1].append(layer)
    named: Stages = [(f"block{index}", block) for index, block in enumerate(blocks)]
    return [*named, ("neck", _part(model, "pre_logits")), _head(model)]


def _vit(model: nn.Module) -> Stages:
    """ViT and DeiT, distilled or not."""
    blocks = _numbered("block", model, "blocks")
    return [("stem", TokenEmbedding(model)), *blocks, *_neck(model, "norm"), ("pool", TokenPool(model))]


CUTS: dict[str, Callable[[nn.Module], Stages]] = {
    "ByobNet": _byobnet,
    "ConvNeXt": _convnext,
    "DenseNet": _densenet,
    "EfficientNet": _efficientnet,
    "GhostNet": _ghostnet,
    "MobileNetV3": _mobilenetv3,
    "RegNet": _regnet,
    "ResNet": _resnet,
    "ResNetV2": _resnetv2,
    "SENet": _senet,
    "VGG": _vgg,
    "VisionTransformer": _vit,
    "VisionTransformerDistilled": _vit,
}
"""How a model of a family is cut, by the name of its class in timm."""


def _part(model: nn.Module, name: str) -> nn.Module:
    part = getattr(model, name, None)
    if not isinstance(part, nn.Module):
        raise Misfit(f"it has no {name}")
    return part


def _row(model: nn.Module, *names: str) -> nn.Sequential:
    return nn.Sequential(*(_part(model, name) for name in names))


def _layers(model: nn.Module, name: str) -> Stages:
    return [(f"{name}{number}", _part(model, f"{name}{number}")) for number in range(1, 5)]


def _numbered(stage: str, model: nn.Module, name: str) -> Stages:
    return [(f"{stage}{index}", part) for index, part in enumerate(_part(model, name).children())]


def _neck(model: nn.Module, name: str) -> Stages:
    """What comes between the blocks and the pooling, where a model has it: before nothing there is nothing to cut."""
    neck = _part(model, name)
    return [] if isinstance(neck, nn.Identity) else [("neck", neck)]


def _head(model: nn.Module) -> tuple[str, nn.Module]:
    """A head module without classifier: it pools, and what else it holds belongs to the body."""
    return "pool", _part(model, "head")


def _share(model: nn.Module, *names: str, tokens: bool = False) -> nn.Module:
    """The model with a few of its parts only, so that its own methods run and nothing is registered twice.

    Args:
        model: The model; it stays as it is.
        *names: The parts to keep, where the model has them.
        tokens: Whether to keep the parameters that the model holds itself.

    Returns:
        Another object of its class; parts and parameters are the same objects.
    """
    shared = copy.copy(model)
    shared._modules = {name: part for name, part in model._modules.items() if name in names}
    shared._parameters = dict(model._parameters) if tokens else {}
    shared._buffers = dict(model._buffers) if tokens else {}
    return shared
