"""Where torch runs, found without loading torch where that is possible."""

import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def accelerated() -> bool:
    """Whether torch has a faster device than the CPU; torch is asked only where the machine looks like it."""
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    nvidia = Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is not None
    return (apple or nvidia) and best_device().type != "cpu"


def best_device() -> "torch.device":
    """The device that torch runs fastest on: CUDA, then Apple's MPS, then the CPU. Untested on CUDA and MPS."""
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
