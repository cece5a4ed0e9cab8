"""The stages of a body, run one after the other, are the body; they may be cut between any two."""

from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn

from unfreeze.network.build import build_network
from unfreeze.network.stages import PixelScale, body_stages

CUTTABLE = ["tf_efficientnet_lite0", "resnet18", "resnet50", "mobilenetv2_100"]
WHOLE = ["convnext_atto", "mobilenetv3_small_050", "vgg11_bn", "densenet121", "vit_tiny_patch16_224"]


def random_body(name: str) -> nn.Module:
    torch.manual_seed(0)
    smaller: dict[str, Any] = (
        {"mlp_ratio": 1 / 64} if name.startswith("vgg") else {}
    )  # its hidden layers have 100 million weights
    model: nn.Module = timm.create_model(name, num_classes=0, **smaller)
    return model.eval()


def inputs(name: str, count: int = 2) -> Tensor:
    size_px = 224 if "224" in name else 64
    return torch.randn(count, 3, size_px, size_px, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("name", [*CUTTABLE, *WHOLE])
def test_stages_in_a_row_give_the_outputs_of_the_model(name: str) -> None:
    model = random_body(name)
    scaled = inputs(name)
    with torch.inference_mode():
        expected = model(scaled)
        found = nn.Sequential(*(stage for _, stage in body_stages(model)))(scaled)
    assert expected.std() > 0
    assert torch.equal(found, expected)


@pytest.mark.parametrize("name", [*CUTTABLE, *WHOLE])
def test_stages_in_a_row_give_the_gradients_of_the_model(name: str) -> None:
    model = random_body(name)
    scaled = inputs(name, 1)
    model(scaled).square().sum().backward()
    expected = {id(parameter): parameter.grad for parameter in model.parameters()}
    assert any(gradient is not None and gradient.abs().max() > 0 for gradient in expected.values())
    model.zero_grad(set_to_none=True)
    stages = nn.Sequential(*(stage for _, stage in body_stages(model)))
    stages(scaled).square().sum().backward()
    assert {id(parameter) for parameter in stages.parameters()} == set(expected)
    for parameter in stages.parameters():
        gradient = expected[id(parameter)]
        assert (gradient is None) == (parameter.grad is None)
        assert gradient is None or torch.equal(gradient, parameter.grad)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("tf_efficientnet_lite0", ["stem", *(f"block{index}" for index in range(7)), "neck", "pool"]),
        ("mobilenetv2_100", ["stem", *(f"block{index}" for index in range(7)), "neck", "pool"]),
        ("resnet18", ["stem", "layer1", "layer2", "layer3", "layer4", "pool"]),
        ("convnext_atto", ["body", "pool"]),
    ],
)
def test_stages_are_named_after_the_parts_of_the_model(name: str, stages: list[str]) -> None:
    assert [stage for stage, _ in body_stages(random_body(name))] == stages


@pytest.mark.parametrize("backbone", ["efficientnet_lite0", "resnet18", "convnext_atto", "mobilenetv3_small_050"])
def test_prefix_and_suffix_of_every_cut_make_the_whole(backbone: str) -> None:
    network = build_network(backbone, classes=3, pretrained=False)
    nn.init.normal_(network.classifier.weight)
    squares = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        expected = network(squares)
        assert expected.std() > 0
        for cut in network.stage_names:
            prefix, suffix = network.prefix(cut), network.suffix(cut)
            assert len(prefix) + len(suffix) == len(network.stage_names)
            assert torch.equal(suffix(prefix(squares)), expected), cut


def test_the_pooling_of_an_uncut_body_owns_no_parameters() -> None:
    stages = dict(body_stages(random_body("mobilenetv3_small_050")))
    assert list(stages["pool"].parameters()) == []
    assert list(stages["pool"].state_dict()) == []


def test_pixels_are_scaled_channel_by_channel() -> None:
    scale = PixelScale((127.0, 0.0, 100.0), (128.0, 1.0, 10.0))
    squares = torch.tensor([255, 7, 90], dtype=torch.uint8).view(1, 3, 1, 1)
    assert scale(squares).flatten().tolist() == [1.0, 7.0, -1.0]
    assert torch.equal(scale(squares.float()), scale(squares))
    assert scale(squares).dtype == torch.float32
    assert list(scale.parameters()) == []
