"""The packaged weights in timm's models compute what the weights' own published models compute, to the bit."""

import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn

from unfreeze.network.backbones import PACKAGED, preprocessing
from unfreeze.network.build import packaged_classifier


def published_model(backbone: str, size_px: int) -> nn.Module:
    """The publisher's model; it fixes its padding when it is built, for squares of one size."""
    model = EfficientNet.from_name(backbone.replace("_", "-"), image_size=size_px)
    model.load_state_dict(torch.load(PACKAGED[backbone].path(), weights_only=True))
    return model.eval()  # type: ignore[no-any-return]  # the package ships no types


def scaled_noise(size_px: int) -> Tensor:
    squares = torch.randint(0, 256, (2, 3, size_px, size_px), generator=torch.Generator().manual_seed(1))
    return (squares.float() - 127) / 128


@pytest.mark.parametrize("backbone", sorted(PACKAGED))
@pytest.mark.parametrize("size_px", [224, 240, 260])
def test_packaged_weights_give_the_published_logits(backbone: str, size_px: int) -> None:
    squares = scaled_noise(size_px)
    with torch.inference_mode():
        ours = packaged_classifier(backbone)(squares)
        theirs = published_model(backbone, size_px)(squares)
    assert ours.shape == (2, 1000)
    assert ours.std() > 0.1
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("backbone", "size_px"), [("efficientnet_lite0", 224), ("efficientnet_lite1", 240), ("efficientnet_lite2", 260)]
)
def test_preprocessing_is_that_of_the_published_model(backbone: str, size_px: int) -> None:
    expected = preprocessing(backbone)
    assert (expected.mean, expected.std) == ((127.0,) * 3, (128.0,) * 3)
    assert expected.size_px == size_px == EfficientNet.get_image_size(backbone.replace("_", "-"))
