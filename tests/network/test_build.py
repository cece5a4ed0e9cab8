"""A backbone's name and class count to a network."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from unfreeze.errors import BackboneError
from unfreeze.network import build
from unfreeze.network.backbones import PACKAGED
from unfreeze.network.build import build_network, check_size, packaged_classifier


def noise(size_px: int) -> torch.Tensor:
    return torch.randint(
        0, 256, (2, 3, size_px, size_px), dtype=torch.uint8, generator=torch.Generator().manual_seed(2)
    )


def test_the_default_network_carries_the_packaged_weights_and_a_head_at_zero() -> None:
    network = build_network(classes=5)
    published = packaged_classifier("efficientnet_lite0")
    squares = noise(64)
    with torch.inference_mode():
        assert torch.equal(network(squares), torch.zeros(2, 5))
        features = network.prefix("head")(squares)
        expected = published.forward_head(  # type: ignore[operator]  # timm's convention
            published.forward_features((squares.float() - 127) / 128),  # type: ignore[operator]
            pre_logits=True,
        )
    assert torch.equal(features, expected)
    assert features.std() > 0.1
    assert (network.backbone, network.features, network.training) == ("efficientnet_lite0", 1280, False)


def test_weights_from_a_file_take_the_place_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(7)
    model = timm.create_model("resnet18", num_classes=0).eval()
    save_file(model.state_dict(), tmp_path / "resnet18.safetensors")
    monkeypatch.setattr(build, "_download", lambda *_: pytest.fail("the hub was asked"))
    network = build_network("resnet18", classes=3, weights=tmp_path / "resnet18.safetensors")
    assert network.state_dict()["stages.layer1.0.conv1.weight"].equal(model.state_dict()["layer1.0.conv1.weight"])


def test_weights_of_another_backbone_are_refused_by_file(tmp_path: Path) -> None:
    save_file(timm.create_model("resnet18", num_classes=0).state_dict(), tmp_path / "other.safetensors")
    with pytest.raises(BackboneError, match=r"other\.safetensors: does not fit the backbone: .* missing \['conv_stem"):
        build_network(classes=3, weights=tmp_path / "other.safetensors")


def test_damaged_packaged_weights_stop_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    damaged = tmp_path / "damaged.pth"
    damaged.write_bytes(PACKAGED["efficientnet_lite0"].path().read_bytes()[:-1])
    monkeypatch.setitem(PACKAGED, "efficientnet_lite0", replace(PACKAGED["efficientnet_lite0"], file=str(damaged)))
    with pytest.raises(BackboneError, match=r"damaged\.pth: SHA-256 is") as caught:
        build_network(classes=2)
    assert caught.value.subject == str(damaged)


@pytest.mark.parametrize("error", [OSError("no route to host\nmore"), RuntimeError()], ids=["with-text", "without"])
def test_a_failed_download_says_what_can_be_done(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(name: str, **options: object) -> None:
        assert (name, options["pretrained"]) == ("resnet18", True)
        raise error

    monkeypatch.setattr(timm, "create_model", fail)
    reason = str(error).split("\n")[0] or "RuntimeError"
    message = rf"weights of resnet18 could not be downloaded \({reason}\); give a file with --weights, or use .*lite0"
    with pytest.raises(BackboneError, match=message) as caught:
        build_network("resnet18", classes=2)
    assert caught.value.subject == "resnet18"
    assert caught.value.__cause__ is error


def test_an_unknown_backbone_is_refused_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: pytest.fail("a model was built"))
    with pytest.raises(BackboneError, match=r"did you mean .*resnet18"):
        build_network("resnet1B", classes=2)


def test_a_random_start_is_the_same_each_time_and_leaves_the_random_state_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    first = build_network("mobilenetv3_small_050", classes=2, pretrained=False)
    assert torch.equal(torch.rand(3), expected)
    second = build_network("mobilenetv3_small_050", classes=2, pretrained=False)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_a_hidden_layer_before_the_classifier_belongs_to_the_body() -> None:
    network = build_network("mobilenetv3_small_050", classes=4, pretrained=False)
    assert network.features == 1024
    with torch.inference_mode():
        assert network(noise(64)).shape == (2, 4)


def test_a_size_that_a_body_does_not_take_is_named() -> None:
    network = build_network("vit_tiny_patch16_224", classes=2, pretrained=False)
    check_size(network, 224)
    with pytest.raises(BackboneError, match=r"does not take squares of 96 pixels .*choose another --size"):
        check_size(network, 96)
