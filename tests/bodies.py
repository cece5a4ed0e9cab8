"""Small bodies of every family whose weights leave nothing trivial, and the stages that each should have."""

from typing import Any

import timm
import torch
from torch import Tensor, nn

from unfreeze.network.network import Network
from unfreeze.network.stages import PixelScale, body_stages

SIDE_PX = 64


def numbered(name: str, first: int, count: int) -> list[str]:
    return [f"{name}{number}" for number in range(first, first + count)]


MOBILE = ["stem", *numbered("block", 0, 7), "neck", "pool"]
RESNET = ["stem", *numbered("layer", 1, 4), "pool"]
STAGED = ["stem", *numbered("stage", 0, 4), "pool"]
STAGED_WITH_NECK = [*STAGED[:-1], "neck", "pool"]
REGNET = ["stem", *numbered("s", 1, 4), "pool"]
DENSE = [f"{part}{number}" for number in (1, 2, 3) for part in ("denseblock", "transition")]
DENSENET = ["stem", *DENSE, "denseblock4", "neck", "pool"]
VGG = [*numbered("block", 0, 5), "neck", "pool"]


def vit(blocks: int, *, neck: bool = True) -> list[str]:
    return ["stem", *numbered("block", 0, blocks), *(["neck"] if neck else []), "pool"]


def pooled_first(blocks: int) -> list[str]:
    return ["stem", *numbered("block", 0, blocks), "pool", "neck"]


STAGES = {
    "tf_efficientnet_lite0": MOBILE,
    "efficientnet_b0": MOBILE,
    "test_efficientnet": ["stem", *numbered("block", 0, 5), "neck", "pool"],
    "mobilenetv1_100": ["stem", *numbered("block", 0, 5), "neck", "pool"],
    "mobilenetv2_050": MOBILE,
    "mnasnet_050": MOBILE,
    "semnasnet_050": MOBILE,
    "fbnetc_100": MOBILE,
    "mobilenetv3_small_050": pooled_first(6),
    "tf_mobilenetv3_small_minimal_100": pooled_first(6),
    "mobilenetv4_conv_small_035": pooled_first(5),
    "lcnet_035": pooled_first(6),
    "ghostnet_050": pooled_first(10),
    "resnet18": RESNET,
    "resnet10t": RESNET,
    "resnetblur18": RESNET,
    "seresnet18": RESNET,
    "ecaresnext26t_32x4d": RESNET,
    "wide_resnet50_2": RESNET,
    "legacy_seresnet18": RESNET,
    "resnetv2_18": STAGED_WITH_NECK,
    "repvgg_a0": STAGED,
    "mobileone_s0": STAGED,
    "convnext_atto": STAGED,
    "convnextv2_atto": STAGED,
    "test_convnext2": STAGED,
    "convnext_tiny_hnf": STAGED_WITH_NECK,
    "regnetx_002": REGNET,
    "regnety_002": REGNET,
    "regnetz_005": [*REGNET[:-1], "neck", "pool"],
    "densenet121": DENSENET,
    "densenetblur121d": DENSENET,
    "vgg11": VGG,
    "vgg11_bn": VGG,
    "vit_tiny_patch16_224": vit(12),
    "vit_base_patch16_clip_224": vit(3),
    "vit_base_patch16_siglip_224": vit(3),
    "vit_base_patch16_reg4_gap_256": vit(3, neck=False),
    "vit_base_patch14_reg4_dinov2": vit(3),
    "deit_tiny_distilled_patch16_224": vit(12),
    "deit3_small_patch16_224": vit(12),
}
"""Every family with its variants, and the stages that a rule should make of it."""

UNCUT = {"rexnet_100": "RexNet", "gmixer_12_224": "MlpMixer", "eva02_tiny_patch14_224": "Eva"}
"""Bodies of families without a rule, and the names of their classes in timm."""


def random_body(name: str) -> nn.Module:
    """A body whose norms, scales and tokens are all at work, so that one that is left out shows."""
    torch.manual_seed(0)
    model: nn.Module = timm.create_model(name, num_classes=0, **smaller(name))
    with torch.no_grad():
        for key, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if key.endswith("token") or (tensor.ndim == 1 and key.endswith("bias")):
                tensor.normal_(std=0.2)
            elif key.endswith("running_mean"):
                tensor.normal_(std=0.1)
            elif tensor.ndim == 1 and tensor.is_floating_point():  # norms' scales, variances, scales of layers
                tensor.uniform_(0.5, 1.5)
    return model.eval()


def smaller(name: str) -> dict[str, Any]:
    """Options that make a body small: transformers for small squares, fewer and narrower layers in the largest."""
    if name.startswith("vgg"):
        return {"mlp_ratio": 1 / 64}  # its hidden layers have 100 million weights
    if name == "wide_resnet50_2":
        return {"layers": (1, 1, 1, 1)}
    if name == "convnext_tiny_hnf":
        return {"depths": (1, 1, 2, 1), "dims": (32, 64, 96, 128)}
    fixed = any(part in name for part in ("vit_", "deit", "eva", "mixer"))
    narrow = {"depth": 3, "embed_dim": 96, "num_heads": 3} if name.startswith("vit_base") else {}
    return {"img_size": side_px(name), **narrow} if fixed else {}


def side_px(name: str) -> int:
    return SIDE_PX // 14 * 14 if "patch14" in name else SIDE_PX


def squares(name: str, count: int = 2) -> Tensor:
    """Grey levels as floats, so that they have gradients."""
    generator = torch.Generator().manual_seed(4)
    return torch.randint(0, 256, (count, 3, side_px(name), side_px(name)), generator=generator).float()


def random_network(name: str, model: nn.Module) -> Network:
    """A network on a body, all of it trainable, whose head is not at zero."""
    features = int(model.head_hidden_size)  # type: ignore[arg-type]
    stages = [("pixels", PixelScale((120.0,) * 3, (60.0,) * 3)), *body_stages(model)]
    network = Network(backbone=name, stages=stages, features=features, classes=3).eval()
    nn.init.normal_(network.classifier.weight)
    network.freeze_to(0)
    return network
