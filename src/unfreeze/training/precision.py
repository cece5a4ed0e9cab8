"""The type of the numbers that a network computes with while it is trained: one path for all, tested on CPUs alone."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor

from unfreeze.errors import SettingsError
from unfreeze.training.options import NEEDS_GPU, PrecisionName


class Precision:
    """Lets a network compute with shorter numbers; weights, losses and the optimizer stay float32.

    Small gradients would be 0 in float16, so losses are scaled there, and steps whose gradients overflow are left out
    (Micikevicius et al. 2018, arXiv 1710.03740). On a GPU none of this was ever tested.

    Args:
        name: "auto" is bfloat16 on a GPU that has it, float16 on another one, and float32 on a CPU.
        device: Where the network is.

    Raises:
        SettingsError: If float16 is asked for on a CPU.
    """

    def __init__(self, name: PrecisionName, device: torch.device) -> None:
        self._device = device.type
        self._type = _number_type(name, device)
        scales = self._type is torch.float16
        self._scaler = torch.amp.GradScaler(self._device, enabled=scales) if scales else None

    def computing(self) -> AbstractContextManager[None]:
        """What the network's forward pass runs in."""
        if self._type is None:
            return nullcontext()
        # no cache: it would keep weights that were cast where no gradient was wanted, as when pairs to fold are found
        return torch.autocast(self._device, self._type, cache_enabled=False)

    def scaled(self, loss: Tensor) -> Tensor:
        """The loss that gradients are taken of."""
        return self._scaler.scale(loss) if self._scaler else loss

    @contextmanager
    def true_gradients(self, optimizer: torch.optim.Optimizer) -> Iterator[None]:
        """Undoes the scale of the gradients inside, and takes the optimizer's step at the end.

        Args:
            optimizer: What steps; where the scale was too high, it does not.

        Yields:
            Nothing.
        """
        if self._scaler:
            self._scaler.unscale_(optimizer)
        yield
        if self._scaler:
            self._scaler.step(optimizer)
            self._scaler.update()
        else:
            optimizer.step()


def _number_type(name: PrecisionName, device: torch.device) -> torch.dtype | None:
    """What is computed with; None for float32."""
    if name == "float16" and device.type == "cpu":
        raise SettingsError(NEEDS_GPU, subject="precision")
    if name == "auto":
        if device.type != "cuda":
            return None
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]
